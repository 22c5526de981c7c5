//! Every group of commands against a real sabakan with a real etcd.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use serde_json::Value;
use support::site::Site;

const IPAM: &str = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,"node-ipv4-range-mask":26,
"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-offset":"0.0.1.0",
"bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;
const MACHINES: &str = r#"[{"serial":"12345678","labels":{"product":"R730xd"},"role":"worker","bmc":{"type":"iDRAC-9"}},
{"serial":"abcdefg","role":"boot","bmc":{"type":"IPMI-2.0"}}]"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn all_groups_of_commands() {
    let site = Site::start();
    configuration(&site);
    machines(&site);
    life_of_a_machine(&site);
    images(&site);
    assets(&site);
    ignitions(&site);
    kernel_params(&site);
    logs(&site);
    boot_log(&site);
}

fn configuration(site: &Site) {
    assert_eq!(site.run(&["ipam", "get"]).0, 14);
    site.ok(&["ipam", "set", "-f", &site.file("ipam.json", IPAM)]);
    assert_eq!(json(&site.ok(&["ipam", "get"])), json(IPAM));
    let bad = IPAM.replace("28", "0");
    assert_eq!(site.run(&["ipam", "set", "-f", &site.file("bad.json", bad)]).0, 4);
    let dhcp = r#"{"lease-minutes":0,"dns-servers":["1.1.1.1","8.8.8.8"],"gateway-offset":0}"#;
    site.ok(&["dhcp", "set", "-f", &site.file("dhcp.json", dhcp)]);
    assert_eq!(json(&site.ok(&["dhcp", "get"])), json(dhcp));
    let bad = dhcp.replace("8.8.8.8", "a.b.c.d");
    assert_eq!(site.run(&["dhcp", "set", "-f", &site.file("bad.json", bad)]).0, 4);
}

fn machines(site: &Site) {
    let file = site.file("machines.json", MACHINES);
    site.ok(&["machines", "create", "-f", &file]);
    assert_eq!(site.run(&["machines", "create", "-f", &file]).0, 19);
    assert_eq!(site.run(&["ipam", "set", "-f", &site.file("ipam.json", IPAM)]).0, 5);
    let simple = site.ok(&["machines", "get", "-o", "simple", "--rack", "0"]);
    assert_eq!(
        simple.lines().nth(1),
        Some("12345678 0    worker uninitialized 10.69.0.4 iDRAC-9  "),
        "{simple}"
    );
    site.ok(&["machines", "set-label", "12345678", "model", "1984"]);
    assert_eq!(site.run(&["machines", "set-label", "12345678", "model", "a b"]).0, 4);
    let found = json(&site.ok(&["machines", "get", "--labels", "product=R730xd,model=1984"]));
    assert_eq!(found[0]["spec"]["serial"], "12345678");
    site.ok(&["machines", "remove-label", "12345678", "model"]);
    assert_eq!(site.run(&["machines", "remove-label", "12345678", "model"]).0, 14);
    assert_eq!(site.run(&["machines", "get", "--without-role", "worker,boot"]).0, 14);
    assert_eq!(site.run(&["machines", "get", "--rack", "x"]).0, 4);
    site.ok(&["machines", "set-retire-date", "12345678", "2023-03-31"]);
    let found = json(&site.ok(&["machines", "get", "--serial", "12345678"]));
    assert_eq!(found[0]["spec"]["retire-date"], "2023-03-31T00:00:00Z");
}

fn life_of_a_machine(site: &Site) {
    assert_eq!(site.ok(&["machines", "get-state", "12345678"]), "uninitialized\n");
    let (code, _, errors) = site.run(&["machines", "remove", "12345678"]);
    assert!(code == 5 && errors.contains("Hint: "), "{code} {errors}");
    assert_eq!(site.run(&["machines", "set-state", "12345678", "retired"]).0, 5);
    assert_eq!(site.run(&["machines", "set-state", "12345678", "dead"]).0, 4);
    site.ok(&["machines", "set-state", "12345678", "Retiring"]);
    let delete = ["crypts", "delete", "12345678", "--force"];
    let (code, _, errors) = site.run(&delete);
    assert!(code == 1 && errors.contains("--ca FILE"), "{code} {errors}");
    site.ok(&[&delete[..], &["--insecure=true"]].concat());
    site.ok(&["machines", "set-state", "12345678", "retired"]);
    assert!(
        site.ok(&["machines", "remove", "--dry-run", "12345678"])
            .starts_with("would remove machine 12345678")
    );
    site.ok(&["machines", "remove", "12345678"]);
    assert_eq!(site.run(&["machines", "get", "--serial", "12345678"]).0, 14);
}

