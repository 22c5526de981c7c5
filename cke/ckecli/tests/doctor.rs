//! Checks and support bundles, with a real etcd, Vault and sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::Value;
use support::prepared::Prepared;
use support::{Site, ckecli, run};
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    isolated_async(async || {
        let (code, out, _) = run(&mut ckecli(&["--config", "/nowhere", "doctor"]));
        assert!(
            code == 1 && out.starts_with("BAD      etcd: cannot read /nowhere"),
            "{out}"
        );
        let site = Site::start().await;
        let (code, out, _) = run(&mut site.ckecli(&["doctor"]));
        assert_eq!(code, 1);
        for want in [
            "ok       etcd: answers",
            "BAD      leader: nobody leads",
            "WARNING  cluster: none is declared",
            "run `ckecli vault init`",
        ] {
            assert!(out.contains(want), "{out}");
        }
        site.etcd.put("constraints", "?").await.unwrap();
        let (_, out, _) = run(&mut site.ckecli(&["doctor", "-o", "json"]));
        let findings: Vec<Value> = serde_json::from_str(&out).unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding["subject"] == "etcd key constraints" && finding["grade"] == "bad"),
            "{out}"
        );
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
        let (_, out, _) = run(&mut site.ckecli(&["doctor"]));
        assert!(
            out.contains("ok       vault: lets CKE in") && out.contains("ok       authority kubernetes: ends in 36"),
            "{out}"
        );
        assert!(out.contains(&format!("node {}: ", sshd.address())), "{out}");
        assert!(
            out.contains("BAD      node 127.0.0.254: ") && out.contains("is it up?"),
            "{out}"
        );
        let (_, out, _) = run(&mut site.ckecli(&["doctor", "--skip-nodes"]));
        assert!(!out.contains("node 127"), "{out}");
    });
}

#[test]
fn a_bundle_holds_no_secret() {
    isolated_async(async || {
        let prepared = Prepared::start().await;
        let site = &prepared.site;
        let cluster = "name: a\nservice_subnet: 10.68.0.0/16\nnodes: [{address: 10.0.0.1, user: root, control_plane: true}]\n\
                       options: {kubelet: {extra_env: {HTTPS_PROXY: planted-in-environment}}}\n";
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
