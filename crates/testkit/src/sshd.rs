//! A real sshd on an address of its own, port 22, as an ordinary process. A test uses it in a network of its own
//! ([`crate::netns::isolated_async`]): this machine's sshd may have that port of every address.
//!
//! It sees a user data base of its own (in a mount namespace), with `root` and [`USER`], who are let in with the same key.
//! Killing or freezing it strikes its sessions as well.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::process::{die_with_parent, family, lives, own_loopback, wait_until_still};
use crate::wait::{PATIENCE, holds, wait_for, wait_for_blocking};

/// A user who is not root.
pub const USER: &str = "operator";

/// Kinds of keys that a user can log in with, as `ssh-keygen -t` and `-m` name them.
pub const KEY_KINDS: [(&str, &str); 5] = [
    ("ed25519", "RFC4716"),
    ("rsa", "RFC4716"),
    ("rsa", "PEM"),
    ("ecdsa", "PEM"),
    ("ecdsa", "PKCS8"),
];

/// A running sshd, or one that can be started again.
#[derive(Debug)]
pub struct Sshd {
    address: Ipv4Addr,
    folder: TempDir,
    process: Option<Child>,
}

impl Sshd {
    /// Starts one that lets in with [`Sshd::private_key`], and waits until it listens.
    pub async fn start() -> Sshd {
        Sshd::with_config("").await
    }

    /// The same with further lines of `sshd_config`.
    pub async fn with_config(lines: &str) -> Sshd {
        let mut sshd = Sshd {
            address: own_loopback(),
            folder: tempfile::Builder::new().prefix("sshd-").tempdir().expect("a folder"),
            process: None,
        };
        sshd.write_users();
        sshd.renew_host_key();
        sshd.write_config(lines);
        sshd.generate("id", "ed25519", "RFC4716");
        sshd.authorize("id");
        sshd.start_again().await;
        sshd
    }

    /// Where it listens, at port 22.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Its files, and room for a test's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The private key that lets both users in.
    pub fn private_key(&self) -> String {
        self.read("id")
    }

    /// Another private key of that kind that lets both users in.
    pub fn another_private_key(&self, kind: &str, format: &str) -> String {
        let name = format!("id-{kind}-{format}");
        self.generate(&name, kind, format);
        self.authorize(&name);
        self.read(&name)
    }

    /// A private key that lets nobody in.
    pub fn strange_private_key(&self) -> String {
        self.generate("strange", "ed25519", "RFC4716");
        self.read("strange")
    }

    /// Makes a new host key; it is used from the next start on.
    pub fn renew_host_key(&self) {
        for file in ["host", "host.pub"] {
            fs::remove_file(self.folder().join(file)).ok();
        }
        self.generate("host", "ed25519", "RFC4716");
    }

    /// Kills it with its sessions (SIGKILL), and waits until none of them holds its port any more.
    pub fn kill(&mut self) {
        let Some(mut child) = self.process.take() else {
            return;
        };
        // The oldest first: what is dead starts no sessions.
        let family = family(child.id());
        for pid in &family {
            strike(*pid, Signal::SIGKILL);
        }
        child.wait().ok();
        wait_for_blocking("sshd's sessions to end", PATIENCE, || {
            let living: Vec<u32> = family.iter().copied().filter(|pid| lives(*pid)).collect();
            holds(living.is_empty(), format!("{living:?} live"))
        });
    }

    /// Stops it and its sessions where they stand (SIGSTOP): connections stay open and nothing is answered.
    pub fn freeze(&self) {
        let Some(child) = &self.process else {
            return;
        };
        let mut frozen = Vec::new();
        // A session may start while others are stopped: until none is new.
        loop {
            let family = family(child.id());
            if family == frozen {
                return;
            }
            for pid in &family {
                strike(*pid, Signal::SIGSTOP);
                wait_until_still(*pid);
            }
            frozen = family;
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        if let Some(child) = &self.process {
            family(child.id())
                .into_iter()
                .for_each(|pid| strike(pid, Signal::SIGCONT));
        }
    }

    /// Starts it, where it does not run.
    pub async fn start_again(&mut self) {
        fs::create_dir_all("/run/sshd").expect("a folder for sshd's unprivileged part");
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh"])
            .arg(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder().join("log")).expect("a log"));
        die_with_parent(&mut command);
        let mut child = command.spawn().expect("unshare runs");
        let (address, log) = ((self.address, 22), self.folder().join("log"));
        wait_for("sshd to listen", PATIENCE, || {
            let ended = child.try_wait().expect("ask for sshd");
            let said = fs::read_to_string(&log).unwrap_or_default();
            async move {
                assert!(ended.is_none(), "sshd ended: {said}");
                let connected = TcpStream::connect(address).await;
                connected.map(drop).map_err(|error| format!("{error}: {said}"))
            }
        })
        .await;
        self.process = Some(child);
    }

    fn write_users(&self) {
        let path = self.folder();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        let passwd = format!(
            "root:x:0:0::/root:/bin/sh\n{USER}:x:4321:4321::/tmp:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
        );
        fs::write(path.join("passwd"), passwd).expect("passwd");
        fs::write(path.join("shadow"), format!("root:*:1::::::\n{USER}:*:1::::::\n")).expect("shadow");
        fs::write(
            path.join("group"),
            format!("root:x:0:\n{USER}:x:4321:\nnogroup:x:65534:\n"),
        )
        .expect("group");
    }

    fn write_config(&self, lines: &str) {
        let folder = self.folder().display();
        let config = format!(
            "ListenAddress {}\nPort 22\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n\
             PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n{lines}\n",
            self.address
        );
        fs::write(self.folder().join("config"), config).expect("a configuration");
    }

    fn generate(&self, name: &str, kind: &str, format: &str) {
        let output = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-t", kind, "-m", format, "-f"])
            .arg(self.folder().join(name))
            .output()
            .expect("ssh-keygen of openssh-client runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn authorize(&self, name: &str) {
        let file = self.folder().join("authorized_keys");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, before + &self.read(&format!("{name}.pub"))).expect("authorized keys");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).expect("a file of the test's")
    }
}

/// Puts the users of `$1` in place of the machine's, and becomes sshd.
const ENTER: &str = "
for file in passwd shadow group; do mount --bind \"$1/$file\" /etc/$file; done
exec /usr/sbin/sshd -D -e -f \"$1/config\"";

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// It may be gone already: then there is nothing to do.
fn strike(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).ok();
}
