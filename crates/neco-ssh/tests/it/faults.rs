//! Nodes that go away, hang, or never were there.

use crate::support::{DEADLINE, One, quick};
use neco_ssh::{Error, Options};
use std::time::{Duration, Instant};
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;
use testkit::wait::{PATIENCE, wait_for};

#[test]
fn killed_sshd_is_refused_then_connected_again() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        one.sshd.kill();
        let error = one.run("true").await.unwrap_err();
        assert_eq!(
            error.in_words(),
            format!("{}: refuses connections to port 22", one.sshd.address())
        );
        // It is tried again each tenth of a second, which one's next command may be late for.
        let soon = wait_for("a refusal without a try", PATIENCE, || async {
            match one.run("true").await.unwrap_err() {
                soon @ Error::BackingOff { .. } => Ok(soon),
                tried => Err(tried.in_words()),
            }
        })
        .await;
        assert!(
            soon.to_string()
                .contains("refuses connections to port 22 (not tried again for"),
            "{soon}"
        );
        assert_eq!(soon.kind(), "refused");
        one.sshd.start_again().await;
        one.reach().await;
        assert_eq!(one.handshakes(), 2);
    });
}

#[test]
fn restarted_sshd_is_not_noticed_by_the_caller() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        one.sshd.kill();
        one.sshd.start_again().await;
        assert_eq!(one.run("echo again").await.unwrap().stdout, b"again\n");
        assert_eq!(one.handshakes(), 2);
    });
}

#[test]
fn connection_lost_under_a_command_is_told_and_not_repeated() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        let file = one.sshd.folder().join("runs");
        let command = format!("echo run >> {}; sleep 60", file.display());
        let (result, ()) = {
            let fleet = std::sync::Arc::clone(&one.fleet);
            let node = one.node.clone();
            let running =
                tokio::spawn(async move { neco_ssh::Runner::run(&fleet, &node, &command, None, DEADLINE).await });
            wait_for("the command to run", PATIENCE, || async {
                std::fs::read(&file).map_err(|e| e.to_string())
            })
            .await;
            one.sshd.kill();
            (running.await.unwrap(), ())
        };
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "run\n");
    });
}

#[test]
fn frozen_sshd_costs_its_deadline_and_is_connected_again() {
    isolated_async(async || {
        let options = Options {
            session_timeout: Duration::from_secs(1),
            ..quick()
        };
        let one = One::with(Sshd::start().await, options);
        one.reach().await;
        one.sshd.freeze();
        let started = Instant::now();
        let error = one.run_within("true", Duration::from_secs(3)).await.unwrap_err();
        assert!(error.to_string().contains("timed out after"), "{error}");
        assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
        one.sshd.thaw();
        one.reach().await;
        assert!(one.handshakes() >= 2, "the old connection counts as dead");
    });
}

#[test]
fn upload_to_a_frozen_sshd_ends_at_its_deadline() {
    isolated_async(async || {
        let one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        let started = Instant::now();
        let upload = one.fleet_upload();
        let freeze = async {
            one.sshd.freeze();
        };
        let (error, ()) = tokio::join!(upload, freeze);
        error.unwrap_err();
        assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
        one.sshd.thaw();
        one.reach().await;
    });
}

impl One {
    async fn fleet_upload(&self) -> Result<neco_ssh::Output, Error> {
        let stdin = Some(vec![0u8; 64 << 20].into());
        neco_ssh::Runner::run(
            &self.fleet,
            &self.node,
            "cat >/dev/null; sleep 60",
            stdin,
            Duration::from_secs(3),
        )
        .await
    }
}

#[test]
fn silent_kept_connection_is_closed_by_keepalive() {
    isolated_async(async || {
        let options = Options {
            keepalive_interval: Duration::from_millis(200),
            keepalive_tries: 2,
            ..quick()
        };
        let one = One::with(Sshd::start().await, options);
        one.run("true").await.unwrap();
        let fleet = std::sync::Arc::clone(&one.fleet);
        let node = one.node.clone();
        let running = tokio::spawn(async move {
            neco_ssh::Runner::run(&fleet, &node, "sleep 60", None, Duration::from_secs(60)).await
        });
        one.sshd.freeze();
        let error = running.await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Lost { .. } | Error::TimedOut { .. }),
            "{error:?}"
        );
        one.sshd.thaw();
    });
}

#[test]
fn host_that_drops_what_comes_times_out_in_words() {
    isolated_async(async || {
        // A listener whose queue is full drops further connections without a word.
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        listener
            .bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into())
            .unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let _queued = std::net::TcpStream::connect(address).unwrap();
        let options = Options {
            port: address.port(),
            connect_timeout: Duration::from_secs(1),
            ..quick()
        };
        let mut one = One::with(Sshd::start().await, options);
        one.node.address = address.ip().to_string();
        let error = one.run("true").await.unwrap_err();
        assert_eq!(error.in_words(), "127.0.0.1: timed out after 1s while connecting");
    });
}

#[test]
fn something_else_on_the_port_is_told() {
    isolated_async(async || {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        });
        let mut one = One::with(Sshd::start().await, Options { port, ..quick() });
        one.node.address = "127.0.0.1".to_owned();
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
        server.await.unwrap();
    });
}
