#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

#[test]
fn the_delay_is_what_the_variable_says() {
    let cases = [
        (None, 5),
        (Some(""), 5),
        (Some("0"), 0),
        (Some("7"), 7),
        (Some("-3"), 0),
        (Some("soon"), 5),
    ];
    for (value, seconds) in cases {
        assert_eq!(delay(value), Duration::from_secs(seconds), "{value:?}");
    }
}

#[tokio::test]
async fn a_failed_service_ends_the_others() {
    let lifecycle = Lifecycle::detached();
    let mut services = Services::new(&lifecycle);
    let drain = lifecycle.drain();
    services.spawn("patient", async move {
        drain.cancelled().await;
        Ok::<(), std::io::Error>(())
    });
    services.spawn("broken", async { Err::<(), _>(std::io::Error::other("no")) });
    let error = services.run(Duration::from_secs(10)).await.unwrap_err();
    assert!(
        matches!(error, ServiceError::Failed { service: "broken", .. }),
        "{error:?}"
    );
    assert!(lifecycle.drain().is_cancelled());
}

#[tokio::test]
async fn what_does_not_drain_is_named_and_a_panic_too() {
    let lifecycle = Lifecycle::detached();
    let mut services = Services::new(&lifecycle);
    services.spawn("stubborn", std::future::pending::<Result<(), std::io::Error>>());
    lifecycle.stop();
    let error = services.run(Duration::from_millis(20)).await.unwrap_err();
    assert!(
        matches!(&error, ServiceError::NotDrained(_, names) if names == "stubborn"),
        "{error:?}"
    );

    let mut services = Services::new(&Lifecycle::detached());
    services.spawn("wild", async {
        let wanted = true;
        assert!(!wanted, "as the test wants");
        Ok::<(), std::io::Error>(())
    });
    let error = services.run(Duration::from_secs(10)).await.unwrap_err();
    assert!(
        matches!(error, ServiceError::Panicked { service: "wild", .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn drained_services_are_no_error() {
    let lifecycle = Lifecycle::detached();
    let mut services = Services::new(&lifecycle);
    let drain = lifecycle.drain();
    services.spawn("good", async move {
        drain.cancelled().await;
        Ok::<(), std::io::Error>(())
    });
    lifecycle.stop();
    services.run(Duration::from_secs(10)).await.unwrap();
}
