//! The requests for whole files: boot files, and images and assets as peers pull them.

use http::{HeaderMap, Method, Uri, request::Parts};

use crate::{Files, FilesError, content::Reply};

/// The answer to a GET or HEAD for a file; `None` when the path names none of these:
///
/// - `/api/v1/boot/OS/kernel`, `/api/v1/boot/OS/initrd.gz`
/// - `/api/v1/images/OS/ID`
/// - `/api/v1/assets/NAME`
///
/// It blocks for no longer than opening a file takes, so that [`crate::front`] can call it.
///
/// # Errors
/// When the file is not here, for the caller to put in its own form.
pub fn answer(files: &Files, request: &Parts) -> Result<Option<Reply>, FilesError> {
    respond(files, &request.method, &request.uri, &request.headers)
}

/// The same from method, URI and headers.
///
/// # Errors
/// See [`answer`].
pub fn respond(files: &Files, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Option<Reply>, FilesError> {
    if method != Method::GET && method != Method::HEAD {
        return Ok(None);
    }
    let Some(path) = uri.path().strip_prefix("/api/v1/") else {
        return Ok(None);
    };
    let parts: Vec<&str> = path.split('/').collect();
    let content = match parts.as_slice() {
        ["boot", os, member @ ("kernel" | "initrd.gz")] => files.images().boot_file(os, member)?,
        // The original answers 405 to HEAD here.
        ["images", os, id] if method == Method::GET => files.images().archive(os, id)?,
        ["assets", name] => return Ok(Some(files.assets().find(name)?.reply(method, headers))),
        _ => return Ok(None),
    };
    Ok(Some(Reply::decide(method, headers, &content)))
}
