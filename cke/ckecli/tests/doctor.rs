//! Checks and support bundles, with a real etcd, Vault and sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use assert_cmd::Command;
use serde_json::Value;
use support::prepared::Prepared;
use support::{Site, ckecli, run};
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;

/// What the program found, and how it ended.
#[derive(Debug)]
struct Seen {
    code: i32,
    findings: Vec<Value>,
}

fn doctor(command: &mut Command) -> Seen {
    let (code, out, errors) = run(command);
    let findings = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{errors}"));
    Seen { code, findings }
}

impl Seen {
    fn has(&self, grade: &str, what: &str, place: &str, words: &str) {
        let fits = |finding: &Value| {
            let is = |member: &str, want: &str| finding[member] == want;
            let says = finding["seen"].as_str().unwrap().contains(words);
            is("grade", grade) && is("what", what) && is("where", place) && says
        };
        let found = self.findings.iter().any(fits);
        assert!(found, "{grade} {what} {place}: {words}: {self:#?}");
    }
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    isolated_async(async || {
        let nowhere = doctor(&mut ckecli(&["--config", "/nowhere", "doctor"]));
        assert!(nowhere.code == 1 && nowhere.findings.len() == 1, "{nowhere:?}");
        nowhere.has("bad", "etcd of CKE", "", "cannot read /nowhere");
        let site = Site::start().await;
        let seen = doctor(&mut site.ckecli(&["doctor"]));
        assert_eq!(seen.code, 1);
        seen.has("good", "etcd of CKE", "", "answers");
        seen.has("bad", "leader", "", "nobody leads");
        seen.has("warning", "declaration", "", "no cluster is declared");
        seen.has("bad", "vault", "", "run `ckecli vault init`");
        let (code, table, _) = run(&mut site.ckecli(&["doctor", "-o", "table"]));
        assert!(code == 1 && table.starts_with("Grade "), "{table}");
        let advises = |line: &str| line.starts_with("BAD ") && line.ends_with("or look at its log");
        assert!(table.lines().any(advises), "{table}");
        site.etcd.put("constraints", "?").await.unwrap();
        doctor(&mut site.ckecli(&["doctor"])).has("bad", "key in etcd", "constraints", "");
    });
}

#[test]
fn vault_and_nodes_are_looked_at() {
    isolated_async(async || {
        let (prepared, sshd) = tokio::join!(Prepared::start(), Sshd::start());
        let site = &prepared.site;
        site.ok(&["vault", "ssh-privkey", &site.file("id", &sshd.private_key())]);
        let cluster = format!(
            "name: a\nservice_subnet: 10.68.0.0/16\nnodes:\n- {{address: {}, user: root, control_plane: true}}\n- {{address: 127.0.0.254, user: root}}\n",
            sshd.address()
        );
        site.ok(&["cluster", "set", &site.file("cluster.yml", &cluster)]);
        let seen = doctor(&mut site.ckecli(&["doctor"]));
        seen.has("good", "vault", &prepared.vault.url(), "lets CKE in");
        seen.has("good", "authority", "kubernetes", "ends in 36");
        // sshd runs on this machine, whatever docker does here: none of CKE's containers is in it.
        let here = sshd.address();
        let found = |what: &str| {
            seen.findings
                .iter()
                .any(|finding| finding["where"] == *here && finding["what"] == what)
        };
        assert!(found("docker") || found("containers"), "{seen:#?}");
        assert!(!found("ssh") && !found("clock"), "{seen:#?}");
        seen.has("bad", "ssh", "127.0.0.254", "");
        seen.has("bad", "API server", &here, "");
        seen.has("bad", "etcd", "", "no majority of its members serves");
        let (_, out, _) = run(&mut site.ckecli(&["doctor", "--skip-nodes"]));
        assert!(!out.contains("127.0.0.254"), "{out}");
    });
}

#[test]
fn a_bundle_holds_no_secret() {
    isolated_async(async || {
        let prepared = Prepared::start().await;
        let site = &prepared.site;
        let cluster = "name: a\nservice_subnet: 10.68.0.0/16\nnodes: [{address: 10.0.0.1, user: root, control_plane: true}]\n\
                       reboot: {reboot_command: [sh, -c, 'ipmi --password planted-in-command $1']}\n\
                       options:\n  kubelet: {extra_env: {HTTPS_PROXY: planted-in-environment}}\n  \
                       kube-apiserver: {extra_args: [--oidc-client-secret=planted-in-arguments, --note=hvs.planted-by-shape]}\n";
        site.ok(&["cluster", "set", &site.file("cluster.yml", cluster)]);
        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns}\nstringData: {a: planted-in-resource}\n";
        site.ok(&["resource", "set", &site.file("secret.yml", secret)]);
        assert_eq!(
            site.ok(&["support-bundle", "--skip-nodes", "bundle.json"]),
            "wrote bundle.json\n"
        );
        let text = std::fs::read_to_string(site.path("bundle.json")).unwrap();
        let config = site.storage.vault_config().await.unwrap().unwrap().value;
        for planted in [
            "planted-in-environment",
            "planted-in-resource",
            "planted-in-command",
            "planted-in-arguments",
            "planted-by-shape",
            &config.secret_id,
            &config.role_id,
        ] {
            assert!(!text.contains(planted), "{planted}");
        }
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&bundle["cluster"]["name"], &bundle["resources"][0][0]),
            (&Value::from("a"), &Value::from("Secret/ns/s"))
        );
        assert!(
            site.fails(&["support-bundle", "--skip-nodes", "bundle.json"])
                .contains("cannot write bundle.json")
        );
    });
}
