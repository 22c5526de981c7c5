//! A byte buffer with an upper bound, so that no template can fill the memory.

/// Bytes up to a limit; what goes beyond is dropped and remembered.
#[derive(Debug)]
pub(crate) struct Buf {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Buf {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            full: false,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.full || bytes.len() > self.limit - self.bytes.len() {
            self.full = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    pub(crate) fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    pub(crate) fn repeat(&mut self, byte: u8, count: usize) {
        if self.full || count > self.limit - self.bytes.len() {
            self.full = true;
            return;
        }
        self.bytes.resize(self.bytes.len() + count, byte);
    }

    /// Whether something did not fit.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn remaining(&self) -> usize {
        self.limit - self.bytes.len()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
