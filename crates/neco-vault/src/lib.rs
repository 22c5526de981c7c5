//! The part of Vault's HTTP API that is in use: PKI, key-value secrets, AppRole, mounts. OpenBao serves the same.
