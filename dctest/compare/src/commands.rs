//! Every sub-command of `sabactl`, the original's and ours, against servers of either kind: the same output, byte for byte,
//! and the same exit code.
//!
//! Each client changes a site of its own, so four sites go through the same life. `commands/script.txt` is that life: a
//! command a line, its arguments as in a shell. A line may end in `## REASON`: there ours is meant to differ.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::programs::Programs;
use crate::site::{Server, Site};

/// A command of the script.
struct Line<'a> {
    text: &'a str,
    arguments: Vec<String>,
    differs: Option<&'a str>,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
}

/// Runs the script with both clients against both kinds of server, and fails where the clients differ without a reason.
///
/// # Errors
/// When a server or client cannot be started, or when outcomes differ.
pub async fn compare(ours: &Programs, original: &Programs) -> anyhow::Result<()> {
    let script = include_str!("commands/script.txt");
    let lines: Vec<Line> = script.lines().filter_map(parse).collect();
    let mut faults = 0;
    for server in [original, ours] {
        println!("==> clients against the server of {}", server.name);
        let theirs = run(server, original, &lines).await?;
        let mine = run(server, ours, &lines).await?;
        for (line, (mine, theirs)) in lines.iter().zip(mine.iter().zip(&theirs)) {
            if mine == theirs || (mine.code == theirs.code && sorted(mine) == sorted(theirs)) {
                continue;
            }
            if let Some(reason) = line.differs {
                println!(
                    "    {}: {:?} (the original: {:?}): {reason}",
                    line.text, mine.code, theirs.code
                );
                continue;
            }
            faults += 1;
            println!("--- {}\n    ours:     {mine:?}\n    original: {theirs:?}", line.text);
        }
    }
    println!(
        "{} commands against two servers, {faults} differ without a reason",
        lines.len()
    );
    if faults > 0 {
        bail!("{faults} commands differ");
    }
    Ok(())
}

fn parse(line: &str) -> Option<Line<'_>> {
    let (text, differs) = match line.split_once("##") {
        Some((text, reason)) => (text.trim(), Some(reason.trim())),
        None => (line.trim(), None),
    };
    (!text.is_empty() && !text.starts_with('#')).then(|| Line {
        text,
        arguments: words(text),
        differs,
    })
}

/// Words, parted by spaces; quotes hold a word together.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut open = false;
    for letter in text.chars() {
        match letter {
            '\'' => (quoted, open) = (!quoted, true),
            ' ' if !quoted => {
                if open {
                    words.push(String::new());
                }
                open = false;
            }
            _ => {
                open = true;
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
        }
    }
    words
}

async fn run(server: &Programs, client: &Programs, lines: &[Line<'_>]) -> anyhow::Result<Vec<Outcome>> {
    let site = Site::start(server).await?;
    let server = site.server("server").await?;
    let folder = site.folder().join("inputs");
    write_inputs(&folder)?;
    lines.iter().map(|line| one(&server, client, &folder, line)).collect()
}

fn one(server: &Server, client: &Programs, folder: &Path, line: &Line<'_>) -> anyhow::Result<Outcome> {
    let output = Command::new(client.folder.join("sabactl"))
        .args(["--server", &server.url, "--tls-server", &server.https, "--insecure"])
        .args(&line.arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run sabactl of {}", client.name))?;
    let stdout = String::from_utf8_lossy(&output.stdout).replace(&server.url, "URL");
    Ok(Outcome {
        code: output.status.code(),
        stdout: mask(&stdout),
    })
}

/// Lines in an order of their own: the original lists machines in none.
fn sorted(outcome: &Outcome) -> Vec<&str> {
    let mut lines: Vec<_> = outcome.stdout.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines
}

/// Moments of a run give way to a word; all other bytes count.
fn mask(stdout: &str) -> String {
    let passing = [
        "\"register-date\": ",
        "\"timestamp\": ",
        "\"duration\": ",
        "\"date\": ",
        "\"ts\":\"",
    ];
    stdout
        .lines()
        .map(|line| {
            let mut line = line.to_owned();
            for name in passing {
                if let Some((before, after)) = line.split_once(name) {
                    let rest = after
                        .trim_start_matches(|letter: char| !",\n".contains(letter))
                        .to_owned();
                    line = format!("{before}{name}*{rest}");
                }
            }
            // `Jan 02 15:04:05.000 user@ip ...`: a line of the log for people.
            let is_log = line.get(20..21) == Some(" ") && line.get(9..10) == Some(":") && line.get(15..16) == Some(".");
            let line = if is_log { line.split_off(20) } else { line };
            line + "\n"
        })
        .collect()
}

fn write_inputs(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder.join("files/etc"))?;
    let inputs = [
        ("ipam.json", include_str!("commands/ipam.json")),
        ("machines.json", include_str!("commands/machines.json")),
        ("site.yml", "version: 2.3\nfiles:\n  - /etc/hostname\n"),
        ("files/etc/hostname", "{{ .Spec.Serial }} {{ Metadata \"key\" }}\n"),
        ("meta.json", "{\"key\": \"<value>\", \"number\": 1234567}\n"),
        ("dhcp.json", "{\"lease-minutes\": 30, \"dns-servers\": [\"1.1.1.1\"]}\n"),
        ("broken.json", "{\"lease-minutes\": \n"),
        ("kernel", "a kernel\n"),
        ("initrd", "an initrd\n"),
        ("asset.txt", "an asset\n"),
        (
            "raw.json",
            "{\"version\": \"2.3\", \"template\": {\"ignition\": {\"version\": \"2.3.0\"}}, \"meta\": {\"a\": 1}}\n",
        ),
    ];
    for (name, content) in inputs {
        fs::write(folder.join(name), content).with_context(|| name.to_owned())?;
    }
    Ok(())
}
