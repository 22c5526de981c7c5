//! The four commands that are used, as bytes, and their answers.

use tpm2_protocol::TpmWriter;
use tpm2_protocol::basic::{Tpm2b, TpmUint16, TpmUint32};
use tpm2_protocol::constant::{MAX_NV_BUFFER_SIZE, TPM_MAX_COMMAND_SIZE};
use tpm2_protocol::data::{
    Tpm2bAuth, Tpm2bDigest, Tpm2bMaxNvBuffer, Tpm2bNonce, Tpm2bNvPublic, TpmAlgId, TpmRcBase, TpmRh, TpmSt, TpmaNv,
    TpmaSession, TpmsAuthCommand, TpmsNvPublic,
};
use tpm2_protocol::frame::{
    TpmFrame, TpmNvDefineSpaceCommand, TpmNvReadCommand, TpmNvReadPublicCommand, TpmNvReadPublicResponse,
    TpmNvWriteCommand, TpmResponse, tpm_marshal_command,
};
use zeroize::Zeroizing;

use super::{KEY_LENGTH, NV_INDEX, TpmError};
use crate::secret::Secret;

/// Bytes that may hold a key.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// The longest answer.
pub(super) const LONGEST: usize = TPM_MAX_COMMAND_SIZE;

/// Tag, size and code at the head of every answer.
const HEAD: usize = 10;
/// The tag with which a TPM 1.2 answers, and a TPM 2.0 to what it takes for a command of TPM 1.2.
const TAG_TPM12: [u8; 2] = [0x00, 0xC4];

/// A command, and what it does in an error's words.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) operation: &'static str,
    pub(super) bytes: Bytes,
}

/// What is public about the index.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) attributes: TpmaNv,
    pub(super) size: u16,
}

pub(super) fn read_public() -> Result<Command, TpmError> {
    let command = TpmNvReadPublicCommand { handles: [index()] };
    marshal("reading the index's attributes", &command, &[])
}

pub(super) fn read(size: u16) -> Result<Command, TpmError> {
    let command = TpmNvReadCommand {
        handles: [owner(), index()],
        size: TpmUint16::from(size),
        offset: TpmUint16::from(0),
    };
    marshal("reading the key", &command, &[password()])
}

pub(super) fn define() -> Result<Command, TpmError> {
    let size = u16::try_from(KEY_LENGTH).map_err(|_| TpmError::Malformed {
        operation: "defining the index",
    })?;
    let public = TpmsNvPublic {
        nv_index: index(),
        name_alg: TpmAlgId::Sha256,
        attributes: TpmaNv::OWNERWRITE | TpmaNv::OWNERREAD,
        auth_policy: Tpm2bDigest::default(),
        data_size: TpmUint16::from(size),
    };
    let command = TpmNvDefineSpaceCommand {
        handles: [owner()],
        auth: Tpm2bAuth::default(),
        public_info: Tpm2bNvPublic::from(public),
    };
    marshal("defining the index", &command, &[password()])
}

/// The library's buffers are not cleared when they go: the command is made with zeros, and the key put in their place.
pub(super) fn write(key: &Secret) -> Result<Command, TpmError> {
    let operation = "storing the key";
    let mut data = Tpm2bMaxNvBuffer::default();
    data.try_extend_from_slice(&vec![0; key.len()])
        .map_err(|_| TpmError::Malformed { operation })?;
    let command = TpmNvWriteCommand {
        handles: [owner(), index()],
        data,
        offset: TpmUint16::from(0),
    };
    let mut command = marshal(operation, &command, &[password()])?;
    // The offset's two bytes come after the data.
    let end = command.bytes.len() - 2;
    command.bytes[end - key.len()..end].copy_from_slice(key.expose());
    Ok(command)
}

pub(super) fn parse_public(answer: &[u8]) -> Result<Index, TpmError> {
    let malformed = |_| TpmError::Malformed {
        operation: "reading the index's attributes",
    };
    let response = TpmResponse::cast(answer).map_err(malformed)?;
    let public: TpmNvReadPublicResponse = response.unmarshal().map_err(malformed)?;
    let public = public.nv_public.inner;
    Ok(Index {
        attributes: public.attributes,
        size: public.data_size.value(),
    })
}

