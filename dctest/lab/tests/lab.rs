//! `neco-lab` as a person uses it, and what is left of a fleet whose process died.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A name that tests of another checkout do not use at the same time.
fn own_id(letter: char) -> String {
    format!("{letter}{:05}", std::process::id() % 100_000)
}

fn lab(fleet: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neco-lab"));
    let output = command.args(["--fleet", fleet]).args(arguments).output().unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    (output.status.success(), out + &err)
}

#[test]
fn a_fleet_for_a_person_is_there_until_it_is_taken_away() {
    let id = &own_id('m');
    let (good, said) = lab(id, &["up", "1", "0"]);
    assert!(good && said.contains("cp1    10.99.0.101"), "{said}");
    assert_eq!(lab(id, &["ssh", "cp1", "hostname"]), (true, "cp1\n".to_owned()));
    assert_eq!(lab(id, &["ssh", "--cke", "cp1", "id -un"]), (true, "cke\n".to_owned()));
    let (good, said) = lab(id, &["boot", "ip", "-brief", "address"]);
    assert!(good && said.contains("10.99.0.11/24"), "{said}");
    let (good, said) = lab(id, &["ssh", "w7"]);
    assert!(!good && said.contains("there is no node w7; there are cp1"), "{said}");
    let (good, said) = lab(id, &["up", "1", "0"]);
    assert!(
        !good && said.contains(&format!("a fleet named {id} runs already")),
        "{said}"
    );
    assert!(lab(id, &["down"]).0);
    assert_eq!(lab(id, &["down"]), (true, format!("there is no fleet {id}\n")));
}

#[test]
fn what_a_crashed_process_left_is_taken_away() {
    let id = &own_id('c');
    let mut holder = Command::new(env!("CARGO_BIN_EXE_neco-lab"))
        .args(["--fleet", id, "hold", "1", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut word = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut word)
        .unwrap();
    assert_eq!(word, "up\n");
    let namespace = PathBuf::from(format!("/run/netns/nf-{id}-cp1"));
    assert!(namespace.exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(namespace.exists(), "nobody has taken it away yet");
    testkit::fleet::sweep().unwrap();
    assert!(!namespace.exists());
    assert!(
        !testkit::fleet::found()
            .unwrap()
            .iter()
            .any(|fleet| &fleet.layout.id == id)
    );
}
