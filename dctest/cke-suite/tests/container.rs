//! The container image (row C43) in a real docker, run as boot servers run it: a read-only root, the host's network, a user who is not root; and
//! what it gives to its host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use neco_dctest::programs::{folder, succeed};
use testkit::fleet::{Fleet, Node, User};
use testkit::wait::{holds, wait_for};

const PATIENCE: Duration = Duration::from_secs(120);
const IMAGE: &str = "localhost/cke:test";
/// In the suite's image table, and on every node.
const ETCD: &str = "ghcr.io/cybozu/etcd:3.6.11.1";

#[tokio::test]
async fn the_image_runs_without_rights_and_gives_its_host_the_tools() {
    let fleet = Fleet::builder().control_planes(1).workers(0).start().unwrap();
    let host = &fleet.nodes()[0];
    build(host);
    it_says_its_version(host);
    it_gives_the_host_its_tools(host);
    commands_of_operators_find_a_shell(host);
    it_leads_as_its_own_user(host).await;
}

/// Builds the image there, without a network: docker takes the folder that is laid out for it from a pipe.
fn build(host: &Node) {
    let context = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let stage = root.join("cke/container/stage.sh");
    succeed(Command::new(stage).arg(folder()).arg(context.path()));
    let mut tar = Command::new("tar")
        .args(["--create", "--owner=0", "--group=0", "--directory"])
        .arg(context.path())
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let build = format!("docker build --network none --quiet --tag {IMAGE} --file Containerfile -");
    succeed(
        host.command_as(User::Root, &build)
            .stdin(tar.stdout.take().expect("a pipe")),
    );
    assert!(tar.wait().unwrap().success());
}

fn it_says_its_version(host: &Node) {
    let said = host
        .ssh(&format!("docker run --rm --read-only {IMAGE} --version"))
        .unwrap();
    assert_eq!(said.trim(), format!("cke {}", env!("CARGO_PKG_VERSION")));
}

fn it_gives_the_host_its_tools(host: &Node) {
    let install = format!(
        "docker run --rm --user root:root --entrypoint /usr/local/cke/install-tools \
         --mount type=bind,src=/opt/bin,target=/host {IMAGE}"
    );
    host.ssh("mkdir -p /opt/bin").unwrap();
    for _again in 0..2 {
        host.ssh(&install).unwrap();
    }
    let installed = host
        .ssh("stat -c '%n %U %a' /opt/bin/* /opt/bin/.[!.]* 2>/dev/null; true")
        .unwrap();
    assert_eq!(
        installed,
        "/opt/bin/cke-localproxy root 755\n/opt/bin/ckecli root 755\n"
    );
    for tool in ["ckecli", "cke-localproxy"] {
        let said = host.ssh(&format!("/opt/bin/{tool} --version")).unwrap();
        assert!(said.starts_with(tool), "{said}");
    }
}

/// Reboots, boot checks and repairs are commands that `cke` runs where it is.
fn commands_of_operators_find_a_shell(host: &Node) {
    for shell in ["sh", "bash"] {
        let script = r"touch /tmp/repaired-\$1 && test -f /tmp/repaired-\$1 && find /tmp -name repaired-\$1 -delete && id -u && exec sleep 0";
        let run = format!("docker run --rm --entrypoint {shell} {IMAGE} -c \"{script}\" repair 10.0.0.1");
        assert_eq!(host.ssh(&run).unwrap(), "10000\n", "{shell}");
    }
}

async fn it_leads_as_its_own_user(host: &Node) {
    host.ssh(&format!(
        "mkdir -p /etc/cke && echo 'endpoints: [\"http://127.0.0.1:2379\"]' >/etc/cke/cke.yml
         docker run --detach --name etcd --network host {ETCD} >/dev/null
         docker run --detach --name cke --network host --read-only \
           --mount type=bind,src=/etc/cke,target=/etc/cke,readonly {IMAGE} --config /etc/cke/cke.yml >/dev/null"
    ))
    .unwrap();
    wait_for("cke to lead", PATIENCE, async || {
        let leader = host.ssh("/opt/bin/ckecli --config /etc/cke/cke.yml leader");
        let leader = leader.map_err(|error| format!("{error:#}: {}", host.ssh("docker logs cke 2>&1").unwrap()))?;
        holds(leader.trim() == host.name(), leader)
    })
    .await;
    let process = "/proc/$(docker inspect --format '{{.State.Pid}}' cke)";
    let seen = host
        .ssh(&format!(
            "stat -c '%u:%g' {process}; readlink {process}/exe; grep CapEff {process}/status"
        ))
        .unwrap();
    assert_eq!(seen, "10000:10000\n/usr/local/cke/bin/cke\nCapEff:\t0000000000000000\n");
    // Asked to end, it gives up the lead.
    let ended = host.ssh("docker stop cke >/dev/null && docker inspect --format '{{.State.ExitCode}}' cke");
    assert_eq!(ended.unwrap(), "0\n");
}
