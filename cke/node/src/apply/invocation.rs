//! The command that does an action on one node.
//!
//! Every command can be run again. Secrets are in its input, never in its text, which any user of the node can read.

use super::{ApplyError, archive, container};
use crate::shell::{join, quote};
use bytes::Bytes;
use cke_model::service::Mount;
use cke_model::{Action, ResolvedFile};
use std::collections::BTreeSet;
use std::fmt;

/// How long to wait for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It works on the node alone.
    Short,
    /// It may have to pull an image, or wait for a container to end.
    Long,
    /// It pulls an image, and is worth another attempt.
    Pull,
}

/// A command for one node.
#[derive(Clone, PartialEq)]
pub struct Invocation {
    /// For the shell of the node's user.
    pub command: String,
    /// Its input.
    pub stdin: Option<Bytes>,
    /// How long it may take.
    pub patience: Patience,
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("command", &self.command)
            .field(
                "stdin",
                &self
                    .stdin
                    .as_ref()
                    .map(|input| format!("({} bytes hidden)", input.len())),
            )
            .field("patience", &self.patience)
            .finish()
    }
}

/// The command that does `action` on the node of that address. `files` are what [`Action::WriteFiles`] writes there.
///
/// # Errors
/// [`ApplyError`], where the action is none for nodes, or not for this one.
pub fn invocation(action: &Action, address: &str, files: &[ResolvedFile]) -> Result<Invocation, ApplyError> {
    let unknown = || ApplyError::UnknownNode(address.to_owned());
    Ok(match action {
        Action::PullImage { image, .. } => Invocation {
            patience: Patience::Pull,
            ..alone(pull(image))
        },
        Action::MakeDirs { image, dirs, mode, .. } => make_dirs(image, dirs, mode),
        Action::EmptyDir { image, dir, .. } => {
            let bind = format!("{dir}:{}", mnt(dir));
            tool(image, &[], &[bind], &["empty-dir".to_owned(), mnt(dir)])
        }
        Action::InstallCni { image, binds, .. } => {
            let binds: Vec<String> = binds.iter().map(bind).collect();
            tool(image, &[], &binds, &["install-cni".to_owned()])
        }
        Action::WriteFiles { image, .. } => write_files(image, address, files)?,
        Action::RunContainer(run) => {
            let here = run.nodes.get(address).ok_or_else(unknown)?;
            let (command, label) = container::run(run, here);
            Invocation {
                command,
                stdin: Some(label),
                patience: Patience::Long,
            }
        }
        Action::StopContainer { name, .. } => Invocation {
            patience: Patience::Long,
            ..alone(container::stop(name))
        },
        Action::KillContainer { name, .. } => alone(container::kill(name)),
        Action::CreateVolume { name, .. } => alone(format!("docker volume create {} >/dev/null", quote(name))),
        Action::RemoveVolume { name, .. } => alone(remove_volume(name)),
        _ => return Err(ApplyError::NotForNodes),
    })
}

fn alone(command: String) -> Invocation {
    Invocation {
        command,
        stdin: None,
        patience: Patience::Short,
    }
}

/// Looks for the very name: one with a digest is found as well.
fn pull(image: &str) -> String {
    let image = quote(image);
    format!("docker image inspect --format . {image} >/dev/null 2>&1 || docker image pull --quiet {image} >/dev/null")
}

fn remove_volume(name: &str) -> String {
    let (filter, name) = (quote(&format!("name={name}")), quote(name));
    format!(
        "volumes=$(docker volume ls --quiet --filter {filter}) || exit\n\
         if printf '%s\\n' \"$volumes\" | grep -qxF -e {name}; then docker volume rm {name} >/dev/null; fi"
    )
}

/// Where the root of the node is for tools.
fn mnt(path: &str) -> String {
    format!("/mnt/{}", path.trim_start_matches('/'))
}

fn parent(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((parent, _)) => parent,
    }
}

/// The directories around paths, to be mounted at the same place below `/mnt`.
fn parents<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let parents: BTreeSet<&str> = paths.map(parent).collect();
    parents.into_iter().map(|dir| format!("{dir}:{}", mnt(dir))).collect()
}

fn bind(mount: &Mount) -> String {
    let mode = if mount.read_only { ":ro" } else { "" };
    format!("{}:{}{mode}", mount.source, mount.destination)
}

fn make_dirs(image: &str, dirs: &[String], mode: &str) -> Invocation {
    let mut command = vec!["make_directories".to_owned(), format!("--mode={mode}")];
    command.extend(dirs.iter().map(|dir| mnt(dir)));
    tool(image, &[], &parents(dirs.iter().map(String::as_str)), &command)
}

fn write_files(image: &str, address: &str, files: &[ResolvedFile]) -> Result<Invocation, ApplyError> {
    let archive = archive::pack(files).ok_or_else(|| ApplyError::NoFiles {
        node: address.to_owned(),
    })?;
    let command = ["write_files".to_owned(), "/mnt".to_owned()];
    let binds = parents(files.iter().map(|file| file.path.as_str()));
    Ok(Invocation {
        stdin: Some(archive),
        ..tool(image, &["-i"], &binds, &command)
    })
}

/// Runs a program of the tools image to its end. The image may have to be pulled.
fn tool(image: &str, options: &[&str], binds: &[String], command: &[String]) -> Invocation {
    let mut words: Vec<String> = ["docker", "run", "--log-driver=journald", "--rm"]
        .map(str::to_owned)
        .to_vec();
    words.extend(options.iter().map(|&option| option.to_owned()));
    words.extend(["--network=host", "--uts=host", "--read-only"].map(str::to_owned));
    for bind in binds {
        let mode = if bind.ends_with(":ro") { "" } else { ":rw" };
        words.push(format!("--volume={bind}{mode}"));
    }
    words.push(image.to_owned());
    words.extend(command.iter().cloned());
    Invocation {
        patience: Patience::Long,
        ..alone(join(words))
    }
}
