//! Key-value secrets, version 1 of the engine.

use std::collections::BTreeMap;

use crate::{Error, Secret, Vault};

impl Vault {
    /// The secret at a path: its values by key. `None` where there is none.
    ///
    /// # Errors
    /// [`Error`]; a missing engine is [`Error::Rejected`].
    pub async fn kv_read(&self, path: &str) -> Result<Option<BTreeMap<String, Secret>>, Error> {
        self.get("read", path).await
    }

    /// Writes the whole secret at a path.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn kv_write(&self, path: &str, values: &BTreeMap<String, Secret>) -> Result<(), Error> {
        self.put("write", path, values).await
    }
}