/// Takes the key out of an answer without a copy on the way.
pub(super) fn parse_read(answer: &[u8], size: u16) -> Result<Secret, TpmError> {
    // After the head: four bytes with the parameters' size, since the command was authorized.
    let data = answer
        .get(HEAD + 4..)
        .and_then(|body| Tpm2b::<MAX_NV_BUFFER_SIZE>::cast_prefix(body).ok())
        .map(|(data, _)| data.data())
        .filter(|data| data.len() == usize::from(size))
        .ok_or(TpmError::Malformed {
            operation: "reading the key",
        })?;
    Ok(Secret::new(data.to_vec()))
}

/// Whether all of an answer is there.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let size = bytes
        .get(2..6)
        .and_then(|size| size.try_into().ok())
        .map(u32::from_be_bytes);
    size.and_then(|size| usize::try_from(size).ok())
        .is_some_and(|size| bytes.len() >= size.max(HEAD))
}

/// Finds out whether an answer means success.
pub(super) fn check(operation: &'static str, answer: &[u8]) -> Result<(), TpmError> {
    let code = answer
        .get(6..HEAD)
        .and_then(|code| code.try_into().ok())
        .map(u32::from_be_bytes);
    match code {
        None => Err(TpmError::Malformed { operation }),
        Some(_) if !is_complete(answer) => Err(TpmError::Malformed { operation }),
        Some(code) if answer.starts_with(&TAG_TPM12) => Err(TpmError::Refused {
            operation,
            code: TPM12 | code,
        }),
        Some(0) => Ok(()),
        Some(code) => Err(TpmError::Refused { operation, code }),
    }
}

/// Marks a code of TPM 1.2, which has no such bit of its own.
const TPM12: u32 = 1 << 31;

pub(super) fn is_tpm12(error: &TpmError) -> bool {
    matches!(error, TpmError::Refused { code, .. } if code & TPM12 != 0)
}

/// The first handle of the command is not there: the index, since it is the only one.
pub(super) fn is_no_index(error: &TpmError) -> bool {
    // A code of format 1 has the number of the handle in its bits 8 to 10.
    matches!(error, TpmError::Refused { code, .. } if *code == TpmRcBase::Handle as u32 | 0x100)
}

/// The TPM is busy with itself and wants the command again.
pub(super) fn is_put_off(code: u32) -> bool {
    [
        TpmRcBase::Retry,
        TpmRcBase::Yielded,
        TpmRcBase::Testing,
        TpmRcBase::NvRate,
    ]
    .into_iter()
    .any(|base| base as u32 == code)
}

fn marshal(
    operation: &'static str,
    command: &impl TpmFrame,
    sessions: &[TpmsAuthCommand],
) -> Result<Command, TpmError> {
    let mut bytes = Bytes::new(vec![0; LONGEST]);
    let tag = if sessions.is_empty() {
        TpmSt::NoSessions
    } else {
        TpmSt::Sessions
    };
    let mut writer = TpmWriter::new(&mut bytes);
    tpm_marshal_command(command, tag, sessions, &mut writer).map_err(|_| TpmError::Malformed { operation })?;
    let length = writer.len();
    bytes.truncate(length);
    Ok(Command { operation, bytes })
}

fn index() -> TpmUint32 {
    TpmUint32::from(NV_INDEX)
}

fn owner() -> TpmUint32 {
    TpmUint32::from(TpmRh::Owner as u32)
}

/// The owner's password, which is empty.
fn password() -> TpmsAuthCommand {
    TpmsAuthCommand {
        session_handle: TpmUint32::from(TpmRh::Pw as u32),
        nonce: Tpm2bNonce::default(),
        session_attributes: TpmaSession::CONTINUE_SESSION,
        hmac: Tpm2bAuth::default(),
    }
}
