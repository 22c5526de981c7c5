//! The TPM's share against a software TPM 2.0, and what happens when it answers with errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use sabakan_cryptsetup::Secret;
use sabakan_cryptsetup::tpm::{KEY_LENGTH, Share, Tpm, TpmError};
use testkit::machine::SoftTpm;

const NV_READ: u32 = 0x14E;
const NV_WRITE: u32 = 0x137;
const NV_READ_PUBLIC: u32 = 0x169;
const RC_FAILURE: u32 = 0x101;
const RC_RETRY: u32 = 0x922;
const RC_LOCKOUT: u32 = 0x921;

/// A TPM whose answer to one command is replaced by an error, as often as it is said.
struct Faulty<D> {
    inner: D,
    command: u32,
    code: u32,
    times: u32,
    answer: Option<Vec<u8>>,
}

impl<D> Faulty<D> {
    fn new(inner: D, command: u32, code: u32, times: u32) -> Self {
        Self {
            inner,
            command,
            code,
            times,
            answer: None,
        }
    }
}

impl<D: Write> Write for Faulty<D> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.times > 0 && bytes.get(6..10) == Some(&self.command.to_be_bytes()) {
            self.times -= 1;
            self.answer = Some([&[0x80, 0x01, 0, 0, 0, 10], &self.code.to_be_bytes()[..]].concat());
            return Ok(bytes.len());
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<D: Read> Read for Faulty<D> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.answer.take() {
            Some(answer) => answer.as_slice().read(buffer),
            None => self.inner.read(buffer),
        }
    }
}

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Switches the TPM on, with the state it had.
    fn on<T>(&self, act: impl FnOnce(UnixStream) -> T) -> T {
        let socket = self.dir.path().join("socket");
        let _ = std::fs::remove_file(&socket);
        let tpm = SoftTpm::raw(&self.dir.path().join("state"), &socket).unwrap();
        act(UnixStream::connect(tpm.socket()).unwrap())
    }

    fn key(&self) -> Option<Secret> {
        self.on(|device| match Tpm::new(device).share().unwrap() {
            Share::Key(key) => Some(key),
            Share::Empty { .. } => None,
            Share::NotTpm2 => panic!("swtpm speaks TPM 2.0"),
        })
    }

    fn make(&self) -> Secret {
        self.on(|device| Tpm::new(device).make_share(false)).unwrap()
    }
}

#[test]
fn a_key_is_made_once_and_stays() {
    let bench = Bench::new();
    assert!(bench.key().is_none());
    let made = bench.make();
    assert_eq!(made.len(), KEY_LENGTH);
    assert_eq!(bench.key(), Some(made.clone()));
    assert!(
        bench.on(|device| Tpm::new(device).make_share(false)).is_err(),
        "a key is never overwritten"
    );
    assert!(
        bench.on(|device| Tpm::new(device).make_share(true)).is_err(),
        "a key is never overwritten"
    );
    assert_eq!(bench.key(), Some(made));
}

#[test]
fn another_tpm_has_another_key() {
    assert_ne!(Bench::new().make(), Bench::new().make());
}

#[test]
fn power_that_goes_between_the_commands_leaves_an_index_to_be_written() {
    let bench = Bench::new();
    let cut = bench.on(|device| Tpm::new(Faulty::new(device, NV_WRITE, RC_FAILURE, 1)).make_share(false));
    assert!(matches!(cut, Err(TpmError::Refused { code: RC_FAILURE, .. })));
    bench.on(|device| {
        let mut tpm = Tpm::new(device);
        assert!(matches!(tpm.share().unwrap(), Share::Empty { defined: true }));
        tpm.make_share(true).unwrap();
    });
    assert!(bench.key().is_some());
}

#[test]
fn a_read_error_is_an_error_and_leaves_the_key() {
    let bench = Bench::new();
    let made = bench.make();
    for command in [NV_READ, NV_READ_PUBLIC] {
        for code in [RC_FAILURE, RC_LOCKOUT, 0x18A, 0x28B, 0x9A2] {
            let result = bench.on(|device| Tpm::new(Faulty::new(device, command, code, 1)).share());
            assert!(
                matches!(result, Err(TpmError::Refused { .. })),
                "{command:x} {code:x}: {result:?}"
            );
        }
    }
    assert_eq!(bench.key(), Some(made));
}

#[test]
fn a_command_that_is_put_off_is_sent_again() {
    let bench = Bench::new();
    let made = bench.make();
    let share = bench.on(|device| Tpm::new(Faulty::new(device, NV_READ, RC_RETRY, 3)).share());
    assert!(matches!(share, Ok(Share::Key(key)) if key == made));
}

/// A device that gives the same answer to everything.
struct Fixed(Vec<u8>);

impl Read for Fixed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_slice().read(buffer)
    }
}

impl Write for Fixed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn tpm_1_2_is_recognized_and_refused() {
    let answer = vec![0x00, 0xC4, 0, 0, 0, 10, 0, 0, 0, 30];
    assert!(matches!(Tpm::new(Fixed(answer)).share(), Ok(Share::NotTpm2)));
}

#[test]
fn answers_that_make_no_sense_are_errors() {
    let success = |body: &[u8]| {
        let size = u32::try_from(10 + body.len()).unwrap().to_be_bytes();
        [&[0x80, 0x01], &size[..], &[0, 0, 0, 0], body].concat()
    };
    for answer in [
        vec![],
        vec![0x80],
        success(b""),
        success(&[0xFF; 40]),
        vec![0x80, 0x01, 0, 0, 1, 0, 0, 0, 0, 0],
    ] {
        assert!(Tpm::new(Fixed(answer.clone())).share().is_err(), "{answer:?}");
    }
}
