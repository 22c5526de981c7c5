//! The head of a disk: any bytes are read or refused, and a header that was read is written back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabakan_cryptsetup::Secret;
use sabakan_cryptsetup::header::{Found, SECTOR, TpmVersion, parse};

fuzz_target!(|head: &[u8]| {
    let Ok(Found::V3(header) | Found::V2(header)) = parse(head) else { return };
    let bytes = header.encode().expect("what was read can be written");
    assert_eq!(parse(&bytes), Ok(Found::V3(header.clone())));
    if head[19] == b'3' {
        // The fill is not compared: a header may have had other bytes there.
        assert_eq!(bytes[..23], head[..23]);
        assert_eq!(bytes[0x80..0x90 + header.share.len()], head[0x80..0x90 + header.share.len()]);
    } else {
        assert_eq!(header.tpm, TpmVersion::NONE);
    }
    let other = Secret::new(head[..header.share.len().min(SECTOR)].to_vec());
    let key = header.combine(&other, None).expect("shares of one length");
    assert_eq!(header.combine(&key, None), Some(other));
});
