//! IDs of templates: versions, more loosely than semantic versioning.
//!
//! `1.2.3`, `v1.2.3`, `2`, `1.2.3.4`, `1.0.0-rc.1+build`, `1.2beta` are taken. Missing numbers count as zero, a pre-release
//! sorts before its release, and build metadata does not count.

use std::cmp::Ordering;

/// A template's ID with what it sorts by.
#[derive(Debug, Clone)]
pub struct IgnitionId {
    text: String,
    /// Without zeros at the end.
    numbers: Vec<i64>,
    pre_release: String,
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid ignition id {0:?}: it must be a version such as 1.2.3 or 1.2.3-rc.1")]
pub struct IgnitionIdError(pub String);

impl IgnitionId {
    /// The ID as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for IgnitionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

impl std::str::FromStr for IgnitionId {
    type Err = IgnitionIdError;

    fn from_str(text: &str) -> Result<Self, IgnitionIdError> {
        parse(text).ok_or_else(|| IgnitionIdError(text.chars().take(64).collect()))
    }
}

fn parse(text: &str) -> Option<IgnitionId> {
    let body = text.strip_prefix('v').unwrap_or(text);
    let (body, metadata) = body.split_once('+').map_or((body, None), |(b, m)| (b, Some(m)));
    if metadata.is_some_and(|m| !m.split('.').all(is_word)) {
        return None;
    }
    let (numbers, pre_release) = split_numbers(body);
    let mut numbers = numbers
        .split('.')
        .map(|n| n.parse().ok())
        .collect::<Option<Vec<i64>>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(IgnitionId {
        text: text.to_owned(),
        numbers,
        pre_release: checked_pre_release(pre_release)?.to_owned(),
    })
}

/// Splits after the longest run of numbers joined by dots.
fn split_numbers(body: &str) -> (&str, &str) {
    let run = body.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let end = body[..run].trim_end_matches('.').len();
    body.split_at(end)
}

/// The pre-release without its dash. Without a dash it must begin with a letter; with one, a part that begins with a digit
/// may follow.
fn checked_pre_release(rest: &str) -> Option<&str> {
    if rest.is_empty() {
        return Some(rest);
    }
    let pre_release = rest.strip_prefix('-').filter(|text| !text.is_empty()).unwrap_or(rest);
    let first = pre_release.bytes().next()?;
    let dashed = pre_release.len() < rest.len();
    let begins_well = first.is_ascii_alphabetic() || b"-~".contains(&first) || (dashed && first.is_ascii_digit());
    (begins_well && pre_release.split('.').all(is_word)).then_some(pre_release)
}

fn is_word(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-~".contains(&b))
}

impl Ord for IgnitionId {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_version = self.numbers.cmp(&other.numbers);
        let by_pre_release = || compare_pre_releases(&self.pre_release, &other.pre_release);
        // The text last, so that IDs that differ in writing alone keep one order.
        by_version
            .then_with(by_pre_release)
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for IgnitionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for IgnitionId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for IgnitionId {}

fn compare_pre_releases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (l, r) => match compare_parts(l, r) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// Numbers sort before words. A part that the other side lacks makes its side greater when it is a number and less when it
/// is a word: not what semantic versioning says, but the order that operators know from the original.
fn compare_parts(a: Option<&str>, b: Option<&str>) -> Ordering {
    let number = |part: &str| part.parse::<i64>().ok();
    match (a, b) {
        (Some(a), Some(b)) => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.cmp(b),
        },
        (None, Some(b)) if number(b).is_some() => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), None) if number(a).is_some() => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (None, None) => Ordering::Equal,
    }
}
