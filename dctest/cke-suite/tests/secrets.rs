//! Nothing secret is where it need not be (rows C8 to C10, C20): what a bring-up leaves in logs, arguments, records, etcd and
//! `docker inspect` is searched for every key of the cluster. The SSH user is not root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use neco_cke_suite::cluster;
use neco_cke_suite::daemon::Options;
use neco_cke_suite::site::{self, Site};
use serde_json::Value;
use testkit::fleet::{Node, User};

/// Files with private keys that CKE wrote, all of them below here; workers have no etcd.
const FOLDERS: &str = "$(ls -d /etc/etcd /etc/kubernetes 2>/dev/null)";
/// Every private key in PEM has a line with these words, whatever the kind.
const PEM: &str = "PRIVATE KEY-----";
/// The same as a pattern, which is no hit where the test's own commands are seen.
const PEM_PATTERN: &str = "PRIVATE[ ]KEY-----";
/// What CKE's etcd must hold, as with the original: how to log in to Vault, and the key that signs service accounts.
const MAY_HOLD_SECRETS: [&str; 3] = ["/cke/vault", "/cke/service-account/key", "/cke/service-account/cert"];

#[test]
fn secrets_stay_where_they_belong() {
    site::run(1, 1, async |site| {
        site.fleet.nodes().iter().for_each(watch_processes);
        let debug = ["--loglevel".to_owned(), "debug".to_owned()];
        site.start_cke_with(&Options {
            more: debug.to_vec(),
            ..Options::default()
        });
        site.declare(&cluster::of(&site.fleet, User::Cke));
        site.wait_for_completed().await;

        let secrets = secrets(site);
        let seen = places(site);
        for (place, text) in &seen {
            assert!(!text.is_empty(), "{place} was not seen");
            for (name, secret) in &secrets {
                assert!(!text.contains(secret.as_str()), "{name} is in {place}");
            }
        }
        site.fleet.nodes().iter().for_each(files_are_private);
        containers_may_do_no_more_than_the_originals(site);
    });
}

/// Arguments and environments of all processes, several times a second; and every command of the SSH user, who may not make the log of them.
fn watch_processes(node: &Node) {
    node.ssh("touch /var/log/ssh-commands.log && chmod 666 /var/log/ssh-commands.log")
        .unwrap();
    let look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr \"\\0\" \"\\n\" | sort -u";
    let script = format!("while :; do {look}; sleep 0.3; done >/var/log/processes");
    node.ssh(&format!("systemd-run --quiet --unit=processes bash -c '{script}'"))
        .unwrap();
}

/// What to look for, by what it is.
fn secrets(site: &Site) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::from([("a key in PEM".to_owned(), PEM.to_owned())]);
    let vault: Value = serde_json::from_str(&site.etcd.ctl(&["get", "--print-value-only", "/cke/vault"])).unwrap();
    let mut plant = |name: String, secret: &str| {
        assert!(secret.len() > 20, "{name} is too short to be looked for");
        secrets.insert(name, secret.to_owned());
    };
    plant("Vault's secret-id".to_owned(), vault["secret-id"].as_str().unwrap());
    plant("Vault's root token".to_owned(), site.vault.root_token());
    let ssh = std::fs::read_to_string(site.fleet.boot().cke_key()).unwrap();
    plant("the SSH key".to_owned(), ssh.lines().nth(2).unwrap());
    let signer = site
        .etcd
        .ctl(&["get", "--print-value-only", "/cke/service-account/key"]);
    plant("the key of service accounts".to_owned(), signer.lines().nth(2).unwrap());
    let find = format!("grep -rl '{PEM_PATTERN}' {FOLDERS}");
    for node in site.fleet.nodes() {
        for file in node.ssh(&find).unwrap().lines() {
            let key = node.ssh(&format!("sed -n 3p {file}")).unwrap();
            plant(format!("{file} of {}", node.name()), key.trim());
        }
    }
    let plane = &site.fleet.nodes()[0];
    let encryption = plane
        .ssh("grep -h secret: /etc/kubernetes/apiserver/encryption.yml")
        .unwrap();
    let encryption = encryption.lines().next().unwrap().split(": ").nth(1).unwrap();
    plant("the key of Secrets".to_owned(), encryption.trim_matches(['"', '\'']));
    assert!(secrets.len() > 10, "{:?}", secrets.keys());
    secrets
}

