//! What a node is asked, in one command; and what is expected there.

use cke_model::names::{container, path};
use cke_model::{Cluster, Images, Node};
use std::fmt::Write as _;

/// Every line gets a tag, so that no content can be taken for another's. A hung docker must not hold the rest: its client is stopped.
const HEAD: &str = r#"LC_ALL=C; export LC_ALL
if command -v timeout >/dev/null 2>&1; then within() { timeout 6 "$@"; }; else within() { "$@"; }; fi
echo "clock:$(date +%s)"
docker=$(within docker version --format '{{.Server.Version}}' 2>/dev/null) && echo "docker:$docker" || docker=
for kind in space inodes; do
[ $kind = space ] && how=-P || how=-Pi
df $how / /var /var/lib/docker 2>/dev/null | awk -v kind=$kind 'NR > 1 { print "disk:" kind, $5, $6 }' | sort -u
done
[ -n "$docker" ] && within docker ps --format '{{.Names}}' 2>/dev/null | sed 's/^/runs:/'
"#;

/// Components of Kubernetes keep their certificates in files; some in a kubeconfig, which only who owns it reads.
fn certificates() -> String {
    format!(
        r#"for file in {}/*.crt {}/*.crt; do
[ -r "$file" ] && echo "file:$file" && sed 's/^/pem:/' "$file" && echo
done
for file in /etc/kubernetes/*/kubeconfig; do
[ -r "$file" ] && echo "file:$file" && sed -n 's/.*client-certificate-data: */base64:/p' "$file"
done
"#,
        path::ETCD_PKI,
        path::KUBERNETES_PKI
    )
}

/// The script for a POSIX shell.
pub(super) fn script(images: &[&str]) -> String {
    let mut script = HEAD.to_owned();
    for image in images {
        let image = format!("'{}'", image.replace('\'', r"'\''"));
        // Writing to a string does not fail.
        let _ = writeln!(
            script,
            r#"[ -n "$docker" ] && {{ within docker image inspect {image} >/dev/null 2>&1 || printf 'lacks:%s\n' {image}; }}"#
        );
    }
    script.push_str(&certificates());
    // What a file lacks is no failure of the script.
    script.push_str("true\n");
    script
}

/// Images that docker must have there; the rest is containerd's.
pub(super) fn images<'a>(node: &Node, images: &'a Images) -> Vec<&'a str> {
    let mut all = vec![images.kubernetes.as_str(), images.tools.as_str()];
    if node.control_plane {
        all.push(&images.etcd);
    }
    all
}

/// Containers that should run there.
pub(super) fn containers(cluster: &Cluster, node: &Node) -> Vec<&'static str> {
    let for_planes = [
        container::ETCD,
        container::ETCD_RIVERS,
        container::API_SERVER,
        container::CONTROLLER_MANAGER,
        container::SCHEDULER,
    ];
    let wanted = |name: &&str| match *name {
        container::PROXY => !cluster.options.kube_proxy.disable,
        name => node.control_plane || !for_planes.contains(&name),
    };
    container::ALL.into_iter().filter(wanted).collect()
}
