//! `ckecli vault`

mod login;

use crate::cli::Ignored;
use crate::connect::Connection;
use crate::{input, output};
use anyhow::{Context, bail};
use cke_model::VaultConfig;
use cke_pki::init::Initializer;
use clap::{Args, Subcommand};
use gojson::decode_stored;
use jiff::Timestamp;
use neco_ssh::Keys;
use neco_vault::{Endpoint, Secret};
use std::path::{Path, PathBuf};

const CONFIG_HELP: &str = "Store how Vault is reached.

FILE holds a JSON object with these members:

    endpoint:  URL of Vault.
    ca-cert:   Certificate of the authority to check the server by, in PEM.
    role-id:   ID of the AppRole to log in with.
    secret-id: Secret of the AppRole.";

/// Manage Vault.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    Init(Init),
    #[command(long_about = CONFIG_HELP)]
    /// Store how Vault is reached
    Config {
        /// The parameters; - for standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
    /// Store an SSH private key in Vault
    SshPrivkey {
        /// The node that it is for; all nodes without a key of their own by default
        #[arg(long, default_value = "", hide_default_value = true)]
        host: String,
        /// The key; - for standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
    /// Make a new key to encrypt Secrets of Kubernetes
    ///
    /// The last key is kept, so that what it encrypted can be read; older ones are removed. API servers take the new key when
    /// they are restarted; then all Secrets should be written again.
    Enckey(Ignored),
}

/// Prepare Vault for CKE.
///
/// Vault gets six authorities, an engine for keys, a policy and an AppRole named cke, and a first key to encrypt Secrets with.
/// What is there already stays. The token of an administrator is taken from VAULT_TOKEN; without it, name and password are
/// asked for.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Certificate of the authority to check Vault's certificate by, in PEM
    #[arg(long, env = "VAULT_CACERT", value_name = "FILE")]
    cacert: Option<String>,
    /// URL of Vault
    #[arg(
        long,
        env = "VAULT_ADDR",
        default_value = "https://127.0.0.1:8200",
        value_name = "URL"
    )]
    endpoint: String,
}

impl VaultCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Init(init) => init.run(connection).await,
            Self::Config { file } => config(connection, &file).await,
            Self::SshPrivkey { host, file } => ssh_privkey(connection, &host, &file).await,
            Self::Enckey(_) => {
                connection
                    .issuer()
                    .await?
                    .rotate_encryption_key(Timestamp::now())
                    .await?;
                Ok(output::line("succeeded")?)
            }
        }
    }
}

impl Init {
    async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let ca = match self.cacert.filter(|file| !file.is_empty()) {
            None => String::new(),
            Some(file) => input::text(Path::new(&file))?,
        };
        let admin = login::administrator(&Endpoint::new(&self.endpoint).with_ca(&ca)).await?;
        let initializer = Initializer::new(admin, storage, &ca);
        for step in cke_pki::init::decide(&initializer.observe().await?) {
            if let Some(done) = initializer.apply(&step).await? {
                output::line(&done)?;
            }
        }
        Ok(())
    }
}

async fn config(connection: &Connection, file: &Path) -> anyhow::Result<()> {
    let place = || file.display().to_string();
    let config: VaultConfig = decode_stored(&input::bytes(file)?).with_context(place)?;
    cke_pki::validate(&config).with_context(place)?;
    Ok(connection.storage().await?.put_vault_config(&config).await?)
}

async fn ssh_privkey(connection: &Connection, host: &str, file: &Path) -> anyhow::Result<()> {
    let key = Secret::from(input::text(file)?);
    if let Some((_, problem)) = Keys::parse([(host, key.expose())]).problems().first() {
        bail!("{}: {problem}", file.display());
    }
    Ok(connection.issuer().await?.put_ssh_key(host, key).await?)
}
