#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn options(pairs: &[(&'static str, &str)]) -> Options {
    pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect()
}

fn node(address: &str, nodename: &str) -> (String, String) {
    (nodename.to_owned(), address.to_owned())
}

#[test]
fn a_server_of_etcd_answers_to_its_services_names() {
    let (nodename, address) = node("10.0.0.1", "cp1");
    let profile = Profile::of(&Certificate::EtcdServer { nodename, address }).unwrap();
    assert_eq!(profile.authority, Authority::Server);
    assert_eq!(profile.role, "system");
    let role = [
        ("ttl", "87600h"),
        ("max_ttl", "87600h"),
        ("client_flag", "false"),
        ("allow_any_name", "true"),
    ];
    assert_eq!(profile.role_options, options(&role));
    let asked = [
        ("common_name", "cp1"),
        (
            "alt_names",
            "localhost,cke-etcd,cke-etcd.kube-system,cke-etcd.kube-system.svc",
        ),
        ("ip_sans", "127.0.0.1,10.0.0.1"),
    ];
    assert_eq!(profile.options, options(&asked));
}

#[test]
fn root_of_etcd_lives_an_hour_by_a_role_of_its_own() {
    let profile = Profile::of(&Certificate::EtcdRoot).unwrap();
    assert_eq!(
        (profile.authority, profile.role.as_str()),
        (Authority::EtcdClient, "admin")
    );
    let role = [
        ("ttl", "2h"),
        ("max_ttl", "24h"),
        ("server_flag", "false"),
        ("allow_any_name", "true"),
    ];
    assert_eq!(profile.role_options, options(&role));
    let asked = [("common_name", "root"), ("exclude_cn_from_sans", "true"), ("ttl", "1h")];
    assert_eq!(profile.options, options(&asked));
    assert_eq!(profile.ttl(), "1h");
}

#[test]
fn an_api_server_answers_to_the_first_service_address() {
    for (subnet, ip) in [
        ("10.68.0.0/16", "10.68.0.1"),
        ("10.68.0.255/16", "10.68.1.0"),
        ("fd00::/112", "fd00::1"),
    ] {
        let certificate = Certificate::ApiServer {
            nodename: "cp1".to_owned(),
            address: "10.0.0.1".to_owned(),
            service_subnet: subnet.to_owned(),
            cluster_domain: "cluster.local".to_owned(),
        };
        let profile = Profile::of(&certificate).unwrap();
        assert_eq!(profile.options["ip_sans"], format!("127.0.0.1,10.0.0.1,{ip}"));
        assert!(profile.options["alt_names"].ends_with(",kubernetes.default.svc.cluster.local"));
    }
}

#[test]
fn a_service_network_that_is_none_is_named() {
    for subnet in ["", "10.68.0.0", "10.68.0.0/33", "fd00::/129", "a/16", "10.68.0.0/x"] {
        let refused = first_address(subnet).unwrap_err();
        assert!(refused.to_string().contains(&format!("{subnet:?}")), "{refused}");
    }
}

#[test]
fn a_kubelet_answers_to_its_name_where_it_has_one() {
    let names = |nodename: &str| {
        let (nodename, address) = node("10.0.0.1", nodename);
        Profile::of(&Certificate::Kubelet { nodename, address })
            .unwrap()
            .options
    };
    assert_eq!(names("10.0.0.1")["alt_names"], "localhost");
    assert_eq!(names("w1")["alt_names"], "localhost,w1");
    assert_eq!(names("w1")["common_name"], "system:node:w1");
}

#[test]
fn each_group_of_people_has_a_role_of_its_own() {
    let role = |group: &str| {
        let certificate = Certificate::User {
            user: "me".to_owned(),
            group: group.to_owned(),
            ttl: "2h".to_owned(),
        };
        Profile::of(&certificate).unwrap()
    };
    let (admins, developers) = (role("system:masters"), role("dev"));
    assert_ne!(admins.role, developers.role);
    assert_ne!(
        admins.role, "admin",
        "the name that others make and remove for any group"
    );
    assert_eq!(developers.role_options["organization"], "dev");
    assert_eq!(developers.role_options["max_ttl"], "48h");
    assert_eq!(role("dev"), developers);
}

#[test]
fn a_webhook_answers_to_its_services_names_for_twenty_years() {
    let certificate = Certificate::Webhook {
        namespace: "ns".to_owned(),
        service: "hook".to_owned(),
    };
    let profile = Profile::of(&certificate).unwrap();
    assert_eq!(profile.options["common_name"], "ns/hook");
    assert_eq!(profile.options["alt_names"], "hook,hook.ns,hook.ns.svc");
    assert_eq!(profile.role_options["max_ttl"], "175200h");
}
