//! Logging in to nodes, with a real Vault and a real sshd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use cke_storage::HostKey;
use std::time::Duration;
use support::prepared::Prepared;
use support::run;
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;

struct Nodes {
    prepared: Prepared,
    sshd: Sshd,
}

impl Nodes {
    async fn start() -> Self {
        let (prepared, sshd) = tokio::join!(Prepared::start(), Sshd::with_config("Subsystem sftp internal-sftp"));
        let site = &prepared.site;
        site.ok(&["vault", "ssh-privkey", &site.file("id", &sshd.private_key())]);
        Self { prepared, sshd }
    }

    fn target(&self) -> String {
        format!("root@{}", self.sshd.address())
    }
}

#[test]
fn commands_run_on_nodes_and_end_with_their_code() {
    isolated_async(async || {
        let nodes = Nodes::start().await;
        let site = &nodes.prepared.site;
        assert_eq!(site.ok(&["ssh", &nodes.target(), "echo", "-n", "hello"]), "hello");
        let (code, ..) = run(&mut site.ckecli(&["ssh", &nodes.target(), "exit 7"]));
        assert_eq!(code, 7);
        let (code, out, _) = run(site.ckecli(&["ssh", &nodes.target(), "cat"]).write_stdin("from here"));
        assert_eq!((code, out.as_str()), (0, "from here"));
    });
}

#[test]
fn files_are_copied_both_ways() {
    isolated_async(async || {
        let nodes = Nodes::start().await;
        let site = &nodes.prepared.site;
        let there = nodes.sshd.folder().join("there").display().to_string();
        let remote = format!("{}:{there}", nodes.target());
        site.ok(&["scp", &site.file("here", "text"), &remote]);
        assert_eq!(std::fs::read_to_string(&there).unwrap(), "text");
        site.ok(&["scp", &remote, &site.path("back")]);
        assert_eq!(std::fs::read_to_string(site.path("back")).unwrap(), "text");
        let folder = nodes.sshd.folder().join("folder");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("x"), "y").unwrap();
        site.ok(&[
            "scp",
            "-r",
            &format!("{}:{}", nodes.target(), folder.display()),
            &site.path("copied"),
        ]);
        assert_eq!(std::fs::read_to_string(site.path("copied/x")).unwrap(), "y");
        assert!(
            site.fails(&["scp", "here", "back"])
                .contains("node name is not specified")
        );
    });
}

#[test]
fn the_key_of_a_host_comes_before_the_one_for_all() {
    isolated_async(async || {
        let nodes = Nodes::start().await;
        let site = &nodes.prepared.site;
        let strange = site.file("strange", &nodes.sshd.strange_private_key());
        let host = nodes.sshd.address();
        site.ok(&["vault", "ssh-privkey", "--host", &host, &strange]);
        let (code, ..) = run(&mut site.ckecli(&["ssh", &nodes.target(), "true"]));
        assert_eq!(code, 255);
        let (code, ..) = run(site
            .ckecli(&["vault", "ssh-privkey", "--host", &host, "-"])
            .write_stdin(nodes.sshd.private_key()));
        assert_eq!(code, 0);
        site.ok(&["ssh", &nodes.target(), "true"]);
        let errors = site.fails(&["vault", "ssh-privkey", &site.file("bad", "no key")]);
        assert!(
            errors.contains("bad: not a private key") && !errors.contains("no key\n"),
            "{errors}"
        );
    });
}

#[test]
fn a_pinned_host_key_is_the_only_one_that_is_taken() {
    isolated_async(async || {
        let mut nodes = Nodes::start().await;
        let storage = &nodes.prepared.site.storage;
        let leader = storage
            .election("one", Duration::from_secs(10))
            .campaign()
            .await
            .unwrap();
        let key = std::fs::read_to_string(nodes.sshd.folder().join("host.pub")).unwrap();
        let pinned = HostKey {
            address: nodes.sshd.address(),
            key: key.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
            ..HostKey::default()
        };
        storage.put_host_key(&leader.guard(), &pinned).await.unwrap();
        nodes.prepared.site.ok(&["ssh", &nodes.target(), "true"]);
        nodes.sshd.kill();
        nodes.sshd.renew_host_key();
        nodes.sshd.start_again().await;
        let site = &nodes.prepared.site;
        let (code, _, errors) = run(&mut site.ckecli(&["ssh", &nodes.target(), "true"]));
        assert!(
            code == 255 && errors.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"),
            "{errors}"
        );
        site.ok(&["ssh", "--any-host-key", &nodes.target(), "true"]);
    });
}

#[test]
fn the_key_is_in_no_file_and_the_agent_goes() {
    isolated_async(async || {
        let nodes = Nodes::start().await;
        let site = &nodes.prepared.site;
        let middle = site.file("middle", nodes.sshd.private_key().lines().nth(1).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        // The node is this machine: what is seen there while the session lasts is all there is.
        let look = format!(
            "grep -laF -f {middle} /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; find {place} -type f; find {place} -type s"
        );
        let mut command = site.ckecli(&["ssh", &nodes.target(), "--", &look]);
        let (code, out, errors) = run(command.env("TMPDIR", folder.path()));
        assert_eq!(code, 0, "{errors}");
        assert!(out.lines().count() == 1 && out.ends_with("/agent\n"), "{out}");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing is left behind"
        );
    });
}
