//! A machine: what was registered, the state it is in, and the addresses that follow from both.

mod change;
mod validate;

use crate::{GoTime, MachineState};
use std::collections::BTreeMap;

pub use change::UnknownLabel;
pub use validate::{
    MAX_SERIAL, SpecError, is_valid_bmc_type, is_valid_label_name, is_valid_label_value, is_valid_role, is_valid_serial,
};

record! {
    /// The board management controller of a machine.
    pub struct Bmc {
        /// Address by formula; empty before it is assigned.
        "ipv4" ipv4: String,
        /// Never assigned; kept as stored.
        "ipv6" ipv6: String,
        /// Kind of controller, like `iDRAC-9` or `IPMI-2.0`.
        "type" bmc_type: String,
    }
}

record! {
    /// What defines a machine.
    pub struct MachineSpec {
        /// SMBIOS serial number, the machine's name.
        "serial" serial: String,
        /// Labels; nil and empty are told apart as in etcd.
        "labels" labels: Option<BTreeMap<String, String>>,
        /// Logical rack number.
        "rack" rack: u64,
        /// Logical position in the rack, assigned at registration.
        "index-in-rack" index_in_rack: u64,
        /// Role, `boot` for the boot server of a rack.
        "role" role: String,
        /// Addresses of the operating system by formula.
        "ipv4" ipv4: Option<Vec<String>>,
        /// Never assigned; kept as stored.
        "ipv6" ipv6: Option<Vec<String>>,
        /// When it was registered.
        "register-date" register_date: GoTime,
        /// When it is to be retired.
        "retire-date" retire_date: GoTime,
        /// Its board management controller.
        "bmc" bmc: Bmc,
    }
}

record! {
    /// The state of a machine.
    pub struct MachineStatus {
        /// When the state was entered.
        "timestamp" timestamp: GoTime,
        /// Seconds in the state: 0 in etcd, computed for answers ([`Machine::with_duration`]).
        "duration" duration: f64,
        /// The state.
        "state" state: MachineState,
    }
}

record! {
    /// One network interface as templates want it.
    pub struct NicConfig {
        /// IPv4 address.
        "address" address: String,
        /// Mask in dotted form.
        "netmask" netmask: String,
        /// Mask as the number of leading ones.
        "maskbits" maskbits: i64,
        /// Default gateway.
        "gateway" gateway: String,
    }
}

record! {
    /// Interfaces of the operating system.
    pub struct NetworkInfo {
        /// One for each address of the machine.
        "ipv4" ipv4: Option<Vec<NicConfig>>,
    }
}

record! {
    /// The interface of the board management controller.
    pub struct BmcInfo {
        /// Its one address.
        "ipv4" ipv4: NicConfig,
    }
}

record! {
    /// What follows from the specification and the address formulas.
    pub struct MachineInfo {
        /// Interfaces of the operating system.
        "network" network: NetworkInfo,
        /// The interface of the board management controller.
        "bmc" bmc: BmcInfo,
    }
}

record! {
    /// A server.
    pub struct Machine {
        /// What defines it.
        "spec" spec: MachineSpec,
        /// The state it is in.
        "status" status: MachineStatus,
        /// What follows from its place.
        "info" info: MachineInfo,
    }
}

#[cfg(test)]
mod tests;
