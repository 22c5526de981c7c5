//! The command-line flags of etcdutil, to flatten into a program's own.

use clap::Args;

use super::{Config, Secret};

/// Flags that say where etcd is. Each is optional: what is not given stays as [`Config`] has it.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "etcd")]
pub struct EtcdArgs {
    /// Comma-separated URLs of etcd's members [default: http://127.0.0.1:2379]
    #[arg(long, value_name = "URLS", value_parser = parse_endpoints)]
    pub etcd_endpoints: Option<Endpoints>,
    /// Prefix of every key in etcd
    #[arg(long, value_name = "PREFIX")]
    pub etcd_prefix: Option<String>,
    /// Time given to a connection to etcd [default: 2s]
    #[arg(long, value_name = "DURATION")]
    pub etcd_timeout: Option<String>,
    /// User name for etcd
    #[arg(long, value_name = "NAME")]
    pub etcd_username: Option<String>,
    /// Password for etcd
    #[arg(long, value_name = "PASSWORD")]
    pub etcd_password: Option<Secret>,
    /// File of the CA certificates that etcd's members are checked against
    #[arg(long, value_name = "FILE")]
    pub etcd_tls_ca: Option<String>,
    /// File of the client certificate for etcd
    #[arg(long, value_name = "FILE")]
    pub etcd_tls_cert: Option<String>,
    /// File of the client certificate's private key
    #[arg(long, value_name = "FILE")]
    pub etcd_tls_key: Option<String>,
}

/// The list that one `--etcd-endpoints` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(pub Vec<String>);

fn parse_endpoints(text: &str) -> Result<Endpoints, String> {
    let endpoints: Vec<String> = text.split(',').filter(|e| !e.is_empty()).map(str::to_owned).collect();
    if endpoints.is_empty() {
        return Err("no endpoints".to_owned());
    }
    Ok(Endpoints(endpoints))
}

impl EtcdArgs {
    /// `config` with every flag that was given put over it.
    pub fn apply(self, mut config: Config) -> Config {
        set(&mut config.endpoints, self.etcd_endpoints.map(|e| e.0));
        config.prefix = self.etcd_prefix.or(config.prefix);
        set(&mut config.timeout, self.etcd_timeout);
        set(&mut config.username, self.etcd_username);
        set(&mut config.password, self.etcd_password);
        set(&mut config.tls_ca_file, self.etcd_tls_ca);
        set(&mut config.tls_cert_file, self.etcd_tls_cert);
        set(&mut config.tls_key_file, self.etcd_tls_key);
        config
    }
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}
