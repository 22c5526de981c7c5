//! Kernel parameters that the iPXE script appends.

/// Longest parameters in bytes.
pub const MAX_KERNEL_PARAMS: usize = 4096;

/// Parameters in the allowed characters: letters, digits, space, and everything from `,` to `_` in ASCII. Quotes, `#`, `*`,
/// `&`, `~` and control characters are not among them: the text goes into a script as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelParams(String);

/// Why parameters were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KernelParamsError {
    /// A character that the script could not hold.
    #[error("kernel params must not contain {0:?}: letters, digits, space and `,-./:;<=>?@[\\]^_` are allowed")]
    Character(char),
    /// Too many bytes.
    #[error("kernel params must have at most {MAX_KERNEL_PARAMS} bytes, not {0}")]
    TooLong(usize),
}

impl KernelParams {
    /// Checks `text`.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn new(text: impl Into<String>) -> Result<Self, KernelParamsError> {
        let text = text.into();
        let allowed = |c: char| c == ' ' || c.is_ascii_alphanumeric() || (','..='_').contains(&c);
        if text.len() > MAX_KERNEL_PARAMS {
            return Err(KernelParamsError::TooLong(text.len()));
        }
        match text.chars().find(|c| !allowed(*c)) {
            Some(bad) => Err(KernelParamsError::Character(bad)),
            None => Ok(Self(text)),
        }
    }

    /// The parameters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for KernelParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowed_characters_are_those_of_the_original() {
        for good in [
            "",
            "console=ttyS0 coreos.autologin=ttyS0 glt",
            "a,b-c.d/e:f;g<h=i>j?k@l[m\\n]o^p_q",
        ] {
            assert_eq!(KernelParams::new(good).map(|p| p.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "a\nb", "寿司", "a\"b", "a'b", "#", "a+b", "*", "&", "~", "a\tb", "{", "`", "!",
        ] {
            assert!(
                matches!(KernelParams::new(bad), Err(KernelParamsError::Character(_))),
                "{bad}"
            );
        }
        assert_eq!(
            KernelParams::new("a".repeat(4097)),
            Err(KernelParamsError::TooLong(4097))
        );
    }
}
