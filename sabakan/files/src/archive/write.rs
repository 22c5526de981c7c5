//! An image on the disk as an archive that can be sent without being made: headers in memory, members from their files.

use std::{fs::File, io, path::Path, sync::Arc};

use bytes::Bytes;

use super::MEMBERS;
use crate::content::{Content, Segment};

const BLOCK: u64 = 512;

/// The archive of the image in `dir`. It is the same, byte for byte, on every server that has the same image.
///
/// # Errors
/// When a member cannot be opened.
pub fn content(dir: &Path) -> io::Result<Content> {
    let mut segments = Vec::with_capacity(3 * MEMBERS.len() + 1);
    for name in MEMBERS {
        let file = File::open(dir.join(name))?;
        let len = file.metadata()?.len();
        segments.push(Segment::Bytes(header(name, len)?));
        segments.push(Segment::File {
            file: Arc::new(file),
            offset: 0,
            len,
        });
        let padding = usize::try_from((BLOCK - len % BLOCK) % BLOCK).unwrap_or(0);
        segments.push(Segment::Bytes(Bytes::from(vec![0; padding])));
    }
    segments.push(Segment::Bytes(Bytes::from_static(&[0; 1024])));
    Ok(Content {
        segments,
        ..Content::default()
    }
    .with_header("content-type", "application/tar"))
}

fn header(name: &str, len: u64) -> io::Result<Bytes> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(len);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}
