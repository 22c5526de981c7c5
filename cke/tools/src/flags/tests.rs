#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const USAGE: Usage = Usage {
    synopsis: "[--mode=MODE] DIR [DIR ...]",
    about: "makes",
    flags: &[
        Flag {
            name: "mode",
            default: "755",
            help: "bits",
        },
        Flag {
            name: "logfile",
            default: "",
            help: "file",
        },
    ],
    words: (1, usize::MAX),
};

fn parse(line: &str) -> Result<Arguments, Refusal> {
    USAGE.parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn flags_come_with_one_dash_or_two_and_either_form_of_value() {
    for line in [
        "-mode 700 /a",
        "--mode 700 /a",
        "-mode=700 /a",
        "--mode=700 /a",
        "/a --mode=700",
    ] {
        let parsed = parse(line).unwrap();
        assert_eq!(
            (parsed.value("mode"), parsed.words.as_slice()),
            ("700", &["/a".to_owned()][..]),
            "{line}"
        );
    }
    assert_eq!(parse("/a").unwrap().value("mode"), "755");
    assert_eq!(parse("--mode=a=b /a").unwrap().value("mode"), "a=b");
    assert_eq!(parse("- -- -x").unwrap().words, ["-", "-x"]);
}

#[test]
fn what_cannot_be_understood_is_named() {
    assert_eq!(parse("--mood=1 /a"), Err(Refusal::Unknown("mood".to_owned())));
    assert_eq!(parse("/a --mode"), Err(Refusal::NoValue("mode")));
    assert_eq!(parse("/a -h"), Err(Refusal::Help));
    assert_eq!(parse("--help"), Err(Refusal::Help));
    assert_eq!(parse("--version"), Err(Refusal::Version));
    let none = parse("").unwrap_err();
    assert_eq!(none.to_string(), "0 arguments are given, 1 or more are wanted");
}

#[test]
fn help_lists_flags_with_their_defaults() {
    let help = USAGE.help("make_directories");
    assert!(
        help.contains("Usage: make_directories [--mode=MODE] DIR [DIR ...]\n"),
        "{help}"
    );
    assert!(
        help.contains("  -mode string\n        bits (default \"755\")\n"),
        "{help}"
    );
    assert!(help.contains("  -logfile string\n        file\n"), "{help}");
}
