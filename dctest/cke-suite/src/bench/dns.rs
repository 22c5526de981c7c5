//! A question to a node's DNS server, as a pod of the node asks it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

/// The Service of the API server: there from the first moment.
const NAME: &str = "kubernetes.default.svc.cluster.local";
/// Bits of a query: recursion desired; of an answer: it is one, and the code in the last four is 0.
const ASK: [u8; 2] = [1, 0];
const ANSWERS: u8 = 0x80;

/// Asks the server of a node for the API server's Service.
///
/// # Errors
/// Why there is no good answer.
pub async fn ask(node: &str) -> Result<(), String> {
    let server: SocketAddr = format!("{node}:53")
        .parse()
        .map_err(|error| format!("{node}: {error}"))?;
    let answer = tokio::time::timeout(Duration::from_millis(500), exchange(server)).await;
    let answer = answer
        .map_err(|_| format!("{node} does not answer"))?
        .map_err(|error| format!("{node}: {error}"))?;
    match answer.as_slice() {
        // Id, two bytes of bits, the number of questions, the number of answers.
        [_, _, bits, code, _, _, high, low, ..] if bits & ANSWERS != 0 && code & 15 == 0 && (*high, *low) != (0, 0) => {
            Ok(())
        }
        other => Err(format!("{node} answers {:02x?}", other.get(..8))),
    }
}

async fn exchange(server: SocketAddr) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(server).await?;
    socket.send(&question()).await?;
    let mut answer = vec![0; 512];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

/// A question for an address, with an id of no meaning.
fn question() -> Vec<u8> {
    let mut packet = vec![0x4e, 0x43, ASK[0], ASK[1], 0, 1, 0, 0, 0, 0, 0, 0];
    for label in NAME.split('.') {
        packet.push(u8::try_from(label.len()).expect("a label has up to 63 bytes"));
        packet.extend(label.bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}
