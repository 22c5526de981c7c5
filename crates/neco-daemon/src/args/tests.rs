#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser;

use super::*;

#[derive(Parser, Debug, PartialEq, Eq)]
struct Cli {
    #[arg(long)]
    http: Option<String>,
    #[arg(long, visible_alias = "dhcp")]
    dhcp_bind: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_playground: Option<bool>,
    #[arg(short, long)]
    verbose: bool,
    #[arg(short)]
    o: Option<String>,
    rest: Vec<String>,
}

fn parsed(line: &str) -> Cli {
    let words = std::iter::once("sabakan")
        .chain(line.split_whitespace())
        .map(OsString::from);
    try_parse_from(words).unwrap()
}

#[test]
fn go_style_is_the_same_as_ours() {
    let ours = parsed("--http :80 --dhcp-bind 0.0.0.0:67 --enable-playground");
    for line in [
        "-http :80 -dhcp-bind 0.0.0.0:67 -enable-playground",
        "-http=:80 -dhcp-bind=0.0.0.0:67 -enable-playground=true",
        "-http=:80 --dhcp=0.0.0.0:67 -enable-playground",
        "-dhcp 0.0.0.0:67 --http=:80 --enable-playground=true",
    ] {
        assert_eq!(parsed(line), ours, "{line}");
    }
    assert_eq!(parsed("-enable-playground=false").enable_playground, Some(false));
}

#[test]
fn the_rest_is_left_alone() {
    let cli = parsed("-v -o simple word -- -http -x");
    assert!(cli.verbose);
    assert_eq!(cli.o.as_deref(), Some("simple"));
    assert_eq!(cli.rest, ["word", "-http", "-x"]);
    assert_eq!(cli.http, None);

    let names = LongNames::of(&<Cli as clap::CommandFactory>::command());
    for words in [
        ["p", "-httpx"],
        ["p", "-"],
        ["p", "--"],
        ["p", "-o"],
        ["p", "http"],
        ["-http", "---http"],
    ] {
        let words = words.map(OsString::from);
        assert_eq!(normalize(&names, words.clone()), words);
    }
    let bytes = OsString::from_vec(vec![b'-', 0xff, b'=', b'x']);
    assert_eq!(
        normalize(&names, [bytes.clone(), bytes.clone()]),
        [bytes.clone(), bytes]
    );
}

#[test]
fn help_and_unknown_flags_are_claps() {
    let error = |line: &str| {
        let words = ["sabakan", line].map(OsString::from);
        try_parse_from::<Cli>(words).unwrap_err().kind()
    };
    assert_eq!(error("-help"), clap::error::ErrorKind::DisplayHelp);
    assert_eq!(error("-nonsense"), clap::error::ErrorKind::UnknownArgument);
}
