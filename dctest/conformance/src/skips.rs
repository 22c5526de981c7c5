//! The tests that are not run, each with its reason.
//!
//! The list is a text: a line that begins with `#` says why the tests below it are not run, and holds until the next such line or the next
//! empty one; a test is a line with its full name.

use std::collections::BTreeMap;

/// The list of this project.
pub const OURS: &str = include_str!("skips.txt");

/// Why a list is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// A test without a line that says why.
    #[error("line {line}: no reason stands above {name:?}")]
    NoReason {
        /// Where.
        line: usize,
        /// What stands there.
        name: String,
    },
    /// A test that stands there twice.
    #[error("line {line}: {name:?} stands there twice")]
    Twice {
        /// Where the second one is.
        line: usize,
        /// The test.
        name: String,
    },
    /// A line that is no conformance test's name.
    #[error("line {line}: {name:?} is no conformance test")]
    NoTest {
        /// Where.
        line: usize,
        /// What stands there.
        name: String,
    },
}

/// Reads a list: the reason of each test.
///
/// # Errors
/// When a test has no reason, stands there twice, or is no conformance test.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut skips = BTreeMap::new();
    let mut reason = None;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let (line, number) = (line, index + 1);
        if let Some(said) = line.strip_prefix('#') {
            reason = Some(said.trim());
        } else if line.is_empty() {
            reason = None;
        } else {
            add(&mut skips, reason, line).map_err(|wrong| wrong(number, line.to_owned()))?;
        }
    }
    Ok(skips)
}

type Wrong = fn(usize, String) -> Error;

fn add(skips: &mut BTreeMap<String, String>, reason: Option<&str>, name: &str) -> Result<(), Wrong> {
    if !crate::report::is_conformance(name) {
        return Err(|line, name| Error::NoTest { line, name });
    }
    let reason = reason.filter(|reason| !reason.is_empty());
    let reason = reason.ok_or((|line, name| Error::NoReason { line, name }) as Wrong)?;
    match skips.insert(name.to_owned(), reason.to_owned()) {
        None => Ok(()),
        Some(_) => Err(|line, name| Error::Twice { line, name }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_the_reason_above_it() {
        let text = "# needs a\nfirst [Conformance]\nsecond [Conformance]\n\n# needs b\nthird [Conformance]\n";
        let skips = parse(text).unwrap();
        let reasons: Vec<&str> = skips.values().map(String::as_str).collect();
        assert_eq!(reasons, ["needs a", "needs a", "needs b"]);
    }

    #[test]
    fn a_list_with_a_fault_is_refused_with_its_line() {
        let name = || "a [Conformance]".to_owned();
        let cases = [
            ("a [Conformance]\n", Error::NoReason { line: 1, name: name() }),
            ("# b\n\na [Conformance]\n", Error::NoReason { line: 3, name: name() }),
            ("#\na [Conformance]\n", Error::NoReason { line: 2, name: name() }),
            (
                "# b\na [Conformance]\na [Conformance]\n",
                Error::Twice { line: 3, name: name() },
            ),
            (
                "# b\nsomething\n",
                Error::NoTest {
                    line: 2,
                    name: "something".to_owned(),
                },
            ),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn ours_is_well_formed() {
        parse(OURS).unwrap();
    }
}
