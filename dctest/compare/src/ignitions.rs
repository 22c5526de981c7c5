//! Ignition templates through both: the original's client and server, and ours in this process. What is stored and what
//! machines get must be the same bytes.
//!
//! The templates are the original's own test data, those of this project's tests, and where `NECO_ORIGINAL_NECO` names a
//! checkout of Neco, its `ignitions/roles`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use sabakan_ignition::{Prepared, Spec, Tree, Urls, build};
use sabakan_model::{Machine, decode_stored, to_go_json};
use serde_json::{Map, Value, json};

use crate::programs::Programs;
use crate::site::{Server, Site};

/// Names a checkout of Neco.
pub const NECO: &str = "NECO_ORIGINAL_NECO";

/// Machines to render for, by serial and role.
const MACHINES: [(&str, &str, u32); 3] = [("ign-boot", "boot", 0), ("ign-cs", "cs", 1), ("ign<ss>", "ss", 7)];

struct Disk;

impl Tree for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| error.to_string())
    }

    fn mode(&self, path: &Path) -> Result<u32, String> {
        let meta = fs::metadata(path).map_err(|error| error.to_string())?;
        Ok(meta.permissions().mode() & 0o777)
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        fs::canonicalize(file.parent().unwrap_or(Path::new("/"))).map_err(|error| error.to_string())
    }
}

/// Stores and renders every template with the original, and compares with ours.
///
/// # Errors
/// When a program cannot be run, or when one byte differs.
pub async fn compare(original: &Programs) -> anyhow::Result<()> {
    let site = Site::start(original).await?;
    let server = site.server("original").await?;
    let machines = register(&site, &server).await?;
    let sources = sources(original)?;
    let (mut equal, mut faults) = (0, 0);
    for (number, source) in sources.iter().enumerate() {
        for machine in &machines {
            let id = format!("1.0.{number}");
            match one(&site, &server, source, machine, &id).await {
                Ok(()) => equal += 1,
                Err(error) => {
                    faults += 1;
                    println!("--- {} for {}: {error:#}", source.display(), machine.spec.serial);
                }
            }
        }
    }
    println!(
        "{equal} renderings of {} templates are equal, {faults} are not",
        sources.len()
    );
    if faults > 0 {
        bail!("{faults} renderings differ");
    }
    Ok(())
}

async fn register(site: &Site, server: &Server) -> anyhow::Result<Vec<Machine>> {
    let ipam = json!({
        "max-nodes-in-rack": 28, "node-ipv4-pool": "10.69.0.0/20", "node-ipv4-offset": "", "node-ipv4-range-size": 6,
        "node-ipv4-range-mask": 26, "node-ip-per-node": 3, "node-index-offset": 3, "node-gateway-offset": 1,
        "bmc-ipv4-pool": "10.72.16.0/20", "bmc-ipv4-offset": "0.0.1.0", "bmc-ipv4-range-size": 5,
        "bmc-ipv4-range-mask": 20, "bmc-ipv4-gateway-offset": 1,
    });
    let url = |path: &str| format!("{}/api/v1/{path}", server.url);
    site.http
        .put(url("config/ipam"))
        .json(&ipam)
        .send()
        .await?
        .error_for_status()?;
    let specs: Vec<Value> = MACHINES
        .iter()
        .map(|(serial, role, rack)| {
            json!({"serial": serial, "role": role, "rack": rack, "labels": {"machine-type": "qemu", "product": "vm"},
                   "retire-date": "2031-11-05T23:04:05+09:00", "bmc": {"type": "IPMI-2.0"}})
        })
        .collect();
    let answer = site.http.post(url("machines")).json(&specs).send().await?;
    if !answer.status().is_success() {
        bail!("machines are not registered: {}", answer.text().await?);
    }
    let mut machines = Vec::new();
    for (serial, ..) in MACHINES {
        let answer = site
            .http
            .get(url("machines"))
            .query(&[("serial", serial)])
            .send()
            .await?;
        let found: Vec<Machine> = decode_stored(&answer.error_for_status()?.bytes().await?)?;
        machines.extend(found);
    }
    Ok(machines)
}

