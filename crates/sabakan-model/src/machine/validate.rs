//! What the names of a machine may look like.

use super::MachineSpec;

/// Longest serial: it is one element of keys and of paths, and SMBIOS strings are shorter.
pub const MAX_SERIAL: usize = 128;

/// Why a specification was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The serial is missing or cannot be an element of a key.
    #[error(
        "serial {0:?} must be 1 to 128 letters, digits and `-_.:+` that begin with a letter or digit and hold no `..`"
    )]
    Serial(String),
    /// The role is missing or has other characters than a label's value.
    #[error("invalid role {role:?} of machine {serial}")]
    Role {
        /// The machine.
        serial: String,
        /// Its role.
        role: String,
    },
    /// A label breaks Kubernetes' rule.
    #[error("invalid label {name:?}={value:?} of machine {serial}")]
    Label {
        /// The machine.
        serial: String,
        /// Name of the label.
        name: String,
        /// Value of the label.
        value: String,
    },
    /// The BMC type is missing or has other characters than letters, digits and `-_/.`.
    #[error("invalid bmc.type {bmc_type:?} of machine {serial}")]
    BmcType {
        /// The machine.
        serial: String,
        /// Its BMC type.
        bmc_type: String,
    },
}

/// The rule of Kubernetes for the name part of labels: 1 to 63 of `[0-9A-Za-z_.-]`, letters or digits at both ends.
fn is_label_token(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    let end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63 && bytes.iter().all(inner) && end(bytes.first()) && end(bytes.last())
}

/// True for what may be a label's name.
#[must_use]
pub fn is_valid_label_name(name: &str) -> bool {
    is_label_token(name)
}

/// True for what may be a label's value: empty, or as a name.
#[must_use]
pub fn is_valid_label_value(value: &str) -> bool {
    value.is_empty() || is_label_token(value)
}

/// True for what may be a role.
#[must_use]
pub fn is_valid_role(role: &str) -> bool {
    is_label_token(role)
}

/// True for what may be a BMC type.
#[must_use]
pub fn is_valid_bmc_type(bmc_type: &str) -> bool {
    !bmc_type.is_empty()
        && bmc_type
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(&b))
}

/// True for what may name a machine in keys, paths and iPXE scripts: no separators, no `..`, nothing to escape.
#[must_use]
pub fn is_valid_serial(serial: &str) -> bool {
    let body = |b: u8| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b);
    (1..=MAX_SERIAL).contains(&serial.len())
        && serial.starts_with(|c: char| c.is_ascii_alphanumeric())
        && serial.bytes().all(body)
        && !serial.contains("..")
}

impl MachineSpec {
    /// Checks what a caller may register.
    ///
    /// # Errors
    /// The first rule that is broken, with the machine and the value.
    pub fn validate(&self) -> Result<(), SpecError> {
        let serial = self.serial.clone();
        if !is_valid_serial(&self.serial) {
            return Err(SpecError::Serial(serial));
        }
        if !is_valid_role(&self.role) {
            return Err(SpecError::Role {
                serial,
                role: self.role.clone(),
            });
        }
        if let Some((name, value)) = self.labels.iter().flatten().find(|(n, v)| !valid_label(n, v)) {
            return Err(SpecError::Label {
                serial,
                name: name.clone(),
                value: value.clone(),
            });
        }
        if !is_valid_bmc_type(&self.bmc.bmc_type) {
            return Err(SpecError::BmcType {
                serial,
                bmc_type: self.bmc.bmc_type.clone(),
            });
        }
        Ok(())
    }
}

fn valid_label(name: &str, value: &str) -> bool {
    is_valid_label_name(name) && is_valid_label_value(value)
}
