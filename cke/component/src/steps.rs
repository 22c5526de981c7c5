//! The steps that operations of several components share, with the names that the history knows them by.

use cke_model::operation::{Action, ContainerOnNode, Content, NodeFile, NodeFiles, RunContainer};
use cke_model::service::Mount;
use cke_model::{Node, Operation, ServiceParams, Step};

pub(crate) fn addresses(nodes: &[&Node]) -> Vec<String> {
    nodes.iter().map(|node| node.address.clone()).collect()
}

/// An operation on nodes.
pub(crate) fn operation(name: impl Into<String>, nodes: &[&Node], steps: Vec<Step>) -> Operation {
    Operation {
        name: name.into(),
        targets: addresses(nodes),
        steps,
    }
}

pub(crate) fn step(name: &str, target: impl Into<String>, action: Action) -> Step {
    Step {
        name: name.to_owned(),
        target: target.into(),
        action,
    }
}

pub(crate) fn pull(nodes: &[&Node], image: &str) -> Step {
    let action = Action::PullImage {
        nodes: addresses(nodes),
        image: image.to_owned(),
    };
    step("image-pull", image, action)
}

pub(crate) fn make_dirs(nodes: &[&Node], tools: &str, dirs: &[&str], mode: &str) -> Step {
    let action = Action::MakeDirs {
        nodes: addresses(nodes),
        image: tools.to_owned(),
        dirs: dirs.iter().map(|&dir| dir.to_owned()).collect(),
        mode: mode.to_owned(),
    };
    step("make-dirs", dirs.join(" "), action)
}

/// Writes files; all nodes get files of the same names.
pub(crate) fn write_files(nodes: &[&Node], tools: &str, files: impl Fn(&Node) -> Vec<NodeFile>) -> Step {
    let nodes: Vec<_> = nodes
        .iter()
        .map(|node| NodeFiles {
            node: node.address.clone(),
            files: files(node),
        })
        .collect();
    let target = nodes.first().map(|first| file_names(&first.files)).unwrap_or_default();
    let image = tools.to_owned();
    step("make-files", target, Action::WriteFiles { image, nodes })
}

/// Paths as the history lists them: a pair is two files.
fn file_names(files: &[NodeFile]) -> String {
    let names = files.iter().map(|file| match file.content {
        Content::KeyPair(_) | Content::ServiceAccountKeyPair => format!("{0}.crt,{0}.key", file.path),
        _ => file.path.clone(),
    });
    names.collect::<Vec<_>>().join(",")
}

pub(crate) fn file(path: impl Into<String>, content: Content) -> NodeFile {
    NodeFile {
        path: path.into(),
        content,
    }
}

/// A container to run: what is the same on all nodes.
pub(crate) struct Container<'a> {
    pub(crate) name: &'a str,
    pub(crate) image: &'a str,
    pub(crate) options: &'a [&'a str],
    pub(crate) extra: ServiceParams,
}

impl Container<'_> {
    /// Starts the container; one that runs stays.
    pub(crate) fn start(self, nodes: &[&Node], built_in: impl Fn(&Node) -> ServiceParams) -> Step {
        self.run(nodes, built_in, false)
    }

    /// Kills one that runs, and starts the container anew.
    pub(crate) fn restart(self, nodes: &[&Node], built_in: impl Fn(&Node) -> ServiceParams) -> Step {
        self.run(nodes, built_in, true)
    }

    fn run(self, nodes: &[&Node], built_in: impl Fn(&Node) -> ServiceParams, restart: bool) -> Step {
        let target = self.name;
        step(
            "run-container",
            target,
            Action::RunContainer(self.on(nodes, built_in, restart)),
        )
    }

    pub(crate) fn on(self, nodes: &[&Node], built_in: impl Fn(&Node) -> ServiceParams, restart: bool) -> RunContainer {
        let on_node = |node: &&Node| {
            let on_node = ContainerOnNode {
                options: self.options.iter().map(|&option| option.to_owned()).collect(),
                built_in: built_in(node),
            };
            (node.address.clone(), on_node)
        };
        RunContainer {
            name: self.name.to_owned(),
            image: self.image.to_owned(),
            nodes: nodes.iter().map(on_node).collect(),
            extra: self.extra,
            restart,
        }
    }
}

pub(crate) fn stop_container(node: &[&Node], name: &str) -> Step {
    let action = Action::StopContainer {
        nodes: addresses(node),
        name: name.to_owned(),
    };
    step("stop-container", name, action)
}

pub(crate) fn kill_containers(nodes: &[&Node], name: &str) -> Step {
    let action = Action::KillContainer {
        nodes: addresses(nodes),
        name: name.to_owned(),
    };
    step("kill-containers", name, action)
}

pub(crate) fn create_volume(nodes: &[&Node], name: &str) -> Step {
    let action = Action::CreateVolume {
        nodes: addresses(nodes),
        name: name.to_owned(),
    };
    step("volume-create", name, action)
}

pub(crate) fn remove_volume(nodes: &[&Node], name: &str) -> Step {
    let action = Action::RemoveVolume {
        nodes: addresses(nodes),
        name: name.to_owned(),
    };
    step("volume-remove", name, action)
}

/// Kills and removes a component where it must not run.
pub(crate) fn stop(name: &str, nodes: &[&Node]) -> Operation {
    operation(format!("stop-{name}"), nodes, vec![kill_containers(nodes, name)])
}

/// A mount of the same path.
pub(crate) fn bind(path: &str, read_only: bool, propagation: &str, selinux_label: &str) -> Mount {
    Mount {
        source: path.to_owned(),
        destination: path.to_owned(),
        read_only,
        propagation: propagation.to_owned(),
        selinux_label: selinux_label.to_owned(),
        ..Mount::default()
    }
}

/// What every program of Kubernetes mounts.
pub(crate) fn kubernetes_binds() -> Vec<Mount> {
    vec![
        bind("/etc/machine-id", true, "", ""),
        bind("/etc/kubernetes", true, "", "z"),
    ]
}

pub(crate) fn params(args: Vec<String>, binds: Vec<Mount>) -> ServiceParams {
    ServiceParams {
        extra_args: Some(args),
        extra_binds: if binds.is_empty() { None } else { Some(binds) },
        ..ServiceParams::default()
    }
}
