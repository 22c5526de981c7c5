//! What commands send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use support::{Answers, run, serve};

/// Runs a command and returns the one request that changes something: its line and body.
fn sent(answers: Answers, arguments: &[&str]) -> (String, String) {
    let server = serve(answers);
    let (code, _, errors) = run(&mut server.sabactl(arguments));
    assert_eq!(code, 0, "{arguments:?}: {errors}");
    let last = server.seen().pop().expect("a request");
    assert_eq!(last.user, "alice");
    (last.line, String::from_utf8_lossy(&last.body).into_owned())
}

#[test]
fn commands_without_a_file() {
    let cases: [(&[&str], &str, &str); 9] = [
        (
            &["machines", "set-state", "a", "HEALTHY"],
            "PUT /api/v1/state/a",
            "healthy",
        ),
        (
            &["machines", "set-label", "a", "n", "-v"],
            "PUT /api/v1/labels/a/n",
            "-v",
        ),
        (&["machines", "remove-label", "a", "n"], "DELETE /api/v1/labels/a/n", ""),
        (
            &["machines", "set-retire-date", "a", "2030-01-02"],
            "PUT /api/v1/retire-date/a",
            "2030-01-02T00:00:00Z",
        ),
        (&["machines", "remove", "a"], "DELETE /api/v1/machines/a", ""),
        (&["images", "--os", "x", "delete", "1"], "DELETE /api/v1/images/x/1", ""),
        (&["assets", "delete", "a"], "DELETE /api/v1/assets/a", ""),
        (&["crypts", "delete", "--force", "a"], "DELETE /api/v1/crypts/a", ""),
        (
            &["kernel-params", "set", "a=b c"],
            "PUT /api/v1/kernel_params/coreos",
            "a=b c",
        ),
    ];
    for (arguments, line, body) in cases {
        assert_eq!(
            sent(vec![(line, 200, String::new())], arguments),
            (line.into(), body.into())
        );
    }
}

#[test]
fn searches_become_queries() {
    let line = "GET /api/v1/machines?serial=a%2Cb&labels=x%3Dy&without-state=retired";
    let arguments = [
        "machines",
        "get",
        "--serial",
        "a,b",
        "--labels",
        "x=y",
        "--rack",
        "",
        "--without-state=retired",
    ];
    assert_eq!(sent(vec![(line, 200, "[]".into())], &arguments).0, line);
}

#[test]
fn days_of_the_log() {
    let cases: [(&[&str], &str); 3] = [
        (&["logs"], "GET /api/v1/logs"),
        (&["logs", "20261231"], "GET /api/v1/logs?since=20261231&until=20270101"),
        (
            &["log", "20260101", "20260105"],
            "GET /api/v1/logs?since=20260101&until=20260105",
        ),
    ];
    for (arguments, line) in cases {
        assert_eq!(sent(vec![(line, 200, String::new())], arguments).0, line);
    }
}

