//! Logging in to Vault as an administrator.

use crate::output;
use anyhow::{Context, bail};
use neco_vault::{Endpoint, Login, Secret, Vault};
use std::io::{IsTerminal, stdin, stdout};
use std::process::Command;

/// An administrator, by `VAULT_TOKEN` or by name and password.
pub(super) async fn administrator(endpoint: &Endpoint) -> anyhow::Result<Vault> {
    let login = match std::env::var("VAULT_TOKEN") {
        Ok(token) if !token.is_empty() => Login::Token(token.into()),
        _ => ask()?,
    };
    Ok(Vault::connect(endpoint, login).await?)
}

fn ask() -> anyhow::Result<Login> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        bail!("VAULT_TOKEN is not set, and there is no terminal to ask for a name and password");
    }
    output::emit(b"Vault username: ")?;
    let user = read_line()?;
    output::emit(b"Vault password: ")?;
    let quiet = Quiet::new()?;
    let password = read_line();
    drop(quiet);
    output::line("")?;
    Ok(Login::UserPass {
        user,
        password: Secret::from(password?),
    })
}

fn read_line() -> anyhow::Result<String> {
    let mut line = String::new();
    stdin().read_line(&mut line).context("cannot read from the terminal")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until it is dropped.
struct Quiet;

impl Quiet {
    fn new() -> anyhow::Result<Self> {
        let silenced = Command::new("stty").arg("-echo").status().context("cannot run stty")?;
        if !silenced.success() {
            bail!("the terminal cannot be kept from showing the password");
        }
        Ok(Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = Command::new("stty").arg("echo").status();
    }
}
