//! The images that a suite needs beside a cluster's own: of CKE, made of the programs that are judged, and in the place of those that
//! only the internet has, under their names.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use testkit::fleet::images::{self as made, EVERYWHERE, Image, Part};

use super::folder::{Folder, PROGRAMS};

/// The name of CKE's image, for both sides.
pub const CKE: &str = "ghcr.io/cybozu-go/cke:dev";

const UNBOUND: &str = "ghcr.io/cybozu/unbound:1.25.1.1";
const EXPORTER: &str = "ghcr.io/cybozu/unbound_exporter:0.5.0.4";
const UBUNTU: &str = "ghcr.io/cybozu/ubuntu:24.04";
const HTTPD: &str = "ghcr.io/cybozu/testhttpd:0";

/// Small files that go into images.
const OWN: [(&str, &str); 5] = [
    ("exporter", include_str!("images/exporter")),
    ("figures", include_str!("images/figures")),
    ("exporter.conf", include_str!("images/exporter.conf")),
    ("pause", include_str!("images/pause")),
    // No trust anchor: the names that the lab serves are not signed.
    ("root.key", ""),
];

/// What nodes get in the place of images of the internet. Files that go in are put below `work`.
///
/// # Errors
/// When they cannot be written.
pub fn substitutes(work: &Path) -> Result<Vec<Image>> {
    for (name, text) in OWN {
        let file = work.join(name);
        std::fs::write(&file, text)?;
        std::fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    }
    let own = |name: &str, to: &str| Part::Program {
        from: work.join(name),
        to: to.to_owned(),
    };
    let workload = Part::Program {
        from: made::programs().join("workload"),
        to: "usr/local/bin/workload".to_owned(),
    };
    let exporter = vec![
        own("exporter", "usr/local/bin/exporter"),
        own("figures", "usr/local/bin/figures"),
        own("exporter.conf", "etc/exporter.conf"),
    ];
    let mut httpd = with_debian(HTTPD, vec![workload], &["workload"]);
    httpd.environment.push("PORT=8000".to_owned());
    Ok(vec![
        unbound(own("root.key", "usr/local/unbound/etc/unbound/root.key")),
        with_debian(EXPORTER, exporter, &["exporter"]),
        with_debian(UBUNTU, vec![own("pause", "usr/local/bin/pause")], &[]),
        httpd,
    ])
}

/// The usual one, with its control program where the original's image has it.
fn unbound(key: Part) -> Image {
    let mut image = made::unbound(UNBOUND);
    let control = Part::Program {
        from: made::debian_root().join("usr/sbin/unbound-control"),
        to: "usr/local/unbound/sbin/unbound-control".to_owned(),
    };
    image.layers.push(vec![key, control]);
    image
}

fn with_debian(name: &str, parts: Vec<Part>, entrypoint: &[&str]) -> Image {
    Image {
        layers: vec![made::debian(), parts],
        environment: vec![format!("PATH={EVERYWHERE}")],
        pods: true,
        ..made::image(name, entrypoint)
    }
}

/// The original's image as its recipe says, on Debian's programs instead of Ubuntu's.
///
/// # Errors
/// When it cannot be made.
pub fn of_original(folder: &Folder, work: &Path) -> Result<PathBuf> {
    let part = |name: &str, to: String| Part::Program {
        from: folder.program(name),
        to,
    };
    let mut parts: Vec<Part> = PROGRAMS
        .iter()
        .map(|name| part(name, format!("usr/local/cke/bin/{name}")))
        .collect();
    parts.push(part("install-tools", "usr/local/cke/install-tools".to_owned()));
    // That of busybox knows too little for what the suites run there.
    parts.push(Part::Program {
        from: PathBuf::from("/usr/bin/find"),
        to: "usr/bin/find".to_owned(),
    });
    save(vec![made::debian(), parts], work)
}

/// Our image: the root that its recipe lays out, with the `cke` that has failure points.
///
/// # Errors
/// When it cannot be laid out.
pub fn of_ours(work: &Path) -> Result<PathBuf> {
    let (built, programs, staged) = (
        neco_dctest::programs::folder(),
        work.join("programs"),
        work.join("staged"),
    );
    std::fs::create_dir_all(&programs)?;
    for (name, from) in [
        ("cke", "cke-failpoints"),
        ("ckecli", "ckecli"),
        ("cke-localproxy", "cke-localproxy"),
    ] {
        let from = built.join(from);
        std::fs::copy(&from, programs.join(name)).with_context(|| format!("{} is not built", from.display()))?;
    }
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cke/container/stage.sh");
    output(Command::new(recipe).arg(&programs).arg(&staged))?;
    save(vec![vec![Part::Root(staged.join("rootfs"))]], work)
}

/// User, entry point and path are those of both recipes.
fn save(mut layers: Vec<Vec<Part>>, work: &Path) -> Result<PathBuf> {
    layers.push(vec![Part::Open { path: "tmp".to_owned() }]);
    let image = Image {
        layers,
        environment: vec![format!("PATH=/usr/local/cke/bin:{EVERYWHERE}")],
        user: "10000:10000".to_owned(),
        ..made::image(CKE, &["/usr/local/cke/bin/cke"])
    };
    let file = work.join("cke.tar");
    made::save(&image, &file)?;
    Ok(file)
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
