//! The private keys that nodes let one in with: one for an address, or one for all.

use russh::keys::PrivateKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Why a text is no private key. It never holds a part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is protected by a pass phrase.
    #[error("the private key is protected by a pass phrase")]
    Encrypted,
    /// It is none of the formats there are.
    #[error("not a private key in PEM: OpenSSH, PKCS#8, PKCS#1 (RSA) and SEC1 (EC) are read; {0}")]
    Unreadable(String),
}

/// Private keys by address. The key of the empty address is for every node without one of its own.
///
/// Parsed once; memory of private parts is cleared when the last user is gone, and `Debug` shows finger prints only.
#[derive(Clone, Default)]
pub struct Keys {
    by_address: HashMap<String, Result<Arc<PrivateKey>, KeyError>>,
}

impl Keys {
    /// Parses `(address, PEM)`. A text that is no key harms the nodes that it is for, and no others ([`Keys::problems`]).
    pub fn parse<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let by_address = texts
            .into_iter()
            .map(|(address, text)| (address.to_owned(), parse(text).map(Arc::new)))
            .collect();
        Self { by_address }
    }

    /// What is wrong with which addresses' keys, in order of addresses.
    #[must_use]
    pub fn problems(&self) -> Vec<(&str, &KeyError)> {
        let mut problems: Vec<_> = self
            .by_address
            .iter()
            .filter_map(|(address, key)| Some((address.as_str(), key.as_ref().err()?)))
            .collect();
        problems.sort_by_key(|(address, _)| *address);
        problems
    }

    /// The key for a node: its own, else the one for all.
    pub(crate) fn for_address(&self, address: &str) -> Option<Result<Arc<PrivateKey>, KeyError>> {
        self.by_address
            .get(address)
            .or_else(|| self.by_address.get(""))
            .cloned()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finger_print = |key: &Arc<PrivateKey>| key.fingerprint(russh::keys::HashAlg::Sha256).to_string();
        f.debug_map()
            .entries(
                self.by_address
                    .iter()
                    .map(|(address, key)| (address, key.as_ref().map(finger_print))),
            )
            .finish()
    }
}

fn parse(text: &str) -> Result<PrivateKey, KeyError> {
    let key = russh::keys::decode_secret_key(text, None).map_err(|error| match error {
        russh::keys::Error::KeyIsEncrypted => KeyError::Encrypted,
        other => KeyError::Unreadable(other.to_string()),
    })?;
    if key.is_encrypted() {
        Err(KeyError::Encrypted)
    } else {
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
