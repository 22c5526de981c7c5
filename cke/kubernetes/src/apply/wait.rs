//! Waits until a new API server has made the first things.

use crate::client::ApiServer;
use crate::error::Error;
use crate::observe::read;
use k8s_openapi::api::core::v1::ServiceAccount;
use std::time::{Duration, Instant};

/// As long as the original waits; the next loop waits again.
const LIMIT: Duration = Duration::from_secs(100);
/// An API server that does not answer at all is given up sooner, so that a loop can choose another.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Returns once the service account `default` of `kube-system` exists, or the time is up.
pub(crate) async fn until_ready(server: &ApiServer) -> Result<(), Error> {
    let begun = Instant::now();
    let mut answered = begun;
    while begun.elapsed() < LIMIT {
        match read::<ServiceAccount>(server, "kube-system", "default").await {
            Ok(Some(_)) => return Ok(()),
            Ok(None) => answered = Instant::now(),
            Err(error) if error.status().is_some_and(|s| s.code < 500) => return Err(error),
            Err(error) if answered.elapsed() > SILENCE_LIMIT => return Err(error),
            Err(error) => tracing::debug!(error = %error, "the API server is not ready yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::warn!(server = server.address(), "kube-system has no service account yet");
    Ok(())
}
