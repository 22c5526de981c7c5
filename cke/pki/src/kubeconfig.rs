//! The text of kubeconfigs, with the keys in the order in which Kubernetes' own library writes them.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::KeyPair;

/// What a kubeconfig is made of.
#[derive(Debug, Clone)]
pub struct Kubeconfig<'a> {
    /// Name of the cluster.
    pub cluster: &'a str,
    /// Name of the user.
    pub user: &'a str,
    /// URL of the API server.
    pub server: &'a str,
    /// Certificate of Kubernetes' authority, in PEM.
    pub ca: &'a str,
    /// The user's certificate and key.
    pub pair: &'a KeyPair,
}

impl Kubeconfig<'_> {
    /// The file; it holds the user's key.
    #[must_use]
    pub fn to_yaml(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(STANDARD.encode(self.pair.key.expose()));
        let (cluster, user) = (scalar(self.cluster), scalar(self.user));
        Zeroizing::new(format!(
            "apiVersion: v1\n\
             clusters:\n\
             - cluster:\n\
             \x20   certificate-authority-data: {ca}\n\
             \x20   server: {server}\n\
             \x20 name: {cluster}\n\
             contexts:\n\
             - context:\n\
             \x20   cluster: {cluster}\n\
             \x20   user: {user}\n\
             \x20 name: default\n\
             current-context: default\n\
             kind: Config\n\
             users:\n\
             - name: {user}\n\
             \x20 user:\n\
             \x20   client-certificate-data: {certificate}\n\
             \x20   client-key-data: {key}\n",
            ca = STANDARD.encode(self.ca),
            server = scalar(self.server),
            certificate = STANDARD.encode(&self.pair.certificate),
            key = key.as_str(),
        ))
    }
}

/// A string in YAML: plain where nobody can take it for something else, else in double quotes, which are JSON's.
pub(crate) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@+=".contains(c))
        && !text.ends_with(':')
        && !AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// Words that YAML 1.1 takes for booleans, nothing and numbers.
const AMBIGUOUS: &[&str] = &[
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
];
