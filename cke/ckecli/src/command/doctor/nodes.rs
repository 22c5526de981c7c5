//! The nodes: SSH, docker, clock and disks, with one command each.

use super::Finding;
use crate::connect::Connection;
use crate::observe;
use cke_model::Node;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use neco_ssh::{Fleet, NodeAddress, Runner};
use std::time::Duration;

/// What is asked of a node: its clock, whether docker answers, and how full its file systems are.
const COMMAND: &str = "date +%s; docker version --format '{{.Server.Version}}' 2>/dev/null || echo no; df -P / /var 2>/dev/null | \
                       awk 'NR > 1 { print $5, $6 }'";

const DEADLINE: Duration = Duration::from_secs(20);

/// Nodes that are asked at once.
const AT_ONCE: usize = 64;

/// Certificates are refused by whose clock is behind by more than Vault backdates them.
const SKEW: i64 = 20;

/// kubelet begins to evict pods at 85 or 90 percent.
const FULL: i64 = 85;

pub(super) async fn check(connection: &Connection) -> Vec<Finding> {
    let found = async {
        let cluster = connection.storage().await?.require_cluster().await?;
        let issuer = connection.issuer().await?;
        anyhow::Ok((cluster, observe::fleet(connection, &issuer).await?))
    };
    let (cluster, fleet) = match found.await {
        Ok(found) => found,
        Err(error) => {
            return vec![Finding::warning(
                "nodes",
                format!("not looked at: {error:#}"),
                "mend the above first",
            )];
        }
    };
    let fleet = &fleet;
    let findings = stream::iter(&cluster.nodes)
        .map(|node| check_node(fleet, node))
        .buffered(AT_ONCE);
    findings.collect::<Vec<_>>().await.concat()
}

async fn check_node(fleet: &Fleet, node: &Node) -> Vec<Finding> {
    let subject = format!("node {}", node.address);
    let address = NodeAddress::new(&node.address, &node.user);
    match fleet.run(&address, COMMAND, None, DEADLINE).await {
        Ok(answer) => judge(&subject, &String::from_utf8_lossy(&answer.stdout), Timestamp::now()),
        Err(error) => vec![Finding::bad(subject, error.in_words(), "is it up? Try `ckecli ssh`")],
    }
}

/// Judges what a node said.
fn judge(subject: &str, said: &str, now: Timestamp) -> Vec<Finding> {
    let mut lines = said.lines();
    let clock: Option<i64> = lines.next().and_then(|line| line.trim().parse().ok());
    let docker = lines.next().unwrap_or("no").trim();
    let mut findings = Vec::new();
    match clock.map(|clock| clock - now.as_second()) {
        Some(skew) if skew.abs() > SKEW => {
            let seen = format!("its clock differs from ours by {skew} s");
            findings.push(Finding::warning(subject, seen, "look at its time service, and at ours"));
        }
        Some(_) => {}
        None => findings.push(Finding::warning(
            subject,
            "its clock cannot be read",
            "log in with `ckecli ssh`",
        )),
    }
    if docker == "no" || docker.is_empty() {
        findings.push(Finding::bad(
            subject,
            "docker does not answer",
            "log in with `ckecli ssh`, and start docker",
        ));
    }
    for line in lines {
        let Some((used, place)) = line.split_once(' ') else {
            continue;
        };
        let used: i64 = used.trim_end_matches('%').parse().unwrap_or(0);
        if used >= FULL {
            findings.push(Finding::warning(
                subject,
                format!("{place} is full to {used} %"),
                "remove what is not needed",
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good(subject, format!("answers, docker {docker}")));
    }
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Grade;
    use super::judge;
    use jiff::Timestamp;

    #[test]
    fn what_nodes_say_is_judged() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let cases: [(&str, &[Grade]); 5] = [
            ("1000003\n26.1.5\n40% /\n40% /\n", &[Grade::Good]),
            ("1000600\n26.1.5\n40% /\n", &[Grade::Warning]),
            ("1000000\nno\n40% /\n", &[Grade::Bad]),
            ("1000000\n26.1.5\n91% /\n99% /var\n", &[Grade::Warning, Grade::Warning]),
            ("", &[Grade::Warning, Grade::Bad]),
        ];
        for (said, want) in cases {
            let grades: Vec<_> = judge("node a", said, now).iter().map(|finding| finding.grade).collect();
            assert_eq!(grades, want, "{said}");
        }
    }
}