#[test]
fn machines_from_a_file_or_standard_input() {
    let answers = || vec![("POST /api/v1/machines", 201, String::new())];
    let specs = r#"[{"serial":"a","Rack":1,"role":"cs","bmc":{"type":"x","note":"mine"}}]"#;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("machines.json");
    std::fs::write(&file, specs).unwrap();
    let want = r#"[{"serial":"a","labels":null,"rack":1,"index-in-rack":0,"role":"cs","ipv4":null,"ipv6":null,"register-date":"0001-01-01T00:00:00Z","retire-date":"0001-01-01T00:00:00Z","bmc":{"ipv4":"","ipv6":"","type":"x"}}]"#;
    let (_, body) = sent(answers(), &["machines", "create", "-f", file.to_str().unwrap()]);
    assert_eq!(body.trim_end(), want);
    let server = serve(answers());
    let (code, _, errors) = run(server.sabactl(&["machines", "create", "-f", "-"]).write_stdin(specs));
    assert_eq!(
        (code, errors.as_str()),
        (0, "Warning: -: [0].bmc.note: unknown field, not sent\n")
    );
    assert_eq!(
        String::from_utf8(server.seen()[0].body.clone()).unwrap().trim_end(),
        want
    );
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named_with_the_place() {
    let server = serve(vec![]);
    let (code, _, errors) = run(server
        .sabactl(&["machines", "create", "-f", "-"])
        .write_stdin(r#"[{"rack":"one"}]"#));
    assert_eq!(code, 1);
    assert!(
        errors.starts_with("Error: -: [0].rack: invalid type: string \"one\""),
        "{errors}"
    );
    assert!(server.seen().is_empty());
}

#[test]
fn uploads() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    std::fs::write(&file, "bar").unwrap();
    let path = file.to_str().unwrap();
    let answer = r#"{"status":201,"id":"3"}"#;
    let server = serve(vec![("PUT /api/v1/assets/foo", 201, answer.into())]);
    let (code, out, errors) = run(&mut server.sabactl(&["assets", "upload", "--meta", "version=1,k=v", "foo", path]));
    assert_eq!(
        (code, out.as_str(), errors.as_str()),
        (0, "{\n  \"status\": 201,\n  \"id\": \"3\"\n}\n", "")
    );
    assert_eq!(server.seen()[0].body, b"bar");
    let line = "PUT /api/v1/images/coreos/1.0";
    let (found, body) = sent(
        vec![(line, 201, String::new())],
        &["images", "upload", "1.0", path, path],
    );
    assert_eq!((found.as_str(), body.len()), (line, 2 * 1024 + 1024));
}

#[test]
fn an_ignition_template_from_yaml() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir_all(at("site/files/etc")).unwrap();
    std::fs::create_dir_all(at("site/systemd")).unwrap();
    std::fs::write(at("site/files/etc/hostname"), "{{ .Spec.Serial }}\n").unwrap();
    std::fs::write(at("site/systemd/a.service"), "[Unit]\n").unwrap();
    let source = "version: \"2.3\"\nfiles:\n  - /etc/hostname\nsystemd:\n  - name: a.service\n    enabled: true\n";
    std::fs::write(at("site/site.yml"), source).unwrap();
    std::fs::write(at("meta.json"), r#"{"b":1,"a":[2]}"#).unwrap();
    let server = serve(vec![("PUT /api/v1/ignitions/cs/1.0.0", 201, String::new())]);
    let mut command = server.sabactl(&[
        "ignitions",
        "set",
        "-f",
        "site/site.yml",
        "--meta",
        "meta.json",
        "cs",
        "1.0.0",
    ]);
    assert_eq!(run(command.current_dir(dir.path())), (0, String::new(), String::new()));
    let body: sabakan_model::IgnitionTemplate = sabakan_model::decode_stored(&server.seen()[0].body).unwrap();
    assert_eq!(body.version, "2.3");
    assert!(
        body.template.as_str().contains("%7B%7B%20.Spec.Serial%20%7D%7D%0A"),
        "{}",
        body.template.as_str()
    );
    assert!(
        String::from_utf8(server.seen()[0].body.clone())
            .unwrap()
            .contains(r#""meta":{"a":[2],"b":1}}"#)
    );
}

#[test]
fn an_ignition_template_from_json() {
    let template = r#"{"version":"2.2","template":{"a":1.0},"meta":null}"#;
    let server = serve(vec![("PUT /api/v1/ignitions/cs/1", 201, String::new())]);
    let (code, _, errors) = run(server
        .sabactl(&["ignitions", "set", "--json", "-f", "-", "cs", "1"])
        .write_stdin(template));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(server.seen()[0].body.trim_ascii_end(), template.as_bytes());
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = |state: &str| {
        format!(
            r#"[{{"spec":{{"serial":"a","rack":2,"index-in-rack":4,"labels":{{"n":"v"}}}},"status":{{"state":"{state}"}}}}]"#
        )
    };
    let images = r#"[{"id":"1","size":5},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"}]"#;
    let answers = || -> Answers {
        vec![
            ("GET /api/v1/machines?serial=a", 200, machine("retired")),
            ("GET /api/v1/machines?serial=b", 200, machine("healthy")),
            ("GET /api/v1/state/a", 200, "retiring".into()),
            ("GET /api/v1/images/coreos", 200, images.into()),
            (
                "GET /api/v1/assets/x/meta",
                200,
                r#"{"name":"x","id":"7","size":1024,"sha256":"abc"}"#.into(),
            ),
            (
                "GET /api/v1/ignitions/cs/1",
                200,
                r#"{"version":"2.3","template":{}}"#.into(),
            ),
        ]
    };
    let cases: [(&[&str], i32, &str); 12] = [
        (
            &["machines", "remove", "a"],
            0,
            "would remove machine a and free index 4 of rack 2\n",
        ),
        (
            &["machines", "remove", "b"],
            0,
            "would be refused: machine b is healthy, and only retired machines are removed\n",
        ),
        (&["machines", "remove", "nope"], 14, ""),
        (
            &["machines", "remove-label", "a", "n"],
            0,
            "would remove label n=v from a\n",
        ),
        (
            &["machines", "set-state", "b", "retiring"],
            0,
            "would change b from healthy to retiring\n",
        ),
        (
            &["machines", "set-state", "b", "healthy"],
            0,
            "would change nothing: b is healthy already\n",
        ),
        (
            &["crypts", "delete", "a"],
            0,
            "would delete all disk encryption keys of a: its disks could not be read again\n",
        ),
        (
            &["images", "upload", "6", "k", "i"],
            0,
            "would add coreos image 6 and delete the oldest, 1, whose id could not be used again\n",
        ),
        (
            &["images", "delete", "5"],
            0,
            "would delete coreos image 5 (0 B); its id could not be used again\nmachines would boot 4 from then on\n",
        ),
        (&["images", "delete", "9"], 14, ""),
        (
            &["assets", "delete", "x"],
            0,
            "would delete asset x (id 7, 1.00 KiB, sha256 abc)\n",
        ),
        (
            &["ignitions", "delete", "cs", "1"],
            0,
            "would delete ignition template 1 of role cs (2 bytes)\n",
        ),
    ];
    for (arguments, code, want) in cases {
        let server = serve(answers());
        let (found, out, errors) = run(server.sabactl(arguments).arg("--dry-run"));
        assert_eq!((found, out.as_str()), (code, want), "{arguments:?}: {errors}");
        assert!(
            server.seen().iter().all(|seen| seen.line.starts_with("GET ")),
            "{arguments:?}"
        );
    }
}
