//! What runs on the boot server for the cluster: a Vault, and CKE, in the etcd that sabakan uses too.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::nodes;
use crate::network::BOOT_SERVER;
use crate::process::{output, wait_for};
use crate::server::{program, until_answer, write_script};
use crate::state::Demo;

/// Of a Vault that keeps everything in memory and dies with the demo.
const TOKEN: &str = "demo";
const STARTS: Duration = Duration::from_secs(60);

fn vault() -> String {
    format!("http://{BOOT_SERVER}:8200")
}

/// Starts a Vault in development mode, and turns on what CKE logs in by.
pub(super) fn start_vault(demo: &mut Demo) -> Result<()> {
    let namespace = demo.boot_ns.clone();
    let arguments = [
        format!("BAO_DEV_ROOT_TOKEN_ID={TOKEN}"),
        super::installed("bao")?.display().to_string(),
        "server".to_owned(),
        "-dev".to_owned(),
        "-dev-no-store-token".to_owned(),
        format!("-dev-listen-address={BOOT_SERVER}:8200"),
    ];
    demo.spawn("vault", &namespace, Path::new("/usr/bin/env"), &arguments)?;
    until_answer(demo, "vault", &format!("{}/v1/sys/health", vault()))?;
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/run/netns/{namespace}"))
        .args(["curl", "-sf", "-X", "POST", "-d", r#"{"type":"approle"}"#, "-H"])
        .arg(format!("X-Vault-Token: {TOKEN}"))
        .arg(format!("{}/v1/sys/auth/approle", vault()));
    output(&mut command).map(drop)
}

/// Tells CKE of the Vault, the nodes' key, sabakan and the template.
pub(super) fn configure(demo: &Demo) -> Result<()> {
    let config = demo.dir.join("cke.yml");
    std::fs::write(&config, json!({"endpoints": ["http://127.0.0.1:2379"]}).to_string())?;
    let text = format!(
        "#!/bin/sh\nexport VAULT_TOKEN={TOKEN}\nexec nsenter --net=/run/netns/{} {} --config {} \"$@\"\n",
        demo.boot_ns,
        program(demo, "ckecli")?.display(),
        config.display(),
    );
    write_script(&demo.dir.join("ckecli"), &text)?;
    let site = |name: &str| demo.dir.join("site/cluster").join(name).display().to_string();
    let key = nodes::key(demo)?.display().to_string();
    for arguments in [
        vec!["vault", "init", "--endpoint", &vault()],
        vec!["vault", "ssh-privkey", &key],
        vec!["constraints", "set", "control-plane-count", "1"],
        vec!["sabakan", "set-url", &nodes::sabakan_url()],
        vec!["sabakan", "set-variables", &site("variables.json")],
        vec!["sabakan", "set-template", &site("template.yml")],
    ] {
        println!("    ckecli {}", arguments.join(" "));
        output(Command::new(demo.dir.join("ckecli")).args(&arguments))?;
    }
    Ok(())
}

/// Starts the daemon.
pub(super) fn start_cke(demo: &mut Demo) -> Result<()> {
    let (namespace, program) = (demo.boot_ns.clone(), program(demo, "cke")?);
    let arguments = [
        format!("--config={}", demo.dir.join("cke.yml").display()),
        "--interval=5s".to_owned(),
        "--session-ttl=10s".to_owned(),
    ];
    demo.spawn("cke", &namespace, &program, &arguments)?;
    until_answer(demo, "cke", "http://127.0.0.1:10180/version")
}

/// A script that runs kubectl as the administrator.
pub(super) fn write_kubectl(demo: &Demo) -> Result<()> {
    let kubeconfig = demo.dir.join("kubeconfig");
    let mut issued = None;
    wait_for("an administrator's certificate", STARTS, || {
        issued = output(Command::new(demo.dir.join("ckecli")).args(["kubernetes", "issue"])).ok();
        Ok(issued.is_some())
    })?;
    std::fs::write(&kubeconfig, issued.unwrap_or_default())?;
    let text = format!(
        "#!/bin/sh\nexec nsenter --net=/run/netns/{} {} --kubeconfig {} \"$@\"\n",
        demo.boot_ns,
        super::installed("kubectl")?.display(),
        kubeconfig.display(),
    );
    write_script(&demo.dir.join("kubectl"), &text)
}
