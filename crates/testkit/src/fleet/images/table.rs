//! What goes into which image.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cke_model::images::Images;

use crate::fleet::layout::cache;

/// The image of the web server that tests and the demo run.
pub const WORKLOAD: &str = "localhost/workload:1";

/// The image of Kubernetes that an upgrade begins from.
#[must_use]
pub fn previous_kubernetes() -> String {
    "ghcr.io/cybozu/kubernetes:1.35.4.1".to_owned()
}

/// Something that goes into an image.
#[derive(Debug, Clone)]
pub enum Part {
    /// A folder with all that is in it, as the image's root.
    Root(PathBuf),
    /// A program.
    Program {
        /// Where it lies on this machine.
        from: PathBuf,
        /// Where it lies in the image.
        to: String,
    },
    /// A file with permissions of its own.
    File {
        /// Where it lies on this machine.
        from: PathBuf,
        /// Where it lies in the image.
        to: String,
        /// Its mode's bits.
        mode: u32,
    },
    /// An empty folder that everyone may write to, as `/tmp`.
    Open {
        /// Its path in the image.
        path: String,
    },
    /// An empty folder with an owner.
    Folder {
        /// Its path in the image.
        path: String,
        /// Its user and group.
        owner: u64,
    },
}

/// An image.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name with a tag, and without a digest.
    pub name: String,
    /// One layer each.
    pub layers: Vec<Vec<Part>>,
    /// `NAME=VALUE` each.
    pub environment: Vec<String>,
    /// What runs when the container's command is only arguments.
    pub entrypoint: Vec<String>,
    /// The arguments where the container gives none.
    pub command: Vec<String>,
    /// Who runs it: `USER:GROUP`, or nothing for root.
    pub user: String,
    /// Whether pods run it: it goes to the kubelet's containerd too.
    pub pods: bool,
}

/// All images of a cluster: under CKE's names the programs that `make servers` built, and CKE's tools from the folder `tools`.
#[must_use]
pub fn table(names: &Images, tools: &Path) -> Vec<Image> {
    let bin = cache().join("bin");
    vec![
        etcd(&names.etcd, &bin),
        kubernetes(&names.kubernetes, &cache().join("kubernetes-next")),
        kubernetes(&previous_kubernetes(), &bin),
        cke_tools(&names.tools, tools),
        pause(&names.pause),
        coredns(&names.coredns, &bin),
        unbound(&names.unbound),
        unbound_exporter(&names.unbound_exporter),
        workload(),
    ]
}

fn etcd(name: &str, bin: &Path) -> Image {
    let owner = 10_000;
    let data = Part::Folder {
        path: "var/lib/etcd".to_owned(),
        owner,
    };
    Image {
        environment: vec![path("/usr/local/bin"), "ETCD_DATA_DIR=/var/lib/etcd".to_owned()],
        user: format!("{owner}:{owner}"),
        layers: vec![vec![
            data,
            program(bin, "etcd", "usr/local/bin/etcd"),
            program(bin, "etcdctl", "usr/local/bin/etcdctl"),
            program(bin, "etcdutl", "usr/local/bin/etcdutl"),
        ]],
        ..image(name, &["etcd"])
    }
}

fn kubernetes(name: &str, bin: &Path) -> Image {
    let programs = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
    ];
    let own = programs.map(|name| program(bin, name, &format!("usr/local/bin/{name}")));
    Image {
        layers: vec![debian(), own.to_vec()],
        environment: vec![path(EVERYWHERE)],
        ..image(name, &[])
    }
}

fn cke_tools(name: &str, tools: &Path) -> Image {
    let own = ["empty-dir", "install-cni", "make_directories", "rivers", "write_files"];
    let plugins = [
        "bridge",
        "host-device",
        "host-local",
        "loopback",
        "portmap",
        "ptp",
        "tuning",
    ];
    let cni = cache().join("cni");
    let own = own.map(|name| program(tools, name, name));
    let plugins = plugins.map(|name| program(&cni, name, &format!("cni_plugins/bin/{name}")));
    Image {
        layers: vec![plugins.to_vec(), own.to_vec()],
        environment: vec![path("/")],
        ..image(name, &[])
    }
}

