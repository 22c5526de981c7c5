//! Command lines in the style of Go: `-name value`, `-name=value`, and the same with two dashes.
//!
//! Every flag takes a value. It is written here because a parser for everything would be half of each program.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// A flag that takes a value.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Name without dashes.
    pub name: &'static str,
    /// Value where it is not given.
    pub default: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
}

/// The command line of one program.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// What follows the program's name, for the first line of the help.
    pub synopsis: &'static str,
    /// What the program does.
    pub about: &'static str,
    /// Its flags.
    pub flags: &'static [Flag],
    /// The least and the greatest number of words that are not flags.
    pub words: (usize, usize),
}

/// A command line that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    values: BTreeMap<&'static str, String>,
    /// The words that are not flags.
    pub words: Vec<String>,
}

/// Why no work is to be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody asked how to use the program.
    #[error("help is asked for")]
    Help,
    /// Somebody asked for the version.
    #[error("the version is asked for")]
    Version,
    /// No such flag.
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    /// The last word is a flag without its value.
    #[error("flag needs an argument: -{0}")]
    NoValue(&'static str),
    /// Too few or too many words.
    #[error("{given} arguments are given, {wanted} are wanted")]
    Words {
        /// How many there are.
        given: usize,
        /// How many there may be.
        wanted: String,
    },
}

impl Arguments {
    /// The value of a flag of the program, or its default.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}

impl Usage {
    /// Understands the words after the program's name. Flags and words may be mixed; after `--` all is words.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn parse(&self, args: impl IntoIterator<Item = String>) -> Result<Arguments, Refusal> {
        let mut parsed = Arguments {
            values: self.flags.iter().map(|f| (f.name, f.default.to_owned())).collect(),
            words: Vec::new(),
        };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                parsed.words.extend(args.by_ref());
                break;
            }
            let Some(flag) = arg
                .strip_prefix("--")
                .or_else(|| arg.strip_prefix('-'))
                .filter(|f| !f.is_empty())
            else {
                parsed.words.push(arg);
                continue;
            };
            let (name, value) = flag
                .split_once('=')
                .map_or((flag, None), |(name, value)| (name, Some(value)));
            let name = self.known(name)?;
            let value = match value {
                Some(value) => value.to_owned(),
                None => args.next().ok_or(Refusal::NoValue(name))?,
            };
            parsed.values.insert(name, value);
        }
        self.check_words(parsed.words.len())?;
        Ok(parsed)
    }

    fn known(&self, name: &str) -> Result<&'static str, Refusal> {
        match self.flags.iter().find(|flag| flag.name == name) {
            Some(flag) => Ok(flag.name),
            None if matches!(name, "h" | "help") => Err(Refusal::Help),
            None if name == "version" => Err(Refusal::Version),
            None => Err(Refusal::Unknown(name.to_owned())),
        }
    }

    fn check_words(&self, given: usize) -> Result<(), Refusal> {
        let (least, most) = self.words;
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, usize::MAX) => format!("{least} or more"),
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        Err(Refusal::Words { given, wanted })
    }

    /// The text of the help.
    #[must_use]
    pub fn help(&self, program: &str) -> String {
        let mut text = format!("{}\n\nUsage: {program} {}\n", self.about, self.synopsis);
        for Flag { name, default, help } in self.flags {
            let default = if default.is_empty() {
                String::new()
            } else {
                format!(" (default \"{default}\")")
            };
            text.push_str(&format!("  -{name} string\n        {help}{default}\n"));
        }
        text
    }
}
