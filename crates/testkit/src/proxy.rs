//! A TCP proxy that misbehaves on demand: it cuts, freezes or delays what goes through it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the proxy treats its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Open,
    /// Everything passes, each piece this much later.
    Delayed(Duration),
    /// Connections stay open and are accepted, but nothing passes: a network that swallows packets.
    Frozen,
    /// What clients send passes, what comes back does not: requests happen and nobody hears of it.
    Mute,
    /// Open connections are closed, new ones are closed at once.
    Cut,
}

/// A running proxy on a port of its own; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to `target` (`host:port`) on a free port of 127.0.0.1.
    pub async fn start(target: impl Into<String>) -> Proxy {
        let target = target.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind the proxy");
        let address = listener.local_addr().expect("the proxy's address");
        let (mode, modes) = watch::channel(Mode::Open);
        let task = tokio::spawn(accept(listener, target, modes));
        Proxy { address, mode, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how connections are treated, those already open too.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Closes all connections and refuses new ones.
    pub fn cut(&self) {
        self.set(Mode::Cut);
    }

    /// Lets nothing through while connections stay open.
    pub fn freeze(&self) {
        self.set(Mode::Frozen);
    }

    /// Lets requests through and holds answers back.
    pub fn mute(&self) {
        self.set(Mode::Mute);
    }

    /// Passes everything on, later.
    pub fn delay(&self, by: Duration) {
        self.set(Mode::Delayed(by));
    }

    /// Passes everything again.
    pub fn heal(&self) {
        self.set(Mode::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.mode.send_replace(Mode::Cut);
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: String, modes: watch::Receiver<Mode>) {
    while let Ok((client, _)) = listener.accept().await {
        if *modes.borrow() != Mode::Cut {
            tokio::spawn(connection(client, target.clone(), modes.clone()));
        }
    }
}

/// Both directions of one connection, until one ends or the proxy cuts.
async fn connection(client: TcpStream, target: String, mut modes: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect(&target).await else {
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let up = pump(client_read, server_write, modes.clone(), |mode| mode == Mode::Frozen);
    let down = pump(server_read, client_write, modes.clone(), |mode| {
        matches!(mode, Mode::Frozen | Mode::Mute)
    });
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        _ = modes.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn pump<R, W>(mut from: R, mut to: W, mut modes: watch::Receiver<Mode>, held: fn(Mode) -> bool)
where
    R: AsyncReadExt + Unpin,
    W: AsyncWriteExt + Unpin,
{
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        let mode = *modes.borrow_and_update();
        match mode {
            Mode::Delayed(by) => tokio::time::sleep(by).await,
            mode if held(mode) && modes.wait_for(|mode| !held(*mode)).await.is_err() => return,
            _ => {}
        }
        if count == 0 {
            to.shutdown().await.ok();
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