fn pause(name: &str) -> Image {
    Image {
        layers: vec![vec![program(&programs(), "pause", "pause")]],
        pods: true,
        ..image(name, &["/pause"])
    }
}

/// CKE's pods of CoreDNS sleep a moment with a shell before they end.
fn coredns(name: &str, bin: &Path) -> Image {
    Image {
        layers: vec![vec![
            program(bin, "coredns", "coredns"),
            program(&programs(), "busybox", "bin/sh"),
            program(&programs(), "busybox", "bin/sleep"),
        ]],
        environment: vec![path("/bin")],
        pods: true,
        ..image(name, &["/coredns"])
    }
}

/// The resolver of nodes, with the root's key as it is in the world.
#[must_use]
pub fn unbound(name: &str) -> Image {
    Image {
        layers: vec![
            debian(),
            vec![program(&programs(), "reload-unbound", "usr/local/bin/reload-unbound")],
        ],
        environment: vec![path(EVERYWHERE)],
        pods: true,
        ..image(name, &["unbound", "-d"])
    }
}

/// Its Go module cannot be had, and nothing of CKE depends on what it says: this stands still in its place.
fn unbound_exporter(name: &str) -> Image {
    Image {
        layers: vec![vec![program(&programs(), "busybox", "bin/busybox")]],
        pods: true,
        ..image(
            name,
            &[
                "/bin/busybox",
                "sh",
                "-c",
                "trap exit TERM; while :; do sleep 3600 & wait $!; done",
            ],
        )
    }
}

fn workload() -> Image {
    Image {
        layers: vec![
            debian(),
            vec![program(&programs(), "workload", "usr/local/bin/workload")],
        ],
        environment: vec![path(EVERYWHERE)],
        pods: true,
        ..image(WORKLOAD, &["workload"])
    }
}

/// Where programs lie in images that have Debian's.
pub const EVERYWHERE: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image of nothing yet.
#[must_use]
pub fn image(name: &str, entrypoint: &[&str]) -> Image {
    Image {
        name: name.to_owned(),
        layers: Vec::new(),
        environment: Vec::new(),
        entrypoint: entrypoint.iter().map(|&word| word.to_owned()).collect(),
        command: Vec::new(),
        user: String::new(),
        pods: false,
    }
}

fn path(folders: &str) -> String {
    format!("PATH={folders}")
}

fn program(folder: &Path, name: &str, to: &str) -> Part {
    Part::Program {
        from: folder.join(name),
        to: to.to_owned(),
    }
}

/// The layer with Debian's programs, which images share.
#[must_use]
pub fn debian() -> Vec<Part> {
    vec![Part::Root(debian_root())]
}

/// The folder of that layer.
#[must_use]
pub fn debian_root() -> PathBuf {
    cache().join("nodes/tools")
}

/// The folder of small programs that `node-image.sh` puts together.
#[must_use]
pub fn programs() -> PathBuf {
    cache().join("nodes/programs")
}

impl Image {
    /// What goes in, with sizes and times: an image is made again when this changes.
    ///
    /// # Errors
    /// When a program is missing.
    pub fn made_of(&self) -> Result<String> {
        let parts = self.layers.iter().flatten();
        let seen: Vec<String> = parts
            .map(seen)
            .collect::<Result<_>>()
            .with_context(|| format!("image {}", self.name))?;
        let (environment, entrypoint, user, pods) = (&self.environment, &self.entrypoint, &self.user, self.pods);
        let mut made_of = format!("{seen:?} {environment:?} {entrypoint:?} {user:?} {pods}");
        if !self.command.is_empty() {
            write!(made_of, " {:?}", self.command)?;
        }
        Ok(made_of)
    }
}

fn seen(part: &Part) -> Result<String> {
    let (Part::Root(from) | Part::Program { from, .. } | Part::File { from, .. }) = part else {
        return Ok(format!("{part:?}"));
    };
    let found = std::fs::metadata(from)
        .with_context(|| format!("{} is missing: run `make servers` and `make images`", from.display()))?;
    let time = found.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    Ok(format!("{part:?} {} {}", found.len(), time.as_secs()))
}
