//! New clusters, and new templates for old ones.

use super::{cluster, kube_node, machine, now, shape, taint, template};
use crate::{Error, Generator, Machine, State};
use cke_model::Constraints;
use cke_model::cluster::Cluster;

fn machines() -> Vec<Machine> {
    let table = [
        ("cs", 0, State::Healthy),
        ("cs", 1, State::Retired),
        ("ss", 0, State::Unhealthy),
        ("ss", 1, State::Healthy),
    ];
    let numbered = (1..).zip(table);
    numbered
        .map(|(n, (role, rack, state))| machine(&format!("10.0.0.{n}"), role, rack, 365, state))
        .collect()
}

fn constraints() -> Constraints {
    Constraints::documented_defaults()
}

#[test]
fn a_new_cluster_is_the_template_with_nodes() {
    let mut template = template("", &[""]);
    template.nodes[1].taints = Some(vec![taint("foo", "", "NoExecute")]);
    let (machines, constraints) = (machines(), constraints());
    let mut generator = Generator::new(&template, &constraints, &machines, &[], now()).unwrap();
    let (generated, change) = generator.generate().unwrap();
    assert_eq!(
        (change.name, change.changes[0].as_str()),
        ("new", "generate new cluster")
    );
    assert_eq!(shape(&generated), "c1 w4");
    assert_eq!(generated.nodes[1].taints, template.nodes[1].taints);
    assert_eq!(
        Cluster {
            nodes: Vec::new(),
            ..generated
        },
        Cluster {
            nodes: Vec::new(),
            ..template.clone()
        }
    );
    assert_eq!((generator.unused_machines(), generator.workers_by_role()["ss"]), (0, 1));
}

#[test]
fn without_machines_there_is_no_cluster() {
    let (template, constraints) = (template("", &[""]), constraints());
    let mut generator = Generator::new(&template, &constraints, &[], &[], now()).unwrap();
    assert_eq!(generator.generate().unwrap_err(), Error::NotAvailable);
}

#[test]
fn a_new_template_keeps_the_nodes_whatever_their_taints() {
    let (template, constraints, machines) = (template("", &[""]), constraints(), machines());
    let kube_nodes = [kube_node("10.0.0.4", &[taint("somebody", "", "NoExecute")])];
    let mut generator = Generator::new(&template, &constraints, &machines, &kube_nodes, now()).unwrap();
    let (generated, change) = generator.regenerate(&cluster("c4 w1 w3")).unwrap();
    assert_eq!(
        (change.name, shape(&generated).as_str(), generated.name.as_str()),
        ("regenerate", "c4 w1 w3", "test")
    );
}

#[test]
fn a_new_template_waits_until_missing_nodes_are_removed() {
    let (template, constraints, machines) = (template("", &[""]), constraints(), machines());
    let mut generator = Generator::new(&template, &constraints, &machines, &[], now()).unwrap();
    let error = generator.regenerate(&cluster("c4 w1 w9")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to apply new template due to missing machines: 10.0.0.9"
    );
}

#[test]
fn a_role_without_a_template_is_an_error_and_no_panic() {
    let (template, constraints, machines) = (template("", &["cs", "gpu"]), constraints(), machines());
    let mut generator = Generator::new(&template, &constraints, &machines, &[], now()).unwrap();
    let error = generator.regenerate(&cluster("c1 w4")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the template has no node for role \"ss\" of machine 10.0.0.4"
    );
}

#[test]
fn a_template_without_control_plane_or_worker_is_refused() {
    let constraints = constraints();
    for (missing, name) in [(0, "control plane"), (1, "worker")] {
        let mut template = template("", &[""]);
        template.nodes.remove(missing);
        let error = Generator::new(&template, &constraints, &[], &[], now()).unwrap_err();
        assert_eq!(error, Error::BadTemplate(name));
    }
}

#[test]
fn what_breaks_a_rule_of_clusters_is_not_generated() {
    let (mut template, constraints) = (template("", &[""]), constraints());
    template.name = String::new();
    let machines = machines();
    let mut generator = Generator::new(&template, &constraints, &machines, &[], now()).unwrap();
    assert!(matches!(generator.generate(), Err(Error::Invalid(_))));
}
