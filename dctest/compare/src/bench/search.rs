//! Registration, start, searches and metrics over an inventory of N machines.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{inventory, start};
use crate::load::{self, millis};
use crate::programs::Programs;
use crate::site::{Server, Site};
use crate::table::Row;

/// What CKE asks of sabakan each time it looks for nodes.
const AS_CKE_ASKS: &str = "query q($having: MachineParams, $notHaving: MachineParams) { \
    searchMachines(having: $having, notHaving: $notHaving) { \
    spec { serial labels { name value } rack indexInRack role ipv4 registerDate retireDate bmc { bmcType } } \
    status { state duration } } }";

/// For all requests of one kind, where three do not take longer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Registers `machines` machines with one side's server, starts a second one, and asks it.
///
/// # Errors
/// When a server does not come up or refuses a request.
pub async fn measure(side: &Programs, machines: usize, requests: usize) -> anyhow::Result<Vec<Row>> {
    let site = Site::start(side).await?;
    let writer = site.server("writer").await?;
    inventory::configure(&site.http, &writer.url).await?;
    let mut rows = registration(&site, &writer, machines).await?;
    let (server, row) = start::measure(&site, machines).await?;
    rows.push(row);
    let asked = Asked {
        site: &site,
        server: &server,
        machines,
        requests,
    };
    rows.extend(asked.searches().await?);
    rows.push(lag(&site, &writer, &server).await?);
    rows.push(Row {
        what: format!("memory after these questions, {machines} machines"),
        reach: "RSS < 200 MB",
        ours: format!("RSS {} MiB", server.resident_mib()?),
        peer: String::new(),
    });
    Ok(rows)
}

async fn registration(site: &Site, writer: &Server, machines: usize) -> anyhow::Result<Vec<Row>> {
    let bulk = machines.min(5000);
    let mut rows = Vec::new();
    // The original refuses more than 126 machines in a call.
    let batch = if site.side() == "ours" { bulk } else { 100 };
    let taken = inventory::register(&site.http, &writer.url, 0..bulk, batch).await?;
    rows.push(Row {
        what: format!("registering {bulk} machines"),
        reach: "5,000 in one call < 5 s",
        ours: format!("{:.2} s in {} calls", taken.as_secs_f64(), bulk.div_ceil(batch)),
        peer: String::new(),
    });
    inventory::register(&site.http, &writer.url, bulk..machines, batch).await?;
    Ok(rows)
}

struct Asked<'a> {
    site: &'a Site,
    server: &'a Server,
    machines: usize,
    requests: usize,
}

impl Asked<'_> {
    async fn searches(&self) -> anyhow::Result<Vec<Row>> {
        let few = if self.machines > 10_000 {
            "p99 < 50 ms"
        } else {
            "p99 < 5 ms"
        };
        Ok(vec![
            self.rest("one rack", few, "?rack=7").await?,
            self.rest("rack, role and label", few, "?rack=7&role=cs&labels=product%3DR604")
                .await?,
            self.rest("a state and a rack", few, "?state=uninitialized&rack=9")
                .await?,
            self.graphql("one rack", few, &json!({"having": {"racks": [7]}}))
                .await?,
            self.graphql(
                "a label in a rack",
                few,
                &json!({"having": {"racks": [7], "labels": [{"name": "product", "value": "R604"}]}}),
            )
            .await?,
            self.rest("all machines", "10,000 < 150 ms", "").await?,
            self.graphql(
                "all, as CKE asks",
                "10,000 < 200 ms",
                &json!({"notHaving": {"roles": ["boot"], "states": ["RETIRED"]}}),
            )
            .await?,
            self.scrape().await?,
        ])
    }

    async fn rest(&self, what: &str, reach: &'static str, query: &str) -> anyhow::Result<Row> {
        let url = format!("{}/api/v1/machines{query}", self.server.url);
        self.row(format!("REST: {what}"), reach, |_| self.site.http.get(&url))
            .await
    }

    async fn graphql(&self, what: &str, reach: &'static str, variables: &Value) -> anyhow::Result<Row> {
        let url = format!("{}/graphql", self.server.url);
        let body = json!({"query": AS_CKE_ASKS, "variables": variables});
        let answer: Value = self.site.http.post(&url).json(&body).send().await?.json().await?;
        let found = answer
            .pointer("/data/searchMachines")
            .and_then(Value::as_array)
            .map(Vec::len);
        ensure!(found.is_some_and(|n| n > 0), "GraphQL found nothing: {answer}");
        self.row(format!("GraphQL: {what}"), reach, |_| {
            self.site.http.post(&url).json(&body)
        })
        .await
    }

    async fn scrape(&self) -> anyhow::Result<Row> {
        let metrics = &self.server.metrics;
        self.row("/metrics".to_owned(), "10,000 < 50 ms", |_| self.site.http.get(metrics))
            .await
    }

    async fn row(
        &self,
        what: String,
        reach: &'static str,
        request: impl Fn(usize) -> RequestBuilder,
    ) -> anyhow::Result<Row> {
        let what = format!("{what} ({} machines)", self.machines);
        let first = load::one_by_one(1, &request).await.with_context(|| what.clone())?;
        // A request that takes long is asked less often.
        let slow = first.quantile(1.0).max(Duration::from_micros(1));
        let fit = usize::try_from(PATIENCE.as_micros() / slow.as_micros()).unwrap_or(self.requests);
        let count = fit.clamp(3, self.requests);
        let taken = load::one_by_one(count, &request).await.with_context(|| what.clone())?;
        Ok(Row {
            what,
            reach,
            ours: taken.summary(),
            peer: String::new(),
        })
    }
}

/// How long after a write's answer on one server the other server shows it, without asking for a revision.
async fn lag(site: &Site, writer: &Server, reader: &Server) -> anyhow::Result<Row> {
    let mut taken = Vec::new();
    for n in 0..20 {
        let label = format!("seen-{n}");
        let put = format!("{}/api/v1/labels/SN000001/{label}", writer.url);
        let answer = site.http.put(put).body("yes").send().await?;
        ensure!(answer.status().is_success(), "PUT label: {}", answer.status());
        let start = Instant::now();
        let url = format!("{}/api/v1/machines?serial=SN000001", reader.url);
        loop {
            let text = site.http.get(&url).send().await?.text().await?;
            if text.contains(&label) {
                break;
            }
            ensure!(start.elapsed() < Duration::from_secs(5), "a write was not seen in 5 s");
        }
        taken.push(start.elapsed());
    }
    taken.sort();
    Ok(Row {
        what: "a write seen on another server".to_owned(),
        reach: "typically < 10 ms",
        ours: format!("median {}", millis(taken.get(10).copied().unwrap_or_default())),
        peer: String::new(),
    })
}
