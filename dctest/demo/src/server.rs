//! The boot server: etcd, sabakan, and what sabakan is told about the rack.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use testkit::machine::Guest;

use crate::certificate;
use crate::network::BOOT_SERVER;
use crate::process::{output, wait_for};
use crate::state::{Demo, cache};

/// How long a server may take to answer; a busy machine takes a few seconds.
const STARTS: Duration = Duration::from_secs(60);

/// Starts etcd on the boot server's loopback address.
pub(crate) fn start_etcd(demo: &mut Demo) -> Result<()> {
    let etcd = cache()?.join("bin/etcd");
    if !etcd.exists() {
        bail!("{} is missing: run `make setup`", etcd.display());
    }
    let data = demo.dir.join("etcd");
    let namespace = demo.boot_ns.clone();
    demo.spawn("etcd", &namespace, &etcd, &[format!("--data-dir={}", data.display())])?;
    until_answer(demo, "etcd", "http://127.0.0.1:2379/health")
}

/// Starts sabakan with a certificate from an authority of this demo's own.
pub(crate) fn start_sabakan(demo: &mut Demo) -> Result<()> {
    certificate::write(&demo.dir)?;
    let file = |name: &str| demo.dir.join(name).display().to_string();
    // JSON is YAML, too.
    let config = json!({
        "dhcp-bind": "0.0.0.0:67",
        "data-dir": file("data"),
        "advertise-url": format!("http://{BOOT_SERVER}:10080"),
        "advertise-url-https": format!("https://{BOOT_SERVER}:10443"),
        "server-cert": file("server.crt"),
        "server-key": file("server.key"),
        "etcd": { "endpoints": ["http://127.0.0.1:2379"] },
    });
    std::fs::create_dir_all(demo.dir.join("data"))?;
    let config_file = demo.dir.join("sabakan.yml");
    std::fs::write(&config_file, serde_json::to_vec_pretty(&config)?)?;
    let cryptsetup = demo.dir.join("sabakan-cryptsetup");
    // The machine has little memory, and a debug build is mostly debug information.
    output(
        Command::new("strip")
            .arg("-o")
            .arg(&cryptsetup)
            .arg(program(demo, "sabakan-cryptsetup")?),
    )?;
    let arguments = [
        format!("SABAKAN_CRYPTSETUP={}", cryptsetup.display()),
        program(demo, "sabakan")?.display().to_string(),
        format!("--config-file={}", config_file.display()),
    ];
    let namespace = demo.boot_ns.clone();
    demo.spawn("sabakan", &namespace, Path::new("/usr/bin/env"), &arguments)?;
    until_answer(demo, "sabakan", "http://127.0.0.1:10080/health")
}

/// Tells sabakan of the rack, its machines, what they boot and how they are set up.
pub(crate) fn configure(demo: &Demo) -> Result<()> {
    write_sabactl(demo)?;
    let guest = Guest::ensure()?;
    let site = demo.dir.join("site");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("site"), &site)?;
    let certificates = site.join("node/files/etc/sabakan");
    std::fs::create_dir_all(&certificates)?;
    std::fs::copy(demo.dir.join("ca.crt"), certificates.join("sabakan-tls-ca.crt"))?;
    let file = |name: &str| site.join(name).display().to_string();
    let (kernel, initrd) = (guest.kernel.display().to_string(), guest.initrd.display().to_string());
    for arguments in [
        vec!["ipam", "set", "-f", &file("ipam.json")],
        vec!["dhcp", "set", "-f", &file("dhcp.json")],
        vec!["machines", "create", "-f", &file("machines.json")],
        vec!["images", "upload", "6.1.0", &kernel, &initrd],
        vec!["kernel-params", "set", "console=ttyS0 quiet"],
        vec!["ignitions", "set", "-f", &file("node/worker.yml"), "worker", "1.0.0"],
    ] {
        println!("    sabactl {}", arguments.join(" "));
        output(Command::new(demo.dir.join("sabactl")).args(&arguments))?;
    }
    Ok(())
}

/// A script that runs sabactl on the boot server.
fn write_sabactl(demo: &Demo) -> Result<()> {
    let script = demo.dir.join("sabactl");
    let program = program(demo, "sabactl")?;
    let text = format!(
        "#!/bin/sh\nexport SABAKAN_CA={}\nexec nsenter --net=/run/netns/{} {} \"$@\"\n",
        demo.dir.join("ca.crt").display(),
        demo.boot_ns,
        program.display()
    );
    write_script(&script, &text)
}

/// Writes a text that can be run.
pub(crate) fn write_script(script: &Path, text: &str) -> Result<()> {
    std::fs::write(script, text)?;
    Ok(std::fs::set_permissions(
        script,
        std::fs::Permissions::from_mode(0o755),
    )?)
}

/// What a URL on the boot server answers; none when it does not answer with success.
pub(crate) fn fetch(demo: &Demo, url: &str) -> Option<String> {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/run/netns/{}", demo.boot_ns))
        .args(["curl", "-sf", "--max-time", "5", url]);
    output(&mut command).ok()
}

/// Waits until a URL answers, for as long as its server runs.
pub(crate) fn until_answer(demo: &Demo, name: &str, url: &str) -> Result<()> {
    wait_for(&format!("{name} at {url}"), STARTS, || {
        let process = demo.processes.iter().find(|process| process.name == name);
        if process.is_none_or(|process| !process.runs()) {
            let log = std::fs::read_to_string(demo.dir.join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(5).collect();
            bail!(
                "{name} has ended: {}",
                lines.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
        Ok(fetch(demo, url).is_some())
    })
}

/// A program that was built beside this one.
pub(crate) fn program(demo: &Demo, name: &str) -> Result<PathBuf> {
    let path = demo.programs.join(name);
    if !path.exists() {
        bail!("{} is missing: build it with `cargo build -p {name}`", path.display());
    }
    Ok(path)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
