//! The images that the tests run in pods, made from what lies on this machine, under the names that the tests use.
//!
//! Kubernetes' own images are built on Alpine's and Docker's; these are built on Debian's packages, around the same programs where the tests are
//! about them. [`TABLE`] says what is another program than the name promises.

use std::path::{Path, PathBuf};

use testkit::fleet::images::{EVERYWHERE, Image, Part};

/// What stands under which name, for the page: the image, and what it is made of.
pub const TABLE: [(&str, &str); 11] = [
    (
        AGNHOST,
        "`agnhost` of the same Go module, on Debian's curl, dig, nc, iproute2; its CoreDNS is this lab's",
    ),
    (AGNHOST_PREVIOUS, "the same under the tag before it"),
    (BUSYBOX, "Debian's busybox 1.35, with bash as `sh`"),
    (PAUSE, "this lab's `pause`"),
    (NGINX, "Debian's nginx 1.22"),
    (NGINX_NEW, "the same under the next tag"),
    (NAUTILUS, "`agnhost` with the pictures of the same Go module"),
    (DNSUTILS, "Debian's dnsutils"),
    (NONROOT, "Debian, run by user 1234"),
    (NONEWPRIVS, "`nnp` of the same Go module, on Debian"),
    (
        SAMPLE_APISERVER,
        "the Go module `k8s.io/sample-apiserver` of the tests' version; with etcd 3.6.16 as `registry.k8s.io/etcd:3.6.6-0`",
    ),
];

const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.59";
const AGNHOST_PREVIOUS: &str = "registry.k8s.io/e2e-test-images/agnhost:2.55";
const BUSYBOX: &str = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1";
const PAUSE: &str = "registry.k8s.io/pause:3.10.1";
const NGINX: &str = "registry.k8s.io/e2e-test-images/nginx:1.14-4";
const NGINX_NEW: &str = "registry.k8s.io/e2e-test-images/nginx:1.15-4";
const NAUTILUS: &str = "registry.k8s.io/e2e-test-images/nautilus:1.7";
const DNSUTILS: &str = "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7";
const NONROOT: &str = "registry.k8s.io/e2e-test-images/nonroot:1.4";
const NONEWPRIVS: &str = "registry.k8s.io/e2e-test-images/nonewprivs:1.3";
const SAMPLE_APISERVER: &str = "registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2";
const ETCD: &str = "registry.k8s.io/etcd:3.6.6-0";

/// Where things lie.
#[derive(Debug, Clone)]
pub struct Sources {
    cache: PathBuf,
}

impl Sources {
    /// Below the folder that all checkouts share.
    #[must_use]
    pub fn new(cache: &Path) -> Sources {
        let cache = cache.to_owned();
        Sources { cache }
    }

    /// The folder that `servers.sh conformance` and `conformance-root.sh` fill.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.cache.join("conformance")
    }

    /// All images.
    #[must_use]
    pub fn images(&self) -> Vec<Image> {
        vec![
            self.agnhost(AGNHOST),
            self.agnhost(AGNHOST_PREVIOUS),
            self.busybox(),
            self.pause(),
            self.debian(NGINX, &["nginx"]),
            self.debian(NGINX_NEW, &["nginx"]),
            self.nautilus(),
            self.debian(DNSUTILS, &["sleep", "infinity"]),
            self.nonroot(),
            self.nonewprivs(),
            self.sample_apiserver(),
            self.etcd(),
        ]
    }

    fn agnhost(&self, name: &str) -> Image {
        let mut image = self.debian(name, &["/agnhost"]);
        image.layers.push(vec![
            self.own("agnhost", "agnhost"),
            Part::Root(self.folder().join("files/agnhost")),
            self.lab("bin/coredns", "coredns"),
        ]);
        image.command = words(&["pause"]);
        image
    }

    fn nautilus(&self) -> Image {
        let mut image = self.agnhost(NAUTILUS);
        image
            .layers
            .push(vec![Part::Root(self.folder().join("files/nautilus"))]);
        image.command = words(&["test-webserver"]);
        image
    }

    fn busybox(&self) -> Image {
        let mut image = image(BUSYBOX, &[]);
        image.layers = vec![vec![Part::Root(self.folder().join("busybox")), open("tmp")]];
        image.command = words(&["sh"]);
        image
    }

    fn pause(&self) -> Image {
        let mut image = image(PAUSE, &["/pause"]);
        image.layers = vec![vec![self.lab("nodes/programs/pause", "pause")]];
        image
    }

    fn nonroot(&self) -> Image {
        let mut image = self.debian(NONROOT, &[]);
        "1234".clone_into(&mut image.user);
        image.command = words(&["bash"]);
        image
    }

    fn nonewprivs(&self) -> Image {
        let mut image = self.debian(NONEWPRIVS, &[]);
        image.layers.push(vec![Part::File {
            from: self.folder().join("nnp"),
            to: "usr/local/bin/nnp".to_owned(),
            mode: 0o6755,
        }]);
        image.command = words(&["nnp"]);
        image
    }

    fn sample_apiserver(&self) -> Image {
        let mut image = image(SAMPLE_APISERVER, &["/sample-apiserver"]);
        image.layers = vec![vec![self.own("sample-apiserver", "sample-apiserver"), open("tmp")]];
        image
    }

    fn etcd(&self) -> Image {
        let mut image = image(ETCD, &[]);
        image.layers = vec![vec![self.lab("bin/etcd", "usr/local/bin/etcd"), open("tmp")]];
        image
    }

    fn debian(&self, name: &str, entrypoint: &[&str]) -> Image {
        let mut image = image(name, entrypoint);
        image.layers = vec![vec![Part::Root(self.folder().join("debian")), open("tmp")]];
        image
    }

    fn own(&self, file: &str, to: &str) -> Part {
        self.lab(&format!("conformance/{file}"), to)
    }

    fn lab(&self, file: &str, to: &str) -> Part {
        Part::Program {
            from: self.cache.join(file),
            to: to.to_owned(),
        }
    }
}

fn open(path: &str) -> Part {
    Part::Open { path: path.to_owned() }
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|&word| word.to_owned()).collect()
}

fn image(name: &str, entrypoint: &[&str]) -> Image {
    Image {
        name: name.to_owned(),
        layers: Vec::new(),
        environment: vec![format!("PATH={EVERYWHERE}")],
        entrypoint: words(entrypoint),
        command: Vec::new(),
        user: String::new(),
        pods: true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_explained() {
        let images = Sources::new(Path::new("/cache")).images();
        for image in &images {
            let told = TABLE
                .iter()
                .any(|(name, text)| *name == image.name || text.contains(&image.name));
            assert!(told, "{} is not in the table", image.name);
            assert!(image.pods, "{} is for pods", image.name);
        }
    }
}
