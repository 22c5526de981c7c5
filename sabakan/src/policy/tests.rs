#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::route::{GRAPHQL_FIELDS, ROUTES, RouteId};
use std::collections::BTreeMap;

const ENFORCE: Rules = Rules {
    mode: Mode::Enforce,
    require_operator_identity: false,
    require_peer_identity: false,
    require_machine_identity: false,
    require_boot_token: false,
    open_assets: false,
};

/// One caller of each kind, all asking for what belongs to machine `R0N1`.
fn callers() -> BTreeMap<&'static str, Caller> {
    let machine = |serial: &str| Some(serial.to_owned());
    BTreeMap::from([
        (
            "localhost",
            Caller {
                local: true,
                ..Caller::default()
            },
        ),
        (
            "allow-ips",
            Caller {
                allowed: true,
                ..Caller::default()
            },
        ),
        (
            "read-ips",
            Caller {
                reader: true,
                ..Caller::default()
            },
        ),
        (
            "peer",
            Caller {
                peer: true,
                ..Caller::default()
            },
        ),
        (
            "the machine",
            Caller {
                machine: machine("R0N1"),
                in_rack_of_target: true,
                ..Caller::default()
            },
        ),
        (
            "its rack",
            Caller {
                rack: Some(0),
                in_rack_of_target: true,
                ..Caller::default()
            },
        ),
        (
            "another machine",
            Caller {
                machine: machine("R1N1"),
                rack: Some(1),
                ..Caller::default()
            },
        ),
        (
            "another rack",
            Caller {
                rack: Some(1),
                ..Caller::default()
            },
        ),
        ("stranger", Caller::default()),
        (
            "operator by certificate",
            Caller {
                identity: Some(Identity::Operator("ann".into())),
                ..Caller::default()
            },
        ),
        (
            "peer by certificate",
            Caller {
                identity: Some(Identity::Peer),
                ..Caller::default()
            },
        ),
        (
            "the machine by certificate",
            Caller {
                identity: Some(Identity::Machine("R0N1".into())),
                ..Caller::default()
            },
        ),
        (
            "a machine by certificate",
            Caller {
                identity: Some(Identity::Machine("R1N1".into())),
                ..Caller::default()
            },
        ),
    ])
}

/// Who gets in, for each audience. Written out again here, so that a slip in `decide` cannot hide.
fn expected(audience: Audience) -> &'static [&'static str] {
    match audience {
        Audience::Anyone => &[
            "localhost",
            "allow-ips",
            "read-ips",
            "peer",
            "the machine",
            "its rack",
            "another machine",
            "another rack",
            "stranger",
            "operator by certificate",
            "peer by certificate",
            "the machine by certificate",
            "a machine by certificate",
        ],
        Audience::Operators => &["localhost", "allow-ips", "operator by certificate"],
        Audience::Readers => &["localhost", "allow-ips", "read-ips", "operator by certificate"],
        Audience::AssetReaders => &[
            "localhost",
            "allow-ips",
            "peer",
            "the machine",
            "its rack",
            "another machine",
            "another rack",
            "operator by certificate",
            "peer by certificate",
            "the machine by certificate",
            "a machine by certificate",
        ],
        Audience::Owner => &[
            "localhost",
            "allow-ips",
            "the machine",
            "its rack",
            "operator by certificate",
            "the machine by certificate",
        ],
    }
}

/// The audience that each handler must have, by name. A new route fails to compile here until it is listed.
fn audience_of(id: RouteId) -> Audience {
    use RouteId as R;
    match id {
        R::BootIpxeEfi | R::BootIpxeChain | R::BootIpxeScript | R::BootKernel | R::BootInitrd | R::Cryptsetup => {
            Audience::Anyone
        }
        R::Health | R::Version | R::Metrics | R::ImageGet => Audience::Anyone,
        R::AssetGet | R::AssetMeta => Audience::AssetReaders,
        R::BootIgnition | R::CryptGet | R::CryptPut => Audience::Owner,
        R::MachineList | R::StateGet | R::IpamGet | R::DhcpGet | R::KernelParamsGet | R::ImageIndex | R::AssetIndex => {
            Audience::Readers
        }
        R::BootLogList | R::BootLogMachine | R::Graphql | R::Playground => Audience::Readers,
        R::IpamPut | R::DhcpPut | R::KernelParamsPut | R::MachineRegister | R::MachineDelete | R::StatePut => {
            Audience::Operators
        }
        R::LabelPut | R::LabelDelete | R::RetireDatePut | R::ImagePut | R::ImageDelete | R::AssetPut => {
            Audience::Operators
        }
        R::AssetDelete | R::IgnitionList | R::IgnitionGet | R::IgnitionPut | R::IgnitionDelete => Audience::Operators,
        R::CryptDelete | R::Logs => Audience::Operators,
    }
}

fn check(what: &str, ask: &Ask<'_>, rules: &Rules) {
    for (name, caller) in callers() {
        let decision = decide(ask, &caller, rules);
        let wanted = expected(ask.audience).contains(&name);
        assert_eq!(decision.allow, wanted, "{what} by {name}: {decision:?}");
    }
}

