//! Progress of uploads on standard error, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sabakan_client::upload::Progress;
use std::sync::Arc;

const SHAPE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";

/// A bar, and what feeds it.
pub(crate) fn bar(what: &str) -> (ProgressBar, Progress) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(SHAPE) {
        bar.set_style(style);
    }
    let fed = bar.clone();
    let progress: Progress = Arc::new(move |piece, total| {
        fed.set_length(total);
        fed.inc(piece);
        if fed.position() >= total {
            // Everything is on its way; the server still checks and stores it.
            fed.set_message("Waiting for the server");
        }
    });
    (bar, progress)
}
