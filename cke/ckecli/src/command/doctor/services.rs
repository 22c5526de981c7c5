//! What runs beside the cluster: etcd, the leader, Vault; and what is stored.

use super::Finding;
use crate::connect::Connection;
use cke_model::certificate::Authority;
use cke_pki::Issuer;
use cke_storage::{Storage, World};
use jiff::Timestamp;
use x509_parser::pem::parse_x509_pem;

/// A leader looks at the cluster once a minute unless it is told otherwise; an operation may take some.
const STATUS_AGE: i64 = 15 * 60;

/// Authorities are made for a hundred years: one that ends within a year has to be replaced with care.
const AUTHORITY_DAYS: i64 = 365;

/// The first finding is etcd's.
pub(super) async fn check(connection: &Connection) -> Vec<Finding> {
    let storage = match connection.storage().await {
        Ok(storage) => storage,
        Err(error) => {
            return vec![Finding::bad(
                "etcd",
                format!("{error:#}"),
                "look at the configuration file and at CKE's etcd",
            )];
        }
    };
    let mut findings = vec![Finding::good("etcd", "answers")];
    findings.push(leader(&storage).await);
    match storage.world().await {
        Ok(world) => findings.extend(stored(&world)),
        Err(error) => findings.push(Finding::bad("etcd", error, "look at CKE's etcd")),
    }
    findings.extend(vault(connection).await);
    findings
}

async fn leader(storage: &Storage) -> Finding {
    let (leader, status) = match (storage.leader().await, storage.status().await) {
        (Ok(Some(leader)), Ok(status)) => (leader, status),
        (Ok(None), _) => {
            return Finding::bad(
                "leader",
                "nobody leads",
                "start cke on a boot server, or look at its log",
            );
        }
        (Err(error), _) | (_, Err(error)) => return Finding::bad("leader", error, "look at CKE's etcd"),
    };
    let Some(status) = status else {
        return Finding::warning(
            "leader",
            format!("{leader} leads and has no status yet"),
            "look at its log if that stays",
        );
    };
    let age = Timestamp::now().as_second() - status.timestamp.instant().as_second();
    let seen = format!("{leader} leads, phase {}, {age} s ago", status.phase);
    match age {
        age if age > STATUS_AGE => Finding::warning(
            "leader",
            seen,
            "the leader is stuck: look at its log and at `ckecli explain`",
        ),
        age if age < -5 => Finding::warning(
            "leader",
            seen,
            "the clocks of boot servers differ: look at their time service",
        ),
        _ => Finding::good("leader", seen),
    }
}

fn stored(world: &World) -> Vec<Finding> {
    let mut findings: Vec<_> = world
        .unreadable
        .iter()
        .map(|value| {
            Finding::bad(
                format!("etcd key {}", value.key),
                &value.reason,
                "set it again, or delete the key",
            )
        })
        .collect();
    match &world.cluster {
        None => findings.push(Finding::warning(
            "cluster",
            "none is declared",
            "run `ckecli cluster set`, or set up sabakan",
        )),
        Some(stored) => match stored.value.validate(cke_model::cluster::Purpose::Cluster) {
            Ok(()) => findings.push(Finding::good("cluster", format!("{} nodes", stored.value.nodes.len()))),
            Err(error) => findings.push(Finding::bad("cluster", error, "mend it with `ckecli cluster set`")),
        },
    }
    if let Some(freeze) = &world.controls.frozen {
        let seen = format!("frozen by {} since {}: {}", freeze.by, freeze.since, freeze.why);
        findings.push(Finding::warning("brake", seen, "`ckecli thaw` lets CKE go on"));
    }
    findings
}

async fn vault(connection: &Connection) -> Vec<Finding> {
    let issuer = match connection.issuer().await {
        Ok(issuer) => issuer,
        Err(error) => {
            return vec![Finding::bad(
                "vault",
                format!("{error:#}"),
                "is Vault running, unsealed, and configured?",
            )];
        }
    };
    let mut findings = vec![Finding::good(
        "vault",
        format!("lets CKE in at {}", issuer.vault().url()),
    )];
    for authority in Authority::ALL {
        findings.push(end_of(&issuer, authority).await);
    }
    let keys = issuer.ssh_keys().await;
    findings.push(match keys {
        Ok(keys) if keys.is_empty() => Finding::bad("ssh keys", "there is none", "run `ckecli vault ssh-privkey`"),
        Ok(_) => Finding::good("ssh keys", "there are some"),
        Err(error) => Finding::bad("ssh keys", error, "look at Vault"),
    });
    if let Err(error) = issuer.encryption_keys().await {
        findings.push(Finding::bad("encryption key", error, "run `ckecli vault enckey`"));
    }
    findings
}

async fn end_of(issuer: &Issuer, authority: Authority) -> Finding {
    let subject = format!("authority {}", authority.as_str());
    let pem = match issuer.ca(authority).await {
        Ok(pem) => pem,
        Err(error) => return Finding::bad(subject, error, "run `ckecli vault init`"),
    };
    let end = parse_x509_pem(pem.as_bytes())
        .ok()
        .and_then(|(_, pem)| Some(pem.parse_x509().ok()?.validity().not_after));
    let Some(end) = end else {
        return Finding::bad(subject, "what is stored is no certificate", "run `ckecli ca set`");
    };
    let days = (end.timestamp() - Timestamp::now().as_second()) / (24 * 60 * 60);
    match days {
        days if days < 0 => Finding::bad(
            subject,
            format!("ended {} days ago", -days),
            "make a new authority in Vault",
        ),
        days if days < AUTHORITY_DAYS => {
            Finding::warning(subject, format!("ends in {days} days"), "plan for a new authority")
        }
        days => Finding::good(subject, format!("ends in {days} days")),
    }
}
