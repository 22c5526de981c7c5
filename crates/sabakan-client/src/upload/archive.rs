//! The tar archive that an image travels in, put together while it is sent.

use super::open;
use crate::Error;
use std::io::Cursor;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Blocks of tar.
const BLOCK: usize = 512;
/// Two empty blocks end an archive.
const END: usize = 2 * BLOCK;
const BLOCK_BYTES: u64 = BLOCK as u64;

/// An archive of `kernel` and `initrd.gz`, and its size.
pub(super) async fn image(
    kernel: &Path,
    initrd: &Path,
) -> Result<(impl AsyncRead + Send + Unpin + 'static, u64), Error> {
    let (kernel, kernel_size) = member("kernel", kernel).await?;
    let (initrd, initrd_size) = member("initrd.gz", initrd).await?;
    let archive = kernel.chain(initrd).chain(Cursor::new(vec![0; END]));
    Ok((archive, kernel_size + initrd_size + END as u64))
}

/// A file with its header in front, filled up to whole blocks.
async fn member(name: &str, path: &Path) -> Result<(impl AsyncRead + Send + Unpin + 'static, u64), Error> {
    let (file, size) = open(path).await?;
    let padding = (BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES;
    let header = Cursor::new(header(name, size));
    let fill = Cursor::new(vec![0; usize::try_from(padding).unwrap_or(0)]);
    // A file that grows meanwhile is cut at the size in its header.
    Ok((header.chain(file.take(size)).chain(fill), BLOCK_BYTES + size + padding))
}

/// A POSIX header with mode 0644 and owner root; times are zero, as nobody reads them.
fn header(name: &str, size: u64) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    if size < 1 << 33 {
        put(124, &format!("{size:011o}\0"));
    } else {
        // Eleven octal digits end at 8 GiB; then the number stands there in binary, as GNU tar has it.
        block[124..136].copy_from_slice(&binary(size));
    }
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn binary(size: u64) -> [u8; 12] {
    let mut field = [0; 12];
    field[0] = 0x80;
    field[4..].copy_from_slice(&size.to_be_bytes());
    field
}