#[test]
fn every_route_with_every_caller() {
    for row in &ROUTES {
        assert_eq!(row.audience, audience_of(row.id), "{} {}", row.method, row.pattern);
        let listener = if row.http { Listener::Http } else { Listener::Https };
        let serial = row.pattern.contains("{serial}").then_some("R0N1");
        check(
            &format!("{} {}", row.method, row.pattern),
            &Ask::of(row, listener, serial),
            &ENFORCE,
        );
    }
}

#[test]
fn every_graphql_field_with_every_caller() {
    for field in &GRAPHQL_FIELDS {
        let ask = Ask {
            audience: field.audience,
            serial: None,
            open_in_original: true,
            secret: false,
        };
        check(field.name, &ask, &ENFORCE);
        assert_eq!(
            field.audience == Audience::Operators,
            field.operation == "Mutation",
            "{}",
            field.name
        );
    }
}

#[test]
fn owner_rows_all_name_their_machine() {
    for row in ROUTES.iter().filter(|row| row.audience == Audience::Owner) {
        assert!(row.pattern.contains("{serial}"), "{}", row.pattern);
    }
}

#[test]
fn report_mode_lets_in_what_the_original_let_in_and_no_more() {
    let rules = Rules {
        mode: Mode::Report,
        ..ENFORCE
    };
    let stranger = Caller::default();
    for row in &ROUTES {
        let listener = if row.http { Listener::Http } else { Listener::Https };
        let decision = decide(&Ask::of(row, listener, Some("R0N1")), &stranger, &rules);
        let writes =
            !matches!(row.method.as_str(), "GET" | "HEAD") && row.id != RouteId::CryptPut && row.id != RouteId::Graphql;
        assert_eq!(decision.allow, !writes, "{} {}", row.method, row.pattern);
        let closed = row.audience != Audience::Anyone;
        assert_eq!(decision.reported, closed && !writes, "{} {}", row.method, row.pattern);
    }
}

#[test]
fn what_is_required_by_name_holds_in_report_mode_too() {
    let report = Rules {
        mode: Mode::Report,
        ..ENFORCE
    };
    let identity = Rules {
        require_machine_identity: true,
        ..report
    };
    let token = Rules {
        require_boot_token: true,
        ..report
    };
    let stranger = Caller::default();
    assert!(decide(&key(), &stranger, &report).allow);
    assert_eq!(decide(&key(), &stranger, &identity).reason, Reason::NeedsIdentity);
    assert!(!decide(&key(), &stranger, &identity).allow);
    assert!(!decide(&key(), &stranger, &token).allow);
}

fn key() -> Ask<'static> {
    Ask {
        audience: Audience::Owner,
        serial: Some("R0N1"),
        open_in_original: true,
        secret: true,
    }
}

#[test]
fn a_required_identity_shuts_out_addresses() {
    let rules = Rules {
        require_machine_identity: true,
        require_operator_identity: true,
        require_peer_identity: true,
        ..ENFORCE
    };
    let callers = callers();
    assert_eq!(
        decide(&key(), &callers["the machine"], &rules).reason,
        Reason::NeedsIdentity
    );
    assert!(decide(&key(), &callers["the machine by certificate"], &rules).allow);
    assert!(!decide(&key(), &callers["a machine by certificate"], &rules).allow);
    assert!(!decide(&key(), &callers["allow-ips"], &rules).allow);
    assert!(decide(&key(), &callers["localhost"], &rules).allow);
    let asset = Ask {
        audience: Audience::AssetReaders,
        serial: None,
        open_in_original: true,
        secret: false,
    };
    assert!(!decide(&asset, &callers["peer"], &rules).allow);
    assert!(decide(&asset, &callers["peer by certificate"], &rules).allow);
}

#[test]
fn a_required_boot_token_is_asked_of_machines_only() {
    let rules = Rules {
        require_boot_token: true,
        ..ENFORCE
    };
    let mut machine = callers().remove("the machine").unwrap();
    assert_eq!(decide(&key(), &machine, &rules).reason, Reason::NeedsBootToken);
    machine.boot_token = true;
    assert!(decide(&key(), &machine, &rules).allow);
    assert!(decide(&key(), &callers()["localhost"], &rules).allow);
    let stranger = Caller {
        boot_token: true,
        ..Caller::default()
    };
    assert!(!decide(&key(), &stranger, &rules).allow, "a token alone is not enough");
}

#[test]
fn open_assets_are_open() {
    let asset = Ask {
        audience: Audience::AssetReaders,
        serial: None,
        open_in_original: true,
        secret: false,
    };
    assert!(!decide(&asset, &Caller::default(), &ENFORCE).allow);
    assert!(
        decide(
            &asset,
            &Caller::default(),
            &Rules {
                open_assets: true,
                ..ENFORCE
            }
        )
        .allow
    );
}

#[test]
fn networks_take_addresses_as_themselves() {
    let nets = Networks::parse(&["127.0.0.1", "::1", "10.0.0.0/8"]).unwrap();
    for inside in ["127.0.0.1", "::ffff:127.0.0.1", "::1", "10.9.9.9", "::ffff:10.1.2.3"] {
        assert!(nets.contains(inside.parse().unwrap()), "{inside}");
    }
    for outside in ["127.0.0.2", "::2", "11.0.0.1"] {
        assert!(!nets.contains(outside.parse().unwrap()), "{outside}");
    }
    assert_eq!(Networks::parse(&["10.0.0.1", "x"]).unwrap_err().entry, "x");
}
