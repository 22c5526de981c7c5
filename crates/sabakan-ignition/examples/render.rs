//! Builds a template from a YAML file and renders it for a machine; or compares with the output of another program.
//!
//! ```text
//! render TEMPLATE.yml [--meta META.json] [--machine MACHINE.json] [--built] [--v3.4]
//! ```
//!
//! Without `--machine` the made-up machine of validation is rendered. `--built` prints the stored template instead.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its purpose")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sabakan_ignition::{Prepared, Spec, Tree, Urls, build};
use sabakan_model::{Machine, decode_stored, to_go_json};

struct Disk;

impl Tree for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| error.to_string())
    }

    fn mode(&self, path: &Path) -> Result<u32, String> {
        fs::metadata(path)
            .map(|meta| meta.permissions().mode() & 0o777)
            .map_err(|error| error.to_string())
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        let parent = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::canonicalize(parent).map_err(|error| error.to_string())
    }
}

#[derive(Default)]
struct Args {
    template: String,
    meta: Option<String>,
    machine: Option<String>,
    built: bool,
    spec: Spec,
}

fn args() -> anyhow::Result<Args> {
    let mut given = std::env::args().skip(1);
    let mut args = Args::default();
    while let Some(arg) = given.next() {
        match arg.as_str() {
            "--meta" => args.meta = given.next(),
            "--machine" => args.machine = given.next(),
            "--built" => args.built = true,
            "--v3.4" => args.spec = Spec::V3_4,
            other if other.starts_with('-') => bail!("unknown flag {other}"),
            file => args.template = file.to_owned(),
        }
    }
    if args.template.is_empty() {
        bail!("usage: render TEMPLATE.yml [--meta META.json] [--machine MACHINE.json] [--built] [--v3.4]");
    }
    Ok(args)
}

fn main() -> anyhow::Result<()> {
    let args = args()?;
    let metadata = match &args.meta {
        Some(file) => Some(decode_stored(&fs::read(file).with_context(|| file.clone())?)?),
        None => None,
    };
    let built = build(&Disk, Path::new(&args.template), metadata)?;
    for warning in &built.warnings {
        eprintln!("warning: {warning}");
    }
    if args.built {
        println!("{}", String::from_utf8(to_go_json(&built.template)?)?);
        return Ok(());
    }
    let mut machine = Machine::default();
    machine.spec.serial = "1234abcd".to_owned();
    if let Some(file) = &args.machine {
        machine = decode_stored(&fs::read(file).with_context(|| file.clone())?)?;
    }
    let urls = Urls {
        http: "http://10.69.0.3:10080".into(),
        https: "https://10.69.0.3:10443".into(),
    };
    println!(
        "{}",
        Prepared::new(&built.template)?.render(&machine, &urls, args.spec)?
    );
    Ok(())
}
