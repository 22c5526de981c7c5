//! Machines, configuration, templates, keys and the audit log.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use futures::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::api::{SOON, at, delete, get, gone, json, put, same, send, soon};
use super::{Pair, Report, Running};

pub(super) async fn check(pair: &Pair, report: &mut Report) {
    let http = &pair.site.http;
    report.line(
        "configuration written by one is read by the other",
        configure(pair).await,
    );
    report.line(
        "machines registered by both at once get places of their own",
        register(pair).await,
    );
    for (writer, reader) in pair.directions() {
        let by = |what: &str| format!("{what} by {}, seen by {}", writer.name(), reader.name());
        report.line(by("state set"), states(http, writer, reader).await);
        report.line(by("label set and removed"), labels(http, writer, reader).await);
        report.line(by("retire date set"), retire_date(http, writer, reader).await);
        report.line(by("template stored"), templates(http, writer, reader).await);
        report.line(by("kernel parameters set"), kernel_params(http, writer, reader).await);
        report.line(
            by("disk key stored and deleted, machine removed,"),
            disk_keys(http, writer, reader).await,
        );
    }
    report.line("labels set by both at once are all kept", no_lost_update(pair).await);
    report.line("the audit log reads alike at both", audit(pair).await);
    report.line("the schema stays version 3", schema(pair));
}

async fn configure(pair: &Pair) -> anyhow::Result<()> {
    let http = &pair.site.http;
    let ipam = json!({
        "max-nodes-in-rack": 28, "node-ipv4-pool": "10.69.0.0/20", "node-ipv4-offset": "", "node-ipv4-range-size": 6,
        "node-ipv4-range-mask": 26, "node-ip-per-node": 3, "node-index-offset": 3, "node-gateway-offset": 1,
        "bmc-ipv4-pool": "10.72.16.0/20", "bmc-ipv4-offset": "0.0.1.0", "bmc-ipv4-range-size": 5,
        "bmc-ipv4-range-mask": 20, "bmc-ipv4-gateway-offset": 1,
    });
    let dhcp = json!({"lease-minutes": 60, "dns-servers": ["10.0.0.53"]});
    put(http, &pair.original.server, "config/ipam", ipam.to_string()).await?;
    put(http, &pair.ours.server, "config/dhcp", dhcp.to_string()).await?;
    soon(SOON, || async {
        for path in ["config/ipam", "config/dhcp"] {
            same(
                &get(http, &pair.ours.server, path).await?,
                &get(http, &pair.original.server, path).await?,
            )?;
        }
        Ok(())
    })
    .await
}

async fn register(pair: &Pair) -> anyhow::Result<()> {
    let http = &pair.site.http;
    let post = async |side: &Running, serial: String| {
        let spec = json!([{"serial": serial, "rack": 0, "role": "cs", "bmc": {"type": "IPMI-2.0"},
            "labels": {"product": "vm"}, "retire-date": "2031-01-02T03:04:05Z"}]);
        // The original gives up when it loses a race too often.
        soon(SOON, || async {
            send(at(http, Method::POST, &side.server, "machines").json(&spec)).await
        })
        .await
        .map(drop)
    };
    let calls = (0..10).flat_map(|n| [(&pair.ours, format!("a{n}")), (&pair.original, format!("b{n}"))]);
    for outcome in join_all(calls.map(|(side, serial)| post(side, serial))).await {
        outcome?;
    }
    let machines = soon(SOON, || async { same_machines(http, pair, "machines", 20).await }).await?;
    let places: BTreeSet<String> = machines
        .iter()
        .map(|machine| machine["spec"]["index-in-rack"].to_string())
        .collect();
    ensure!(places.len() == 20, "20 machines have {} places", places.len());
    for query in [
        "machines?rack=0&role=cs",
        "machines?labels=product%3Dvm",
        "machines?without-serial=none",
    ] {
        same_machines(http, pair, query, 20).await.context(query)?;
    }
    Ok(())
}

