//! The archive that `write_files` unpacks on a node.

use bytes::Bytes;
use cke_model::ResolvedFile;
use std::io;
use tar::{Builder, EntryType, Header};
use zeroize::Zeroizing;

/// Size of tar's blocks.
const BLOCK: usize = 512;

/// Blocks beside the content: a header, and more for a long path.
const OVERHEAD: usize = 4 * BLOCK;

/// A tar archive of the files, in their order; none where there are no files. Its memory is cleared when it is dropped.
pub(super) fn pack(files: &[ResolvedFile]) -> Option<Bytes> {
    if files.is_empty() {
        return None;
    }
    // Large enough from the start: memory that is moved from is not cleared.
    let size: usize = files
        .iter()
        .map(|file| file.bytes.len().next_multiple_of(BLOCK) + OVERHEAD)
        .sum();
    let mut builder = Builder::new(Vec::with_capacity(size + 2 * BLOCK));
    let packed = files.iter().try_for_each(|file| append(&mut builder, file));
    let archive = packed.and_then(|()| builder.into_inner()).ok()?;
    Some(Bytes::from_owner(Zeroizing::new(archive)))
}

fn append(builder: &mut Builder<Vec<u8>>, file: &ResolvedFile) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(file.bytes.len() as u64);
    header.set_mode(file.mode);
    header.set_uid(u64::from(file.owner));
    header.set_gid(u64::from(file.owner));
    // Names are below the directory that the archive is unpacked in.
    builder.append_data(&mut header, file.path.trim_start_matches('/'), file.bytes.as_slice())
}
