//! The sample configuration in `etc/`, made from the types, so that it can neither miss a key nor keep an old one.

use super::{FileConfig, Flags};
use clap::{Args as _, Command};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Values that a reader needs to see, over the defaults.
fn example() -> FileConfig {
    FileConfig {
        advertise_url: "http://10.69.0.3:10080".into(),
        advertise_url_https: "https://10.69.0.3:10443".into(),
        allow_ips: vec!["127.0.0.1".into(), "::1".into(), "10.69.0.195".into()],
        ..FileConfig::default()
    }
}

/// The text of `etc/sabakan.yml`.
///
/// # Errors
/// Where the configuration cannot be written as JSON, which its types do not allow.
pub fn sample() -> Result<String, serde_json::Error> {
    let help = Flags::augment_args(Command::new("sabakan"));
    let value = serde_json::to_string(&example())?;
    let map: BTreeMap<String, serde_json::Value> = serde_json::from_str(&value)?;
    let mut text = String::from(
        "# Sample configuration of sabakan. Keys are the names of the flags; what is left out has its default.\n\
         # With --config-file, flags other than those of logging have no effect.\n",
    );
    for (key, value) in map {
        let _infallible = write!(text, "\n{}", comment(&help, &key));
        match value {
            serde_json::Value::Object(inner) => {
                let _infallible = writeln!(text, "{key}:");
                for (name, value) in inner.into_iter().collect::<BTreeMap<_, _>>() {
                    let _infallible = writeln!(text, "  {name}: {value}");
                }
            }
            plain => {
                let _infallible = writeln!(text, "{key}: {plain}");
            }
        }
    }
    Ok(text)
}

/// The help of the flag of the same name, as comment lines.
fn comment(help: &Command, key: &str) -> String {
    let words = match key {
        "etcd" => "Where etcd is: endpoints, prefix, timeout, username, password, and tls-ca-file, tls-cert-file, tls-key-file (or tls-ca, tls-cert, tls-key with the PEM text itself)".to_owned(),
        "limits" => "How many requests of each class run at a time; the next are answered 503 with Retry-After".to_owned(),
        _ => help
            .get_arguments()
            .find(|arg| arg.get_long() == Some(key))
            .and_then(|arg| arg.get_help())
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    wrap(&words)
}

/// Breaks words into comment lines of at most 100 characters.
fn wrap(words: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in words.split_whitespace() {
        let full = lines.last().is_some_and(|line| line.len() + 1 + word.len() > 100);
        if full {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
