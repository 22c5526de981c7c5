//! The token of one boot: it travels from the iPXE script in the URL of the Ignition, and from there to the requests for
//! disk keys. It shows that whoever asks has read the script that was made for this machine, not long ago.
//!
//! A token is the end of its life (seconds since 1970) and a MAC over that and the serial, under a key that all servers
//! share in etcd: any server can check what another one issued, and none keeps a list.

pub mod store;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long a token is good, in seconds: two hours. A machine with many disks formats them in that time.
pub const LIFE_SECONDS: i64 = 7200;

/// The key that signs tokens. Its `Debug` hides it.
#[derive(Clone)]
pub struct Signer(hmac::Key);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// A signer with this key: 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A token for the machine, good until [`LIFE_SECONDS`] after `now` (seconds since 1970).
    #[must_use]
    pub fn issue(&self, serial: &str, now: i64) -> String {
        let end = now.saturating_add(LIFE_SECONDS);
        let tag = hmac::sign(&self.0, message(serial, end).as_bytes());
        format!("{end:x}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// Is this a token that was issued for the machine and has not ended?
    #[must_use]
    pub fn check(&self, token: &str, serial: &str, now: i64) -> bool {
        let Some((end, tag)) = token.split_once('.') else {
            return false;
        };
        let (Ok(end), Ok(tag)) = (i64::from_str_radix(end, 16), URL_SAFE_NO_PAD.decode(tag)) else {
            return false;
        };
        end > now && hmac::verify(&self.0, message(serial, end).as_bytes(), &tag).is_ok()
    }
}

fn message(serial: &str, end: i64) -> String {
    format!("sabakan boot {end} {serial}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_one_machine_and_for_a_time() {
        let signer = Signer::new(&[7; 32]);
        let token = signer.issue("R0N1", 1000);
        assert!(signer.check(&token, "R0N1", 1001));
        assert!(signer.check(&token, "R0N1", 1000 + LIFE_SECONDS - 1));
        assert!(!signer.check(&token, "R0N1", 1000 + LIFE_SECONDS));
        assert!(!signer.check(&token, "R0N2", 1001));
        assert!(!Signer::new(&[8; 32]).check(&token, "R0N1", 1001));
        for bad in ["", ".", "zz.zz", "7fffffffffffffff.AAAA", "-1.AA"] {
            assert!(!signer.check(bad, "R0N1", 1001), "{bad}");
        }
        let safe = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(
            token.chars().all(safe),
            "it stands in a URL on a kernel's command line: {token}"
        );
    }
}
