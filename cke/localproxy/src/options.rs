//! How the program is started.

use anyhow::Context as _;
use cke_model::Images;
use clap::Parser;
use neco_daemon::log::LogArgs;
use neco_etcd::{Config as EtcdConfig, parse_go_duration};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs kube-proxy and a DNS server on this host, so that its programs reach Kubernetes' services.
#[derive(Parser, Debug)]
#[command(name = "cke-localproxy", version, args_override_self = true)]
pub struct Cli {
    /// Path of CKE's configuration file: where its etcd is
    #[arg(long, value_name = "FILE", default_value = "/etc/cke/config.yml")]
    pub config: PathBuf,
    /// How often this host is checked
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse_go_duration)]
    pub interval: Duration,
    /// Flags of logging.
    #[command(flatten)]
    pub log: LogArgs,
}

/// CKE's configuration file; what only `cke` wants of it is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct File {
    /// Where CKE's etcd is.
    #[serde(flatten)]
    pub etcd: EtcdConfig,
    /// Container images.
    pub images: Images,
}

impl File {
    /// Reads the file.
    ///
    /// # Errors
    /// With the place, when it cannot be read or is not as it should be.
    pub fn load(path: &Path) -> anyhow::Result<File> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = File::parse(&text).with_context(|| path.display().to_string())?;
        file.etcd.timeout().with_context(|| path.display().to_string())?;
        Ok(file)
    }

    fn parse(text: &str) -> anyhow::Result<File> {
        let said = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let mut file = if text.lines().any(said) {
            serde_saphyr::from_str(text)?
        } else {
            File::default()
        };
        file.etcd = file.etcd.with_default_prefix(cke_storage::PREFIX);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_configuration_of_cke_is_taken() {
        let text = "endpoints: [http://127.0.0.1:1]\nssh-host-keys: strict\nimages:\n  unbound: other/unbound:1\n";
        let file = File::parse(text).unwrap();
        assert_eq!(file.etcd.endpoints, ["http://127.0.0.1:1"]);
        assert_eq!(file.etcd.prefix.as_deref(), Some("/cke/"));
        assert_eq!(
            (file.images.unbound.as_str(), &file.images.tools),
            ("other/unbound:1", &Images::default().tools)
        );
        assert_eq!(File::parse("# nothing\n").unwrap().images, Images::default());
        assert!(File::parse("images: {bind: x}").is_err());
        let missing = File::load(Path::new("/nowhere/config.yml")).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/config.yml"), "{missing}");
    }

    #[test]
    fn flags_are_those_of_the_original() {
        let cli = Cli::parse_from(["cke-localproxy"]);
        assert_eq!(
            (cli.config.as_path(), cli.interval),
            (Path::new("/etc/cke/config.yml"), Duration::from_secs(60))
        );
        let given = [
            "cke-localproxy",
            "--config=/a",
            "--interval",
            "5s",
            "--loglevel=debug",
            "--logformat=json",
            "--logfile=/b",
        ];
        let cli = Cli::parse_from(given);
        assert_eq!(
            (cli.config.as_path(), cli.interval),
            (Path::new("/a"), Duration::from_secs(5))
        );
    }

    #[test]
    fn the_unit_starts_it_with_flags_that_it_knows() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../etc/cke-localproxy.service");
        let unit = std::fs::read_to_string(path).unwrap();
        let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let cli = Cli::try_parse_from(command.split_whitespace()).unwrap();
        assert_eq!(cli.config, Path::new("/etc/cke/config.yml"));
        assert_eq!(cli.log.logformat.as_deref(), Some("logfmt"));
    }
}
