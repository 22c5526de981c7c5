//! What is done to arguments before they are parsed, and values as Go's flags write them.

use crate::cli::Cli;
use clap::CommandFactory;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// Gives long flags that were written with one dash, as in `-server URL`, their second one. Only exact names count, so that
/// `-ojson` and the like keep their meaning; nothing behind `--` is touched.
pub(crate) fn with_double_dashes(arguments: Vec<OsString>) -> Vec<OsString> {
    let known = long_flags(&Cli::command());
    let mut options_end = false;
    let fix = |argument: OsString| {
        options_end |= argument == "--";
        let name = argument
            .to_str()
            .and_then(single_dash_name)
            .filter(|name| known.contains(*name));
        if options_end || name.is_none() {
            return argument;
        }
        let mut fixed = OsString::from("-");
        fixed.push(argument);
        fixed
    };
    arguments.into_iter().map(fix).collect()
}

fn single_dash_name(argument: &str) -> Option<&str> {
    let name = argument.strip_prefix('-').filter(|name| !name.starts_with('-'))?;
    let name = name.split('=').next()?;
    (name.len() > 1).then_some(name)
}

fn long_flags(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned);
    own.chain(command.get_subcommands().flat_map(long_flags)).collect()
}

/// A truth value in one of the ways that Go takes.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// Notes as `KEY=VALUE` or `KEY=VALUE,KEY=VALUE`. With a single `=` all that follows it is the value, commas too.
pub(crate) fn notes(text: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |part: &str| {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| format!("{part} must be formatted as key=value"))?;
        Ok((key.to_owned(), value.trim_matches('"').to_owned()))
    };
    if text.matches('=').count() <= 1 {
        Ok(vec![pair(text)?])
    } else {
        text.split(',').map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn fixed(arguments: &[&str]) -> Vec<String> {
        let fixed = with_double_dashes(arguments.iter().map(OsString::from).collect());
        fixed.into_iter().map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn long_flags_get_their_second_dash() {
        assert_eq!(
            fixed(&["sabactl", "-server", "x", "-insecure=true"]),
            ["sabactl", "--server", "x", "--insecure=true"]
        );
        assert_eq!(
            fixed(&["images", "-os", "x", "-o", "-f", "-ojson"]),
            ["images", "--os", "x", "-o", "-f", "-ojson"]
        );
        assert_eq!(fixed(&["--", "-server"]), ["--", "-server"]);
        assert_eq!(fixed(&["-nonsense", "--server"]), ["-nonsense", "--server"]);
    }

    #[test]
    fn notes_of_assets() {
        let pairs = |text: &str| notes(text).unwrap();
        assert_eq!(pairs("a=b,c"), [("a".into(), "b,c".into())]);
        assert_eq!(pairs("a=b,c=d"), [("a".into(), "b".into()), ("c".into(), "d".into())]);
        assert!(notes("a").is_err() && notes("a=b,c=d,e").is_err());
    }
}