/// The YAML files to try.
fn sources(original: &Programs) -> anyhow::Result<Vec<PathBuf>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/sabakan-ignition/tests/templates");
    let mut sources = vec![
        original.folder.join("testdata/test/test.yml"),
        original.folder.join("testdata/base/base.yml"),
    ];
    sources.extend(["worker/site.yml", "common/common.yml", "legacy/site.yml"].map(|file| own.join(file)));
    let Some(neco) = std::env::var_os(NECO) else {
        println!("{NECO} is not set: Neco's own templates are left out");
        return Ok(sources);
    };
    let roles = Path::new(&neco).join("ignitions/roles");
    for role in fs::read_dir(&roles).with_context(|| roles.display().to_string())? {
        for file in fs::read_dir(role?.path())? {
            sources.push(file?.path());
        }
    }
    sources.retain(|file| file.extension().is_some_and(|extension| extension == "yml"));
    sources.sort();
    Ok(sources)
}

async fn one(site: &Site, server: &Server, source: &Path, machine: &Machine, id: &str) -> anyhow::Result<()> {
    let role = &machine.spec.role;
    let metadata = tempfile::NamedTempFile::new()?;
    fs::write(metadata.path(), Value::Object(metadata_for(source)).to_string())?;
    store(site, server, source, metadata.path(), role, id)?;

    let built = build(&Disk, source, Some(decode_stored(&fs::read(metadata.path())?)?))?;
    let stored = get(site, &format!("{}/api/v1/ignitions/{role}/{id}", server.url)).await?;
    same(
        "stored",
        &String::from_utf8(to_go_json(&built.template)?)?,
        stored.trim_end(),
    )?;

    let mut url = reqwest::Url::parse(&server.url)?;
    url.path_segments_mut().ok().context("a URL with a path")?.extend([
        "api",
        "v1",
        "boot",
        "ignitions",
        &machine.spec.serial,
        id,
    ]);
    let rendered = get(site, url.as_str()).await?;
    let urls = Urls {
        http: server.url.clone(),
        https: server.https.clone(),
    };
    let ours = Prepared::new(&built.template)?.render(machine, &urls, Spec::Stored)?;
    same("rendered", &ours, rendered.trim_end())
}

fn store(site: &Site, server: &Server, source: &Path, metadata: &Path, role: &str, id: &str) -> anyhow::Result<()> {
    let mut command = Command::new(site.program("sabactl"));
    command
        .args(["--server", &server.url, "ignitions", "set", "-f"])
        .arg(source);
    let output = command.arg("--meta").arg(metadata).args([role, id]).output()?;
    if !output.status.success() {
        bail!("the original refuses it: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

async fn get(site: &Site, url: &str) -> anyhow::Result<String> {
    let answer = site.http.get(url).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{url}: {status}: {text}");
    }
    Ok(text)
}

fn same(what: &str, ours: &str, theirs: &str) -> anyhow::Result<()> {
    if ours == theirs {
        return Ok(());
    }
    let at = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
    let from = at.saturating_sub(40);
    let part = |text: &str| {
        String::from_utf8_lossy(text.as_bytes().get(from..).unwrap_or_default())
            .chars()
            .take(120)
            .collect::<String>()
    };
    bail!(
        "{what} differs at byte {at}\n    ours:     {}\n    original: {}",
        part(ours),
        part(theirs)
    )
}

/// A value for each key that some template near `source` asks for.
fn metadata_for(source: &Path) -> Map<String, Value> {
    let mut keys = BTreeSet::new();
    let root = source
        .parent()
        .and_then(Path::parent)
        .and_then(Path::parent)
        .unwrap_or(source);
    collect(root, 8, &mut keys);
    let value = |key: &str| match key {
        "boot_servers" => json!([0, 1, 18]),
        "number" => json!(1_234_567),
        "proxy_url" => json!(""),
        _ => json!(format!("{key}-v1.2 <x&y>")),
    };
    keys.iter().map(|key| (key.clone(), value(key))).collect()
}

fn collect(folder: &Path, depth: usize, keys: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, keys);
            }
            continue;
        }
        let text = fs::read(&path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let quoted = text
            .split("Metadata \"")
            .skip(1)
            .chain(text.split("Metadata \\\"").skip(1));
        keys.extend(
            quoted
                .filter_map(|rest| rest.split(['"', '\\']).next())
                .map(str::to_owned),
        );
    }
}