/// What both list, less the passing of time.
async fn same_machines(http: &Client, pair: &Pair, query: &str, count: usize) -> anyhow::Result<Vec<Value>> {
    let list = async |side: &Running| {
        let mut machines: Vec<Value> = serde_json::from_value(json(http, &side.server, query).await?)?;
        for machine in &mut machines {
            machine["status"]["duration"] = Value::Null;
        }
        machines.sort_by_key(|machine| machine["spec"]["serial"].to_string());
        anyhow::Ok(machines)
    };
    let (ours, original) = (list(&pair.ours).await?, list(&pair.original).await?);
    ensure!(ours.len() == count, "ours lists {} machines, not {count}", ours.len());
    same(&ours, &original)?;
    Ok(ours)
}

async fn states(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    for state in [
        "healthy",
        "unhealthy",
        "unreachable",
        "healthy",
        "updating",
        "uninitialized",
    ]
    .repeat(3)
    {
        put(http, &writer.server, "state/a0", state).await?;
        soon(SOON, || async {
            same(
                &get(http, &reader.server, "state/a0").await?,
                &state.as_bytes().to_vec(),
            )
        })
        .await?;
    }
    Ok(())
}

async fn labels(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    put(http, &writer.server, "labels/b0/color", "red").await?;
    soon(SOON, || async {
        get(http, &reader.server, "machines?labels=color%3Dred").await
    })
    .await?;
    delete(http, &writer.server, "labels/b0/color").await?;
    soon(SOON, || async {
        gone(http, &reader.server, "machines?labels=color%3Dred").await
    })
    .await
}

async fn retire_date(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    let date = format!("2032-01-02T03:04:05.{}+09:00", writer.name().len());
    put(http, &writer.server, "retire-date/a1", date.clone()).await?;
    soon(SOON, || async {
        let found = json(http, &reader.server, "machines?serial=a1").await?;
        same(&found[0]["spec"]["retire-date"], &Value::from(date.clone()))
    })
    .await
}

async fn templates(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    let id = format!("1.0.{}", writer.name().len());
    let unit =
        "# {{ .Spec.Serial }} {{ index .Spec.IPv4 0 }} {{ Metadata \"key\" }} {{ printf \"%05d\" .Spec.Rack }}\n";
    let template = json!({"version": "2.3", "meta": {"key": 1_234_567}, "template": {
        "systemd": {"units": [{"name": "x.service", "enabled": true, "contents": unit}]}}});
    put(
        http,
        &writer.server,
        &format!("ignitions/cs/{id}"),
        template.to_string(),
    )
    .await?;
    let read = async |path: String| {
        let theirs = get(http, &reader.server, &path).await?;
        same(
            &String::from_utf8(get(http, &writer.server, &path).await?)?,
            &String::from_utf8(theirs)?,
        )
    };
    soon(SOON, || async {
        read("ignitions/cs".to_owned()).await?;
        read(format!("ignitions/cs/{id}")).await?;
        read(format!("boot/ignitions/a0/{id}")).await
    })
    .await
}

async fn kernel_params(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    let params = format!("console=ttyS0 from={}", writer.name());
    put(http, &writer.server, "kernel_params/coreos", params.clone()).await?;
    soon(SOON, || async {
        same(
            &get(http, &reader.server, "kernel_params/coreos").await?,
            &params.clone().into_bytes(),
        )?;
        let script = String::from_utf8(get(http, &reader.server, "boot/coreos/ipxe/a0").await?)?;
        ensure!(script.contains(&params), "the iPXE script lacks {params}: {script}");
        let other = String::from_utf8(get(http, &writer.server, "boot/coreos/ipxe/a0").await?)?;
        same(
            &script.replace(&reader.server.url, "URL"),
            &other.replace(&writer.server.url, "URL"),
        )
    })
    .await
}

