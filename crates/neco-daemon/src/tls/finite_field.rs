//! Key exchange over a finite field (TLS 1.2 with `DHE_RSA` and AES-GCM), for UEFI firmware.
//!
//! EDK II was long built without elliptic curves, and so is the firmware that vendors make from it: of what is still held to be safe
//! it offers this alone. The group is ffdhe3072 of RFC 7919, a safe prime; secrets are of one boot only. It needs an RSA certificate.

use std::fmt;
use std::sync::LazyLock;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U384, U3072};
use rustls::crypto::{
    ActiveKeyExchange, CipherSuiteCommon, CryptoProvider, KeyExchangeAlgorithm, SharedSecret, SupportedKxGroup,
    aws_lc_rs,
};
use rustls::ffdhe_groups::{FFDHE3072, FfdheGroup};
use rustls::{CipherSuite, Error, NamedGroup, PeerMisbehaved, SupportedCipherSuite, Tls12CipherSuite};
use zeroize::Zeroizing;

/// Bytes of an element of the group.
const ELEMENT: usize = 384;

/// Bytes of a secret exponent: 384 bits, where the RFC asks for 275 at least.
const EXPONENT: usize = 48;

/// The provider of all else, which takes this key exchange where a client offers nothing better.
pub(super) fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    // At the end: they are chosen by the server's order.
    provider
        .cipher_suites
        .extend(SUITES.iter().map(SupportedCipherSuite::Tls12));
    provider.kx_groups.push(&Ffdhe3072);
    provider
}

/// Suites that differ from those of elliptic curves in the key exchange alone.
static SUITES: LazyLock<Vec<Tls12CipherSuite>> = LazyLock::new(|| {
    let pairs = [
        (
            CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ),
        (
            CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ),
    ];
    let model = |name: CipherSuite| {
        aws_lc_rs::ALL_CIPHER_SUITES.iter().find_map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) if suite.common.suite == name => Some(*suite),
            _ => None,
        })
    };
    pairs
        .into_iter()
        .filter_map(|(name, like)| Some(with_finite_field(name, model(like)?)))
        .collect()
});

fn with_finite_field(suite: CipherSuite, like: &Tls12CipherSuite) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite,
            hash_provider: like.common.hash_provider,
            confidentiality_limit: like.common.confidentiality_limit,
        },
        prf_provider: like.prf_provider,
        kx: KeyExchangeAlgorithm::DHE,
        sign: like.sign,
        aead_alg: like.aead_alg,
    }
}

/// The group's arithmetic; `None` only if the prime were even.
static FIELD: LazyLock<Option<FixedMontyParams<{ U3072::LIMBS }>>> = LazyLock::new(|| {
    let prime = Odd::new(U3072::from_be_slice(FFDHE3072.p));
    Option::from(prime.map(FixedMontyParams::new))
});

/// `base` to the power of a secret, in time that does not depend on it.
fn power(base: &U3072, exponent: &[u8; EXPONENT]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let field = FIELD.as_ref().ok_or_else(|| Error::General("no group".to_owned()))?;
    let exponent = Zeroizing::new(U384::from_be_slice(exponent));
    let element = Zeroizing::new(FixedMontyForm::new(base, field).pow(&*exponent).retrieve());
    Ok(Zeroizing::new(element.to_be_bytes().as_ref().to_vec()))
}

#[derive(Debug)]
struct Ffdhe3072;

impl SupportedKxGroup for Ffdhe3072 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = Zeroizing::new([0; EXPONENT]);
        aws_lc_rs::default_provider().secure_random.fill(secret.as_mut())?;
        // Two generates the group.
        let public = power(&U3072::from(2_u8), &secret)?.to_vec();
        Ok(Box::new(Exchange { secret, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(FFDHE3072)
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::FFDHE3072
    }
}

struct Exchange {
    secret: Zeroizing<[u8; EXPONENT]>,
    public: Vec<u8>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, theirs: &[u8]) -> Result<SharedSecret, Error> {
        let shared = power(&element(theirs)?, &self.secret)?;
        Ok(SharedSecret::from(shared.as_slice()))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(FFDHE3072)
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::FFDHE3072
    }
}

/// The other side's public element: more than one and less than `p - 1`, or the secret would be no secret (RFC 7919, section 5.1).
fn element(bytes: &[u8]) -> Result<U3072, Error> {
    let invalid = || Error::from(PeerMisbehaved::InvalidKeyShare);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    let pad = ELEMENT.checked_sub(digits.len()).ok_or_else(invalid)?;
    let mut padded = vec![0; pad];
    padded.extend_from_slice(digits);
    let value = U3072::from_be_slice(&padded);
    let last = U3072::from_be_slice(FFDHE3072.p).wrapping_sub(&U3072::ONE);
    if value <= U3072::ONE || value >= last {
        return Err(invalid());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn both_sides_find_the_same_secret() {
        let (ours, theirs) = (Ffdhe3072.start().unwrap(), Ffdhe3072.start().unwrap());
        let (our_key, their_key) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        assert_eq!(our_key.len(), ELEMENT);
        assert_ne!(our_key, their_key);
        let (one, other) = (ours.complete(&their_key).unwrap(), theirs.complete(&our_key).unwrap());
        assert_eq!(one.secret_bytes(), other.secret_bytes());
        assert_eq!(one.secret_bytes().len(), ELEMENT);
    }

    #[test]
    fn powers_are_right() {
        let mut exponent = [0; EXPONENT];
        exponent[EXPONENT - 1] = 10;
        let digits = |value: &[u8]| value.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
        assert_eq!(digits(&power(&U3072::from(2_u8), &exponent).unwrap()), [4, 0]);
        // Fermat: two to the power of p - 1 is one; here by squares of the largest element, which is minus one.
        let largest = U3072::from_be_slice(FFDHE3072.p).wrapping_sub(&U3072::ONE);
        assert_eq!(digits(&power(&largest, &exponent).unwrap()), [1]);
    }

    #[test]
    fn elements_that_give_the_secret_away_are_refused() {
        let minus = |n: u8| {
            let value = U3072::from_be_slice(FFDHE3072.p).wrapping_sub(&U3072::from(n));
            value.to_be_bytes().as_ref().to_vec()
        };
        for bad in [vec![], vec![0], vec![1], minus(1), minus(0), vec![1; ELEMENT + 1]] {
            assert!(element(&bad).is_err(), "{bad:?}");
        }
        assert_eq!(element(&[0, 0, 2]).unwrap(), U3072::from(2_u8));
        element(&minus(2)).unwrap();
    }
}
