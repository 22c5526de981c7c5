//! Issues the certificates of a cluster through Vault.