fn images(site: &Site) {
    assert_eq!(site.ok(&["images", "index"]), "[]\n");
    let (kernel, initrd) = (site.file("kernel", "kernel"), site.file("initrd", vec![7; 300_000]));
    site.ok(&["images", "upload", "1234.1.0", &kernel, &initrd]);
    let index = json(&site.ok(&["images", "index"]));
    assert_eq!(
        (&index[0]["id"], &index[0]["exists"]),
        (&Value::from("1234.1.0"), &Value::from(true))
    );
    site.ok(&["images", "delete", "1234.1.0"]);
    assert_eq!(site.ok(&["images", "index"]), "[]\n");
    assert_eq!(site.run(&["images", "upload", "1234.1.0", &kernel, &initrd]).0, 19);
    assert_eq!(site.run(&["images", "delete", "1234.1.0"]).0, 14);
}

fn assets(site: &Site) {
    let file = site.file("asset", "bar");
    let status = json(&site.ok(&["assets", "upload", "--meta", "version=1.0.0", "foo", &file]));
    assert_eq!(status["status"], 201);
    assert_eq!(site.ok(&["assets", "index"]), "[\n  \"foo\"\n]\n");
    let info = json(&site.ok(&["assets", "info", "foo"]));
    assert_eq!(info["content-type"], "application/octet-stream");
    assert_eq!(
        info["sha256"],
        "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
    );
    assert_eq!(
        (&info["options"]["version"], &info["exists"]),
        (&Value::from("1.0.0"), &Value::from(true))
    );
    site.ok(&["assets", "delete", "foo"]);
    assert_eq!(site.run(&["assets", "info", "foo"]).0, 14);
}

fn ignitions(site: &Site) {
    site.file("tree/files/etc/hostname", "{{ .Spec.Serial }}");
    let source = site.file("tree/site.yml", "version: \"2.3\"\nfiles:\n  - /etc/hostname\n");
    let meta = site.file("meta.json", r#"{"foo":"bar","array":[1,2,3]}"#);
    assert_eq!(site.ok(&["ignitions", "get", "cs"]), "null\n");
    site.ok(&["ignitions", "set", "-f", &source, "--meta", &meta, "cs", "1.0.1"]);
    assert_eq!(site.run(&["ignitions", "set", "-f", &source, "cs", "1.0.1"]).0, 19);
    let template = site.ok(&["ignitions", "get", "cs", "1.0.1"]);
    assert_eq!(json(&template)["meta"], json(r#"{"foo":"bar","array":[1,2,3]}"#));
    site.ok(&[
        "ignitions",
        "set",
        "--json",
        "-f",
        &site.file("t.json", &template),
        "cs",
        "1.1.0",
    ]);
    assert_eq!(site.ok(&["ignitions", "get", "cs"]), "[\"1.0.1\",\"1.1.0\"]\n");
    assert_eq!(site.ok(&["ignitions", "get", "cs", "1.1.0"]), template);
    site.ok(&["ignitions", "delete", "cs", "1.0.1"]);
    assert_eq!(site.run(&["ignitions", "delete", "cs", "1.0.1"]).0, 14);
}

fn kernel_params(site: &Site) {
    assert_eq!(site.run(&["kernel-params", "get"]).0, 14);
    site.ok(&["kernel-params", "set", "console=ttyS0 a=b"]);
    assert_eq!(site.ok(&["kernel-params", "get"]), "console=ttyS0 a=b\n");
    assert_eq!(site.run(&["kernel-params", "set", "a\"b"]).0, 4);
}

fn logs(site: &Site) {
    let (text, lines) = (site.ok(&["logs"]), site.ok(&["logs", "--json"]));
    assert_eq!(text.lines().count(), lines.lines().count());
    assert!(
        text.contains(" alice@127.0.0.1 machines/12345678 delete detail:"),
        "{text}"
    );
    let first = json(lines.lines().next().unwrap());
    assert_eq!(
        (&first["category"], &first["user"]),
        (&Value::from("ipam"), &Value::from("alice"))
    );
    assert_eq!(site.ok(&["logs", "20200101", "20200102"]), "");
}

fn boot_log(site: &Site) {
    assert_eq!(site.ok(&["boot-log", "--stuck"]), "[]\n");
    assert_eq!(json(&site.ok(&["boot-log", "abcdefg"]))["state"], "unknown");
    assert_eq!(site.run(&["boot-log", "nope"]).0, 14);
}
