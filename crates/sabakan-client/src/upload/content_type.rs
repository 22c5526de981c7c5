//! The media type of a file: by the end of its name, else by its first bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What is known without the system's tables.
const BY_EXTENSION: [(&str, &str); 17] = [
    ("avif", "image/avif"),
    ("css", "text/css; charset=utf-8"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("wasm", "application/wasm"),
    ("xml", "text/xml; charset=utf-8"),
];

/// What files begin with.
const BY_MAGIC: [(&[u8], &str); 10] = [
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\x89PNG\x0d\x0a\x1a\x0a", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\0asm", "application/wasm"),
    (b"<?xml", "text/xml; charset=utf-8"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
];

/// How many bytes are looked at. A shorter file counts as binary, because its rest is taken for zeros: so it always was.
const SNIFFED: usize = 512;

/// The media type of a file.
///
/// # Errors
/// When the file cannot be read.
pub fn detect(path: &Path) -> io::Result<String> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match by_extension(extension) {
        Some(found) => Ok(found),
        None => Ok(sniff(&head(path)?).to_owned()),
    }
}

fn by_extension(extension: &str) -> Option<String> {
    if extension.is_empty() {
        return None;
    }
    let system = std::fs::read_to_string("/etc/mime.types").unwrap_or_default();
    let lower = extension.to_ascii_lowercase();
    let built_in = || {
        BY_EXTENSION
            .iter()
            .find(|(known, _)| *known == lower)
            .map(|(_, found)| (*found).to_owned())
    };
    from_table(&system, &lower).or_else(built_in)
}

/// Looks an extension up in lines of `type extension...`.
fn from_table(table: &str, extension: &str) -> Option<String> {
    let lines = table.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut found = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let media_type = words.next()?;
        words.any(|word| word == extension).then_some(media_type)
    });
    let found = found.next_back()?;
    let charset = if found.starts_with("text/") {
        "; charset=utf-8"
    } else {
        ""
    };
    Some(format!("{found}{charset}"))
}

fn head(path: &Path) -> io::Result<[u8; SNIFFED]> {
    let mut head = Vec::with_capacity(SNIFFED);
    File::open(path)?.take(SNIFFED as u64).read_to_end(&mut head)?;
    let mut padded = [0; SNIFFED];
    padded[..head.len()].copy_from_slice(&head);
    Ok(padded)
}

fn sniff(head: &[u8]) -> &'static str {
    if let Some((_, found)) = BY_MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return found;
    }
    let is_text = |b: &u8| !matches!(b, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if head.iter().all(is_text) {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn short_files_are_binary_and_long_text_is_text() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            std::fs::write(dir.path().join(name), content).unwrap();
            detect(&dir.path().join(name)).unwrap()
        };
        assert_eq!(file("short", b"bar"), "application/octet-stream");
        assert_eq!(file("long", &[b'a'; 600]), "text/plain; charset=utf-8");
        assert_eq!(file("archive", b"\x1f\x8b\x08xyz"), "application/x-gzip");
        assert_eq!(file("a.JSON", b"{}"), "application/json");
        assert_eq!(file("data.unknown-kind", b"\x7fELF"), "application/octet-stream");
    }

    #[test]
    fn the_systems_table() {
        let table = "# comment\ntext/x-foo foo fo # more\napplication/x-bar\tbar\n";
        assert_eq!(from_table(table, "fo").unwrap(), "text/x-foo; charset=utf-8");
        assert_eq!(from_table(table, "bar").unwrap(), "application/x-bar");
        assert_eq!(from_table(table, "more"), None);
    }
}
