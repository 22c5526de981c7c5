//! Commands that start and end the containers of components.

use crate::shell::{join, quote};
use bytes::Bytes;
use cke_model::operation::{ContainerOnNode, RunContainer};
use cke_model::service::{ContainerLabel, LABEL, Mount, ServiceParams};

/// `state NAME` prints `running`, `stopped` or `absent`; it fails where docker does.
const STATE: &str = r#"state() {
  if said=$(docker container inspect --format '{{.State.Running}}' "$1" 2>&1 </dev/null); then
    case $said in *true) echo running ;; *) echo stopped ;; esac
  else
    case $said in *'o such container'*) echo absent ;; *) echo "$said" >&2; return 1 ;; esac
  fi
}
"#;

/// `z LABEL` prints a mount's SELinux label as an option of docker, where this node enforces SELinux.
const SELINUX: &str = r#"z() { if [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ]; then printf ',%s' "$1"; fi; }
"#;

/// The command that starts a container, and its input: the label, which is too long and too private for a command.
pub(super) fn run(run: &RunContainer, here: &ContainerOnNode) -> (String, Bytes) {
    let name = quote(&run.name);
    let leave = if run.restart { "" } else { "  running) exit 0 ;;\n" };
    let command = format!(
        "{STATE}{SELINUX}found=$(state {name}) || exit\n\
         case $found in\n{leave}  absent) ;;\n  *) docker container rm --force {name} >/dev/null </dev/null || exit ;;\nesac\n\
         cat | {} >/dev/null\n",
        docker_run(run, here)
    );
    (command, label(run, here))
}

/// The arguments of `docker run`, quoted, in the order in which operators know them.
fn docker_run(run: &RunContainer, here: &ContainerOnNode) -> String {
    let name = format!("--name={}", run.name);
    let mut words = vec![join([
        "docker",
        "run",
        "--log-driver=journald",
        "-d",
        &name,
        "--read-only",
        "--network=host",
        "--uts=host",
    ])];
    words.extend(here.options.iter().map(|option| quote(option)));
    let both = [&here.built_in, &run.extra];
    words.extend(both.iter().flat_map(|params| mounts(params)).map(volume));
    words.extend(both.iter().flat_map(|params| environment(params)));
    words.push("--label-file=/dev/stdin".to_owned());
    words.push(quote(&run.image));
    let arguments = |params: &ServiceParams| params.extra_args.clone().unwrap_or_default();
    words.extend(
        both.iter()
            .flat_map(|params| arguments(params))
            .map(|argument| quote(&argument)),
    );
    words.join(" ")
}

fn mounts(params: &ServiceParams) -> &[Mount] {
    params.extra_binds.as_deref().unwrap_or_default()
}

fn volume(mount: &Mount) -> String {
    let mode = if mount.read_only { "ro" } else { "rw" };
    let propagation = if mount.propagation.is_empty() {
        String::new()
    } else {
        format!(",{}", mount.propagation)
    };
    let volume = quote(&format!(
        "--volume={}:{}:{mode}{propagation}",
        mount.source, mount.destination
    ));
    match mount.selinux_label.as_str() {
        "" => volume,
        label => format!("{volume}\"$(z {})\"", quote(label)),
    }
}

fn environment(params: &ServiceParams) -> Vec<String> {
    let variables = params.extra_env.iter().flatten();
    variables
        .flat_map(|(name, value)| ["-e".to_owned(), quote(&format!("{name}={value}"))])
        .collect()
}

/// What the container is compared by later.
fn label(run: &RunContainer, here: &ContainerOnNode) -> Bytes {
    let label = ContainerLabel {
        builtin: here.built_in.clone(),
        extra_params: run.extra.clone(),
        ..ContainerLabel::default()
    };
    // Plain strings, lists and maps always have a JSON form; an empty label would only make the container be replaced.
    let json = gojson::to_go_string(&label).unwrap_or_default();
    Bytes::from(format!("{LABEL}={json}\n"))
}

/// The command that ends a container with the time that it wants for its end, and removes it.
pub(super) fn stop(name: &str) -> String {
    let name = quote(name);
    format!(
        "{STATE}found=$(state {name}) || exit\n\
         case $found in running) docker container stop {name} >/dev/null || exit ;; esac\n\
         case $found in absent) ;; *) docker container rm {name} >/dev/null ;; esac\n"
    )
}

/// The command that ends a container at once, and removes it.
pub(super) fn kill(name: &str) -> String {
    let name = quote(name);
    format!(
        "{STATE}found=$(state {name}) || exit\n\
         case $found in absent) ;; *) docker container rm --force {name} >/dev/null ;; esac\n"
    )
}
