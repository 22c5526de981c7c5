//! What scripts learn from exit codes, and people from errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use support::{error, run, sabactl, serve};

#[test]
fn unknown_commands_are_told_apart() {
    let groups = [
        "assets",
        "crypts",
        "dhcp",
        "ignitions",
        "images",
        "ipam",
        "kernel-params",
        "machines",
    ];
    for group in groups {
        let (code, _, errors) = run(&mut sabactl(&[group, "invalid"]));
        assert_eq!(code, 2, "{group}");
        assert!(errors.starts_with("Error: unknown command \"invalid\""), "{errors}");
        let (code, help, errors) = run(&mut sabactl(&[group]));
        assert_eq!((code, errors.as_str()), (0, ""), "{group}");
        assert!(help.contains("Usage: sabactl"), "{help}");
    }
    assert_eq!(run(&mut sabactl(&["invalid"])).0, 2);
    assert_eq!(run(&mut sabactl(&[])).0, 0);
    assert_eq!(run(&mut sabactl(&["--help"])).0, 0);
}

#[test]
fn help_explains_states_and_sources() {
    assert!(
        run(&mut sabactl(&["machines", "set-state", "--help"]))
            .1
            .contains("unreachable    The machine does not")
    );
    assert!(
        run(&mut sabactl(&["ignitions", "set", "--help"]))
            .1
            .contains("    networkd:\n      - 10-eth0.network")
    );
    assert!(
        run(&mut sabactl(&["completion", "--help"]))
            .1
            .contains(". <(sabactl completion)")
    );
}

#[test]
fn wrong_usage_is_a_failure() {
    let wrong: [&[&str]; 16] = [
        &["machines", "remove"],
        &["machines", "remove", "a", "b"],
        &["machines", "get", "--bogus"],
        &["machines", "get", "-o", "yaml"],
        &["machines", "set-state", "a"],
        &["machines", "set-retire-date", "a", "2030-1-2"],
        &["machines", "create"],
        &["machines", "create", "-f", "/nowhere"],
        &["ipam", "set"],
        &["dhcp", "set", "-f", "/nowhere"],
        &["assets", "upload", "--meta", "bad", "a", "b"],
        &["logs", "2020-01-01"],
        &["logs", "1", "2", "3"],
        &["crypts", "delete", "a"],
        &["images", "upload", "1", "/nowhere", "/nowhere"],
        &["ipam", "get", "--server", "localhost"],
    ];
    for arguments in wrong {
        let (code, out, errors) = run(&mut sabactl(arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(errors.starts_with("Error: "), "{arguments:?}: {errors}");
    }
}

#[test]
fn the_servers_status_decides() {
    for (status, code) in [(400, 4), (403, 4), (404, 14), (409, 19), (413, 4), (500, 5), (503, 5)] {
        let server = serve(vec![(
            "GET /api/v1/config/ipam",
            status,
            error(status, "words of the server"),
        )]);
        let (found, out, errors) = run(&mut server.sabactl(&["ipam", "get"]));
        assert_eq!((found, out.as_str()), (code, ""), "{status}");
        assert!(errors.contains(": words of the server\n"), "{errors}");
        assert!(errors.contains("Request id: id-1"), "{errors}");
    }
}

#[test]
fn nobody_listens() {
    let (code, _, errors) = run(&mut sabactl(&["ipam", "get", "--server", "http://127.0.0.1:1"]));
    assert_eq!(code, 1);
    assert!(
        errors.contains("Connection refused") && errors.contains("Hint: is sabakan running there?"),
        "{errors}"
    );
}

#[test]
fn errors_say_what_to_do_next() {
    let cases = [
        (403, "forbidden", "-allow-ips"),
        (503, "etcd is away", "/health"),
        (
            500,
            "transition from [ healthy ] to [ retired ] is forbidden: Internal Server Error",
            "get-state",
        ),
        (400, "encryption key exists", "crypts delete --force"),
    ];
    for (status, text, hint) in cases {
        let server = serve(vec![("PUT /api/v1/state/a", status, error(status, text))]);
        let (_, _, errors) = run(&mut server.sabactl(&["machines", "set-state", "a", "retired"]));
        assert!(errors.contains("Hint: ") && errors.contains(hint), "{text}: {errors}");
    }
}

#[test]
fn settings_come_from_the_environment_too() {
    let server = serve(vec![("GET /api/v1/state/a", 200, "healthy".into())]);
    let mut command = sabactl(&["machines", "get-state", "a"]);
    command.env("SABAKAN_SERVER", &server.url).env("SABAKAN_USER", "bob");
    assert_eq!(run(&mut command), (0, "healthy\n".into(), String::new()));
    assert_eq!(server.seen()[0].user, "bob");
}

#[test]
fn flags_may_stand_anywhere_with_one_dash_or_two_and_the_last_counts() {
    let server = serve(vec![("GET /api/v1/kernel_params/other", 200, "a=b".into())]);
    let url = server.url.as_str();
    let ways: [&[&str]; 4] = [
        &["kernel-params", "--os", "other", "get", "--server", url],
        &["kernel-params", "get", "-os", "other", "-server", url],
        &[
            "-server=http://127.0.0.1:1",
            "--server",
            url,
            "kernel-params",
            "get",
            "--os=other",
            "-insecure=true",
        ],
        &[
            "kernel-params",
            "get",
            "ignored",
            "--os=x",
            "--os=other",
            "--server",
            url,
            "--insecure",
        ],
    ];
    for arguments in ways {
        assert_eq!(
            run(&mut sabactl(arguments)),
            (0, "a=b\n".into(), String::new()),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let line = format!("{{\"detail\":\"{}\"}}\n", "x".repeat(1000));
    let server = serve(vec![("GET /api/v1/logs", 200, line.repeat(2000))]);
    let program = assert_cmd::cargo::cargo_bin!("sabactl").display().to_string();
    let script = format!(
        "set -o pipefail; {program} --server {} logs --json | head -n1 >/dev/null",
        server.url
    );
    let status = std::process::Command::new("bash")
        .args(["-c", &script])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}
