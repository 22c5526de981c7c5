//! One machine of the storm: its DHCP, its script, its kernel, its Ignition.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use dhcproto::v4::{Message, MessageType};
use testkit::dhcp::{Client, Port};

use super::http::{self, Answer, Request};
use crate::bench::inventory::IN_RACK;
use crate::network::relay;

/// Firmware asks again after this time, so often in all.
const AGAIN: Duration = Duration::from_secs(4);
const TRIES: u32 = 4;
/// Blocks of addresses that a rack has, by [`crate::bench::inventory::configure`].
const BLOCKS: u32 = 3;
/// What a machine reads of its kernel.
const PART: usize = 1 << 20;

/// Where machines boot from.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// All relays.
    pub(super) relays: Port,
    /// The server's HTTP port.
    pub(super) http: SocketAddrV4,
}

/// Boots machine number `n`.
///
/// # Errors
/// Says which step failed.
pub(super) async fn boot(target: &Target, n: u32) -> anyhow::Result<()> {
    let address = lease(target, n).await?;
    let serial = format!("SN{n:06}");
    let get = |path: String| fetch(target, address, "GET", path, "");
    get("/api/v1/boot/coreos/ipxe".to_owned()).await?;
    let script = get(format!("/api/v1/boot/coreos/ipxe/{serial}")).await?;
    let ignition = ignition_of(&script, &serial)?;
    let kernel = || "/api/v1/boot/coreos/kernel".to_owned();
    fetch(target, address, "HEAD", kernel(), "").await?;
    let range = format!("Range: bytes=0-{}\r\n", PART - 1);
    let part = fetch(target, address, "GET", kernel(), &range).await?;
    ensure!(part.length == PART, "a kernel's part of {} bytes", part.length);
    get(ignition).await?;
    Ok(())
}

async fn lease(target: &Target, n: u32) -> anyhow::Result<Ipv4Addr> {
    let rack = n / u32::try_from(IN_RACK)?;
    let [_, b, c, d] = n.to_be_bytes();
    let relay = target.relays.as_relay(relay(rack * BLOCKS));
    let client = relay.client([2, 1, 0, b, c, d]).uefi_http();
    let offer = insist(&client, &client.message(MessageType::Discover))
        .await
        .with_context(|| format!("machine {n} got no OFFER"))?;
    let ack = insist(&client, &client.selecting(&offer))
        .await
        .with_context(|| format!("machine {n} got no ACK"))?;
    let kind = testkit::dhcp::kind(&ack);
    ensure!(kind == Some(MessageType::Ack), "machine {n} got {kind:?}");
    Ok(ack.yiaddr())
}

async fn insist(client: &Client, message: &Message) -> Option<Message> {
    for _ in 0..TRIES {
        if let Some(answer) = client.ask_within(message, AGAIN).await {
            return Some(answer);
        }
    }
    None
}

/// Asks, and asks again in a second where the server says that it is busy.
async fn fetch(target: &Target, from: Ipv4Addr, method: &str, path: String, head: &str) -> anyhow::Result<Answer> {
    let request = Request {
        method,
        path: &path,
        head,
    };
    for _ in 0..TRIES {
        let answer = http::ask(from, target.http, request)
            .await
            .with_context(|| format!("{method} {path}"))?;
        match answer.status {
            200 | 206 => return Ok(answer),
            503 => tokio::time::sleep(Duration::from_secs(1)).await,
            other => bail!("{method} {path}: {other}: {}", String::from_utf8_lossy(&answer.start)),
        }
    }
    bail!("{method} {path}: always busy")
}

/// The path of the Ignition that a script names, with its token.
fn ignition_of(script: &Answer, serial: &str) -> anyhow::Result<String> {
    let text = String::from_utf8_lossy(&script.start);
    let id = text.lines().find_map(|line| line.strip_prefix("set ignition-id "));
    let id = id.context("a script without an Ignition's ID")?;
    let tail = text
        .split("${ignition-id}")
        .nth(1)
        .context("a script without an Ignition")?;
    let token = tail.split_whitespace().next().filter(|word| word.starts_with('?'));
    Ok(format!(
        "/api/v1/boot/ignitions/{serial}/{id}{}",
        token.unwrap_or_default()
    ))
}
