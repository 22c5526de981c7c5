#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

fn header() -> Header {
    Header {
        cipher: "aes-xts-plain64".to_owned(),
        id: KeyId(*b"0123456789abcdef"),
        share: Secret::new((0..64).collect()),
        tpm: TpmVersion::TPM2,
    }
}

/// The bytes as `docs/disk_encryption.md` of the original lays them out, put together by hand.
fn original_v3() -> Vec<u8> {
    let mut bytes = vec![0x88; HEADER_SIZE];
    bytes[..23].copy_from_slice(b"\x80sabakan-cryptsetup3\x40\x02\x0f");
    bytes[0x17..0x17 + 15].copy_from_slice(b"aes-xts-plain64");
    bytes[0x80..0x90].copy_from_slice(b"0123456789abcdef");
    for (index, byte) in bytes[0x90..0x90 + 64].iter_mut().enumerate() {
        *byte = u8::try_from(index).unwrap();
    }
    bytes
}

fn original_v2() -> Vec<u8> {
    let mut bytes = original_v3();
    bytes[..22].copy_from_slice(b"\x80sabakan-cryptsetup2\x40\x0f");
    bytes[0x16..0x80].fill(0x88);
    bytes[0x16..0x16 + 15].copy_from_slice(b"aes-xts-plain64");
    bytes
}

#[test]
fn version_3_is_the_original_to_the_byte() {
    assert_eq!(*header().encode().unwrap(), original_v3());
    assert_eq!(parse(&original_v3()).unwrap(), Found::V3(header()));
}

#[test]
fn version_2_is_converted_without_a_tpm() {
    let Found::V2(converted) = parse(&original_v2()).unwrap() else {
        unreachable!()
    };
    assert_eq!(
        converted,
        Header {
            tpm: TpmVersion::NONE,
            ..header()
        }
    );
    let mut expected = original_v3();
    expected[21] = 0;
    assert_eq!(*converted.encode().unwrap(), expected);
}

#[test]
fn damage_is_named() {
    let with = |at: usize, byte: u8| {
        let mut bytes = original_v3();
        bytes[at] = byte;
        parse(&bytes)
    };
    assert_eq!(with(20, 0).unwrap_err(), HeaderError::NoKey);
    assert_eq!(with(22, 0).unwrap_err(), HeaderError::CipherLength(0));
    assert_eq!(with(22, 106).unwrap_err(), HeaderError::CipherLength(106));
    assert_eq!(with(23, b' ').unwrap_err(), HeaderError::Cipher);
    assert_eq!(with(0, 0).unwrap(), Found::None);
    assert_eq!(parse(&[0; 100]).unwrap_err(), HeaderError::TooShort(100));
}

#[test]
fn the_longest_fields_fit() {
    let longest = Header {
        cipher: "c".repeat(LONGEST_CIPHER),
        share: Secret::new(vec![7; LONGEST_KEY]),
        ..header()
    };
    assert_eq!(parse(&longest.encode().unwrap()).unwrap(), Found::V3(longest.clone()));
    assert!(
        Header {
            cipher: "c".repeat(106),
            ..longest.clone()
        }
        .encode()
        .is_none()
    );
    assert!(
        Header {
            share: Secret::new(vec![7; 256]),
            ..longest
        }
        .encode()
        .is_none()
    );
}

#[test]
fn shares_of_other_lengths_make_no_key() {
    let header = header();
    assert!(header.combine(&Secret::new(vec![0; 63]), None).is_none());
    assert!(
        header
            .combine(&Secret::new(vec![0; 64]), Some(&Secret::new(vec![0; 63])))
            .is_none()
    );
    let key = header
        .combine(&Secret::new(vec![0; 64]), Some(&Secret::new(vec![1; 256])))
        .unwrap();
    assert_eq!(key.expose()[..3], [1, 0, 3]);
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), SECTOR), version in 0..3) {
        match version {
            2 => bytes[..20].copy_from_slice(MAGIC_2),
            1 => bytes[..20].copy_from_slice(MAGIC_3),
            _ => {}
        }
        if let Ok(Found::V3(header)) = parse(&bytes) {
            prop_assert_eq!(parse(&header.encode().unwrap()).unwrap(), Found::V3(header));
        }
    }
}
