//! Upstream servers that tests play.

use std::net::SocketAddr;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// A server that answers each chunk that it reads with its name.
pub(crate) struct Upstream {
    pub(crate) address: String,
    name: &'static str,
    task: Option<JoinHandle<()>>,
}

impl Upstream {
    pub(crate) async fn start(name: &'static str) -> Upstream {
        let mut upstream = Upstream {
            // Nobody else takes it while it does not listen.
            address: format!("{}:8080", testkit::own_loopback()),
            name,
            task: None,
        };
        upstream.restart().await;
        upstream
    }

    /// Has an address, and does not listen.
    pub(crate) async fn stopped(name: &'static str) -> Upstream {
        let mut upstream = Upstream::start(name).await;
        upstream.kill().await;
        upstream
    }

    /// Listens, again at the address that it had.
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind(&self.address).await.unwrap();
        self.task = Some(tokio::spawn(serve(listener, self.name)));
    }

    /// Ends as a process that is killed: connections are reset, accepted or not.
    pub(crate) async fn kill(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn serve(listener: TcpListener, name: &'static str) {
    let mut clients = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        SockRef::from(&stream)
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
        clients.spawn(answer(stream, name));
    }
}

/// Answers until the client ends its side.
pub(crate) async fn answer(mut stream: TcpStream, name: &'static str) {
    let mut chunk = [0; 1000];
    while let Ok(count) = stream.read(&mut chunk).await {
        let last = if count == 0 { " bye" } else { "" };
        if stream.write_all(format!("{name}{last}").as_bytes()).await.is_err() || count == 0 {
            break;
        }
    }
    let _ = SockRef::from(&stream).set_linger(None);
}

/// A listener whose queue takes hardly anything: when nobody accepts, its host looks as if it were switched off.
pub(crate) fn narrow() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(1).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpListener::from_std(socket.into()).unwrap()
}

/// Fills the queue of a listener until a connection hangs. Dropping what is returned frees it again.
pub(crate) async fn choke(address: &str) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    while let Ok(stream) = timeout(std::time::Duration::from_millis(200), TcpStream::connect(address)).await {
        streams.push(stream.unwrap());
        assert!(streams.len() < 100, "the queue of {address} has no end");
    }
    streams
}