/// Where nothing secret belongs, with what is there.
fn places(site: &Site) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let read = |file: &Path| std::fs::read_to_string(file).unwrap();
    places.insert("cke's log".to_owned(), read(&site.file("cke.log")));
    let bundle = site.file("bundle.json");
    site.ckecli(&["support-bundle", bundle.to_str().unwrap()]);
    places.insert("the support bundle".to_owned(), read(&bundle));
    for command in [
        &["history"][..],
        &["status"],
        &["plan"],
        &["plan", "-o", "json"],
        &["doctor"],
        &["cluster", "get"],
    ] {
        let (_, out, said) = site.try_ckecli(command);
        places.insert(format!("ckecli {command:?}"), out + &said);
    }
    let keys = site.etcd.ctl(&["get", "--prefix", "--keys-only", "/cke/"]);
    for key in keys
        .lines()
        .filter(|key| !key.is_empty() && !MAY_HOLD_SECRETS.contains(key))
    {
        places.insert(format!("{key} in CKE's etcd"), site.etcd.ctl(&["get", key]));
    }
    for node in site.fleet.nodes() {
        for (what, script) in [
            ("processes", "cat /var/log/processes"),
            ("commands", "cat /var/log/ssh-commands.log"),
            ("docker inspect", "docker ps -aq | xargs docker inspect"),
            ("the journal", "journalctl --no-pager --output=verbose --all"),
        ] {
            places.insert(format!("{what} of {}", node.name()), node.ssh(script).unwrap());
        }
    }
    places
}

/// Keys belong to who reads them, and to nobody else; the SSH user reads none without docker.
fn files_are_private(node: &Node) {
    let list = format!("grep -rlE '{PEM_PATTERN}|client-key-data|secret:' {FOLDERS} | xargs stat -c '%a %u %n'");
    let files = node.ssh(&list).unwrap();
    assert!(!files.is_empty());
    for line in files.lines() {
        let owner = if line.contains(" /etc/etcd/") { "10000" } else { "0" };
        let wanted = format!("600 {owner} ");
        assert!(line.starts_with(&wanted), "{}: {line}, not {wanted}", node.name());
    }
    let paths: BTreeSet<&str> = files.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    let readable = node
        .ssh_as(
            User::Cke,
            &format!("find {FOLDERS} -type f -readable 2>/dev/null || true"),
        )
        .unwrap();
    let read: Vec<&str> = readable.lines().filter(|path| paths.contains(path)).collect();
    assert_eq!(
        read,
        <[&str; 0]>::default(),
        "{}: the SSH user can read them",
        node.name()
    );
}

/// The rights of a container, apart from what it sees of the disk.
fn rights(container: &Value) -> BTreeSet<String> {
    let host = &container["HostConfig"];
    let mut rights = BTreeSet::new();
    if host["Privileged"] == true {
        rights.insert("privileged".to_owned());
    }
    if host["ReadonlyRootfs"] != true {
        rights.insert("writes to its root".to_owned());
    }
    for list in ["CapAdd", "SecurityOpt"] {
        let items = host[list].as_array().into_iter().flatten();
        rights.extend(items.map(|item| format!("{list} {item}")));
    }
    for mode in ["PidMode", "IpcMode", "UsernsMode"] {
        if host[mode] == "host" {
            rights.insert(format!("{mode} host"));
        }
    }
    let binds = host["Binds"].as_array().into_iter().flatten();
    rights.extend(binds.map(|bind| format!("bind {bind}")));
    rights
}

fn containers_may_do_no_more_than_the_originals(site: &Site) {
    let vector = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cke-cluster.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(&vector).unwrap()).unwrap();
    let nodes = recorded["nodes"].as_object().unwrap().values();
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for container in nodes.flat_map(|node| node["containers"].as_array().unwrap()) {
        let name = container["Name"].as_str().unwrap().to_owned();
        allowed.entry(name).or_default().extend(rights(container));
    }
    for node in site.fleet.nodes() {
        let inspected = node.ssh("docker ps -aq | xargs docker inspect").unwrap();
        let containers: Vec<Value> = serde_json::from_str(&inspected).unwrap();
        assert!(containers.len() >= 3, "{}", node.name());
        for container in &containers {
            let name = container["Name"].as_str().unwrap();
            let allowed = allowed
                .get(name)
                .unwrap_or_else(|| panic!("the original has no {name}"));
            let more: Vec<String> = rights(container).difference(allowed).cloned().collect();
            assert_eq!(more, <[String; 0]>::default(), "{name} of {} may do more", node.name());
        }
    }
}
