//! Patterns of disk names, as Go's `filepath.Match` has them: `*` any run of characters but `/`, `?` one of them, `[a-z]` and `[^a-z]` a
//! class, `\` takes the meaning off the next character. A pattern covers the whole name.

use thiserror::Error;

/// A pattern that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{option}: {pattern:?} is not a pattern of disk names")]
pub struct BadPattern {
    /// Where it was given.
    pub option: &'static str,
    /// The pattern.
    pub pattern: String,
}

/// A pattern, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Run,
    Any,
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Reads the values of an option.
    pub(crate) fn parse_all(option: &'static str, texts: &[String]) -> Result<Vec<Self>, BadPattern> {
        let parse = |text: &String| {
            Self::parse(text).ok_or_else(|| BadPattern {
                option,
                pattern: text.clone(),
            })
        };
        texts.iter().map(parse).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut characters = text.chars().peekable();
        let mut parts = Vec::new();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' => Some(Part::Run),
                '?' => Some(Part::Any),
                '\\' => characters.next().map(Part::One),
                '[' => class(&mut characters),
                other => Some(Part::One(other)),
            };
            parts.push(part?);
        }
        Some(Self(parts))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        matches(&self.0, &name)
    }
}

fn class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Part> {
    let negated = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && characters.next_if_eq(&']').is_some() {
            return Some(Part::Class { negated, ranges });
        }
        let low = member(characters)?;
        let high = if characters.next_if_eq(&'-').is_some() {
            member(characters)?
        } else {
            low
        };
        ranges.push((low, high));
    }
}

fn member(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next(),
        other => Some(other),
    }
}

/// Names are short: going back at each `*` costs nothing.
fn matches(parts: &[Part], name: &[char]) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return name.is_empty();
    };
    if *part == Part::Run {
        return (0..=name.len())
            .take_while(|&skip| !name[..skip].contains(&'/'))
            .any(|skip| matches(rest, &name[skip..]));
    }
    match name.split_first() {
        Some((&character, tail)) => part.takes(character) && matches(rest, tail),
        None => false,
    }
}

impl Part {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Run => false,
            Self::Any => character != '/',
            Self::One(one) => *one == character,
            Self::Class { negated, ranges } => {
                character != '/' && ranges.iter().any(|(low, high)| (low..=high).contains(&&character)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Pattern;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, expected) in [
            ("sd*", "sda", true),
            ("sd*", "nvme0n1", false),
            ("*", "", true),
            ("nvme?n1", "nvme0n1", true),
            ("nvme?n1", "nvme10n1", false),
            ("sd[a-c]", "sdb", true),
            ("sd[^a-c]", "sdb", false),
            ("sd[^a-c]", "sdd", true),
            ("sd[ac-e]", "sdd", true),
            (r"sd\*", "sd*", true),
            (r"sd\*", "sda", false),
            ("*d*a*", "sdxya", true),
            ("sd", "sda", false),
            ("c*d", "cciss/c0d", false),
        ] {
            assert_eq!(
                Pattern::parse(pattern).unwrap().matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["[", "[]a]", "[a", "[a-]", "[-x]", "a\\", "[x-", "[^]"] {
            assert!(Pattern::parse(pattern).is_none(), "{pattern}");
        }
    }
}
