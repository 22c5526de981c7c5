//! What plain HTTP sends by `sendfile(2)`: decided on the front's own threads, from memory alone.

use crate::web::App;
use sabakan_files::front::{Decide, Verdict};
use std::sync::Arc;

/// The decision for the front; everything that is not a file goes to the API.
#[must_use]
pub(crate) fn decide(app: Arc<App>) -> Decide {
    Arc::new(move |head, peer| app.file_for(head, peer).map_or(Verdict::Handoff, Verdict::Serve))
}
