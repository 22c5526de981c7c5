#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use serde_json::json;

#[test]
fn end_points_survive_the_way_there_and_back() {
    let wanted = KubeEndpoints {
        name: "kubernetes".to_owned(),
        namespace: "default".to_owned(),
        labels: [("endpointslice.kubernetes.io/skip-mirror".to_owned(), "true".to_owned())].into(),
        subsets: vec![EndpointSubset {
            ready: vec!["10.0.0.1".to_owned()],
            not_ready: vec!["10.0.0.2".to_owned()],
            ports: vec![("https".to_owned(), 6443)],
        }],
    };
    assert_eq!(endpoints(to_endpoints(&wanted)), wanted);
    let slice = KubeEndpointSlice {
        name: "kubernetes".to_owned(),
        namespace: "default".to_owned(),
        labels: [(
            "endpointslice.kubernetes.io/managed-by".to_owned(),
            "cke.cybozu.com".to_owned(),
        )]
        .into(),
        address_type: "IPv4".to_owned(),
        endpoints: vec![
            (vec!["10.0.0.1".to_owned()], Some(true)),
            (vec!["10.0.0.2".to_owned()], Some(false)),
        ],
        ports: vec![(Some("https".to_owned()), Some(6443))],
    };
    assert_eq!(endpoint_slice(to_endpoint_slice(&slice)), slice);
}

#[test]
fn empty_lists_of_addresses_are_left_out() {
    let wanted = KubeEndpoints {
        subsets: vec![EndpointSubset::default()],
        ..KubeEndpoints::default()
    };
    let object = serde_json::to_value(to_endpoints(&wanted)).unwrap();
    assert_eq!(object["subsets"], json!([{"ports": []}]));
}

#[test]
fn a_node_is_ready_only_where_it_says_so() {
    let of = |conditions: serde_json::Value| {
        let object =
            json!({"metadata": {"name": "n"}, "spec": {"unschedulable": true}, "status": {"conditions": conditions}});
        node(serde_json::from_value(object).unwrap())
    };
    assert!(of(json!([{"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": "True"}])).ready);
    assert!(!of(json!([{"type": "Ready", "status": "Unknown"}])).ready);
    let bare = of(json!([]));
    assert!(!bare.ready && bare.unschedulable);
}

#[test]
fn only_our_server_side_apply_counts() {
    let of = |manager: &str, operation: &str| {
        let metadata = json!({"managedFields": [{"manager": manager, "operation": operation}]});
        resource(serde_json::from_value(metadata).unwrap()).applied_by_cke
    };
    assert!(of("cke", "Apply"));
    assert!(!of("cke", "Update"));
    assert!(!of("kubectl", "Apply"));
}
