//! Go's flag style for clap: one dash or two before a long name, the value after `=` or as the next word.
//!
//! Go reads `-dhcp-bind X`, `-dhcp-bind=X`, `--dhcp-bind X`; clap would read `-dhcp-bind` as eight short flags. What is
//! known as a long name of the command gets its second dash; all else is left as it is.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::Command;

/// The long flags of a command and all its sub-commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LongNames {
    names: BTreeSet<String>,
}

impl LongNames {
    /// Those of a clap command, aliases too.
    pub fn of(command: &Command) -> LongNames {
        let mut long = LongNames::default();
        long.collect(command);
        long.names.extend(["help".to_owned(), "version".to_owned()]);
        long
    }

    fn collect(&mut self, command: &Command) {
        for arg in command.get_arguments() {
            let aliases = arg.get_all_aliases().unwrap_or_default();
            self.names
                .extend(arg.get_long().into_iter().chain(aliases).map(str::to_owned));
        }
        command.get_subcommands().for_each(|sub| self.collect(sub));
    }

    /// Whether `word` is a known long flag behind a single dash. A name of one letter is left to clap's short flags.
    fn needs_a_dash(&self, word: &OsStr) -> bool {
        let Some(rest) = word.as_bytes().strip_prefix(b"-") else {
            return false;
        };
        let name = rest.split(|b| *b == b'=').next().unwrap_or_default();
        name.len() > 1 && std::str::from_utf8(name).is_ok_and(|name| self.names.contains(name))
    }
}

/// The words of a command line as clap takes them; the first is the program's name. Nothing after `--` is touched.
pub fn normalize(names: &LongNames, words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut literal = false;
    words
        .into_iter()
        .enumerate()
        .map(|(index, word)| {
            literal |= word == "--";
            if index == 0 || literal || !names.needs_a_dash(&word) {
                return word;
            }
            OsString::from_vec([b"-", word.as_bytes()].concat())
        })
        .collect()
}

/// The process's command line, parsed as `T` after [`normalize`]; usage errors end the process as clap does.
pub fn parse<T: clap::Parser>() -> T {
    let words = normalize(&LongNames::of(&T::command()), std::env::args_os());
    T::parse_from(words)
}

/// The same for any words, without ending the process.
///
/// # Errors
/// What clap finds wrong with them.
pub fn try_parse_from<T: clap::Parser>(words: impl IntoIterator<Item = OsString>) -> Result<T, clap::Error> {
    T::try_parse_from(normalize(&LongNames::of(&T::command()), words))
}
