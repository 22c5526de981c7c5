//! Looking at upstreams: a connection is made and closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::dial::Dialer;
use super::log::{Level, Log};
use super::pool::{Change, Pool, Upstream};

/// The pause after the first failed look.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause while no upstream is healthy: clients wait. Thousands of nodes look at the same few servers, so it is not shorter.
const LONGEST_PAUSE_OF_NONE: Duration = Duration::from_millis(800);

/// Watches one upstream for ever.
pub async fn watch(pool: Arc<Pool>, upstream: Arc<Upstream>, dialer: Dialer, interval: Duration, log: Arc<Log>) {
    let mut failures = 0;
    loop {
        let found = dialer.dial(&upstream.address).await;
        failures = if found.is_ok() { 0 } else { failures + 1_u32 };
        tell(
            &log,
            &upstream,
            pool.learn(&upstream, found.as_ref().map(drop).map_err(|e| e.kind())),
            found.err(),
        );
        rest(&pool, &upstream, interval, failures).await;
    }
}

fn tell(log: &Log, upstream: &Upstream, change: Change, error: Option<std::io::Error>) {
    let address = ("address", upstream.address.as_str().into());
    match change {
        Change::None => {}
        Change::Healthy => log.write(Level::Info, "an upstream becomes healthy", &[address]),
        Change::Unhealthy => {
            let error = ("error", error.map(|e| e.to_string()).into());
            log.write(Level::Error, "an upstream becomes unhealthy", &[address, error]);
        }
    }
}

/// Until it is time to look again: the pause is over, somebody suspects it, or the last healthy one has gone.
async fn rest(pool: &Pool, upstream: &Upstream, interval: Duration, failures: u32) {
    let looked = Instant::now();
    let chance = rand::random::<f64>();
    let mut changes = pool.changes();
    loop {
        let until = looked + pause(interval, failures, pool.any_healthy(), chance);
        tokio::select! {
            () = sleep_until(until) => return,
            () = upstream.suspected() => return,
            // The sender is in the pool, which is here.
            _ = changes.changed() => {}
        }
    }
}

/// How long to wait after a look. `failures` are those in a row, `chance` in 0..1 spreads the looks of many nodes.
fn pause(interval: Duration, failures: u32, any_healthy: bool, chance: f64) -> Duration {
    if failures == 0 {
        return interval;
    }
    let longest = if any_healthy {
        interval
    } else {
        LONGEST_PAUSE_OF_NONE.min(interval)
    };
    let pause = FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(failures - 1))
        .min(longest);
    pause.mul_f64(1.0 - chance / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_of_a_sick_upstream_grow() {
        let interval = Duration::from_secs(20);
        let millis = |failures, any_healthy, chance| pause(interval, failures, any_healthy, chance).as_millis();
        assert_eq!(millis(0, true, 0.0), 20_000);
        let growing: Vec<_> = (1..=10).map(|failures| millis(failures, true, 0.0)).collect();
        assert_eq!(
            growing,
            [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000]
        );
        assert_eq!(millis(u32::MAX, true, 0.0), 20_000);
    }

    #[test]
    fn while_none_is_healthy_pauses_are_fractions_of_a_second() {
        let longest = (1..100)
            .map(|failures| pause(Duration::from_secs(20), failures, false, 0.0))
            .max();
        assert_eq!(longest, Some(Duration::from_millis(800)));
        assert_eq!(
            pause(Duration::from_millis(50), 9, false, 0.0),
            Duration::from_millis(50)
        );
    }

    #[test]
    fn looks_of_many_nodes_are_spread() {
        assert_eq!(
            pause(Duration::from_secs(20), 4, false, 1.0),
            Duration::from_millis(600)
        );
    }
}
