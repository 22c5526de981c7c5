//! Completion scripts, man pages and files, for a command of two sub-commands.
#![allow(clippy::unwrap_used, reason = "tests")]

use clap::{CommandFactory, Parser, Subcommand};
use neco_terminal::completion::{self, Completion, Man};
use neco_terminal::input;
use std::path::Path;

#[derive(Parser)]
#[command(name = "tool")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(long_about = completion::help("tool"))]
    Completion(Completion),
    Man(Man),
}

#[test]
fn the_help_names_the_program() {
    let mut cli = Cli::command();
    let help = cli
        .find_subcommand_mut("completion")
        .unwrap()
        .render_long_help()
        .to_string();
    assert!(help.starts_with("Print a completion script.\n\nFor bash"), "{help}");
    assert!(
        help.contains(". <(tool completion)") && help.contains("Shell to complete for"),
        "{help}"
    );
}

#[test]
fn man_pages_are_written_into_a_folder_that_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("man");
    let parsed = |place: &Path| {
        Cli::try_parse_from(["tool", "man", place.to_str().unwrap()])
            .unwrap()
            .command
    };
    let Command::Man(man) = parsed(&place) else {
        unreachable!()
    };
    man.run::<Cli>().unwrap();
    assert!(place.join("tool.1").exists() && place.join("tool-completion.1").exists());
    let Command::Man(man) = parsed(&place.join("tool.1")) else {
        unreachable!()
    };
    let error = man.run::<Cli>().unwrap_err();
    assert!(error.to_string().starts_with("cannot write to /"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = input::bytes(Path::new("/nowhere/x")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/x");
    assert!(std::error::Error::source(&error).is_some());
}