async fn disk_keys(http: &Client, writer: &Running, reader: &Running) -> anyhow::Result<()> {
    let serial = if writer.name() == "ours" { "a9" } else { "b9" };
    let (key, state) = (format!("crypts/{serial}/disk"), format!("state/{serial}"));
    put(http, &writer.server, &key, b"\x00\x01secret\xff".to_vec()).await?;
    same(&get(http, &reader.server, &key).await?, &b"\x00\x01secret\xff".to_vec())?;
    put(http, &writer.server, &state, "retiring").await?;
    let refused = put(http, &reader.server, &state, "retired").await;
    ensure!(refused.is_err(), "{} retires a machine that has a key", reader.name());
    delete(http, &reader.server, &format!("crypts/{serial}")).await?;
    gone(http, &writer.server, &key).await?;
    put(http, &writer.server, &state, "retired").await?;
    delete(http, &reader.server, &format!("machines/{serial}")).await?;
    soon(SOON, || async {
        gone(http, &writer.server, &format!("machines?serial={serial}")).await
    })
    .await
}

/// Every label whose change was acknowledged must be there. Who lost too many races is told so, and asks again.
async fn no_lost_update(pair: &Pair) -> anyhow::Result<()> {
    let http = &pair.site.http;
    let set = async |side: &Running, label: String| {
        let path = format!("labels/a2/{label}");
        soon(SOON, || put(http, &side.server, &path, "x")).await?;
        anyhow::Ok(label)
    };
    let calls = (0..40).flat_map(|n| [(&pair.ours, format!("o{n}")), (&pair.original, format!("t{n}"))]);
    let outcomes = join_all(calls.map(|(side, label)| set(side, label))).await;
    let acknowledged = outcomes.into_iter().collect::<anyhow::Result<Vec<String>>>()?;
    for side in [&pair.ours, &pair.original] {
        soon(SOON, || async {
            let found = json(http, &side.server, "machines?serial=a2").await?;
            let labels = &found[0]["spec"]["labels"];
            let lost: Vec<_> = acknowledged
                .iter()
                .filter(|name| labels.get(name.as_str()).is_none())
                .collect();
            ensure!(lost.is_empty(), "{} shows no {lost:?}", side.name());
            Ok(())
        })
        .await?;
    }
    let log = String::from_utf8(get(http, &pair.ours.server, "logs").await?)?;
    let unwritten: Vec<_> = acknowledged
        .iter()
        .filter(|label| {
            !log.lines()
                .any(|line| line.contains("\"a2\"") && line.contains(label.as_str()))
        })
        .collect();
    ensure!(unwritten.is_empty(), "the audit log lacks {unwritten:?}");
    Ok(())
}

async fn audit(pair: &Pair) -> anyhow::Result<()> {
    let read = async |side: &Running| {
        let text = String::from_utf8(get(&pair.site.http, &side.server, "logs").await?)?;
        text.lines()
            .map(|line| {
                let mut entry: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
                if let Some(members) = entry.as_object_mut() {
                    // Additions of ours; the revision is read from the entry's own key by ours.
                    members.remove("request_id");
                    members.remove("rev");
                }
                Ok(entry)
            })
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let (ours, original) = (read(&pair.ours).await?, read(&pair.original).await?);
    ensure!(ours.len() > 100, "only {} entries", ours.len());
    ensure!(
        ours.len() == original.len(),
        "ours reads {}, the original {}",
        ours.len(),
        original.len()
    );
    for (one, other) in ours.iter().zip(&original) {
        same(one, other)?;
    }
    Ok(())
}

fn schema(pair: &Pair) -> anyhow::Result<()> {
    let output = std::process::Command::new("etcdctl")
        .args([
            "--endpoints",
            pair.site.etcd(),
            "get",
            "--print-value-only",
            "/sabakan/version",
        ])
        .output()
        .context("cannot run etcdctl")?;
    same(&String::from_utf8_lossy(&output.stdout).trim(), &"3")
}
