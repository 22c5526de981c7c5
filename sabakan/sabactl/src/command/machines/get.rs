//! `sabactl machines get`

use crate::cli::Ignored;
use crate::figures;
use crate::output;
use crate::tabwriter;
use clap::{Args, ValueEnum};
use sabakan_client::Client;
use sabakan_model::Machine;
use std::io::IsTerminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, as the API has it.
    Json,
    /// Columns with fixed names, for scripts.
    Simple,
    /// A table for people.
    Table,
}

/// Search for machines.
///
/// Conditions must all hold. Values of one condition are alternatives, except for labels, which must all be there.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Output format; a table on a terminal and JSON elsewhere by default
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
    #[command(flatten)]
    having: Having,
    #[command(flatten)]
    without: Without,
    #[command(flatten)]
    ignored: Ignored,
}

macro_rules! conditions {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $field:ident = $flag:literal, )* }) => {
        #[derive(Debug, Args)]
        $(#[$meta])*
        struct $name {
            $( $(#[$doc])* #[arg(long = $flag, default_value = "", hide_default_value = true)] $field: String, )*
        }

        impl $name {
            /// Names and values of the conditions that were given.
            fn params(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$( ($flag, self.$field.as_str()) ),*].into_iter().filter(|(_, value)| !value.is_empty())
            }
        }
    };
}

conditions! {
    #[command(next_help_heading = "Conditions")]
    Having {
        /// Serials (001,002,003...)
        serial = "serial",
        /// Rack numbers (1,2,3...)
        rack = "rack",
        /// Roles (boot,worker...)
        role = "role",
        /// Labels, all of them (key=val,...)
        labels = "labels",
        /// IPv4 addresses (10.0.0.1,10.0.0.2...)
        ipv4 = "ipv4",
        /// IPv6 addresses (aa::ff,bb::ff...)
        ipv6 = "ipv6",
        /// BMC types (iDRAC-9,IPMI-2.0...)
        bmc_type = "bmc-type",
        /// States (retiring,uninitialized...)
        state = "state",
    }
}

conditions! {
    #[command(next_help_heading = "Exclusions")]
    Without {
        /// Not these serials
        without_serial = "without-serial",
        /// Not in these racks
        without_rack = "without-rack",
        /// Not of these roles
        without_role = "without-role",
        /// Not with all of these labels
        without_labels = "without-labels",
        /// Not with these IPv4 addresses
        without_ipv4 = "without-ipv4",
        /// Not with these IPv6 addresses
        without_ipv6 = "without-ipv6",
        /// Not with these BMC types
        without_bmc_type = "without-bmc-type",
        /// Not in these states
        without_state = "without-state",
    }
}

impl Get {
    pub(crate) async fn run(&self, client: &Client) -> anyhow::Result<()> {
        let params: Vec<_> = self.having.params().chain(self.without.params()).collect();
        let machines = client.machines(&params).await?;
        match self.format() {
            Format::Json => output::json_2(&machines),
            Format::Simple => Ok(output::emit(simple(&machines).as_bytes())?),
            Format::Table => Ok(table(&machines)?),
        }
    }

    fn format(&self) -> Format {
        let by_default = || {
            if std::io::stdout().is_terminal() {
                Format::Table
            } else {
                Format::Json
            }
        };
        self.output.unwrap_or_else(by_default)
    }
}

/// The first address, IPv4 before IPv6.
fn address(machine: &Machine) -> &str {
    let spec = &machine.spec;
    let mut all = spec.ipv4.iter().flatten().chain(spec.ipv6.iter().flatten());
    all.next().map_or("", String::as_str)
}

fn simple(machines: &[Machine]) -> String {
    let header = ["Serial", "Rack", "Role", "State", "IPv4", "BMC"]
        .map(str::to_owned)
        .to_vec();
    let row = |m: &Machine| {
        let (spec, state) = (&m.spec, m.status.state);
        let bmc = spec.bmc.bmc_type.clone();
        // The empty cell at the end makes the last column one with a fixed width.
        vec![
            spec.serial.clone(),
            spec.rack.to_string(),
            spec.role.clone(),
            state.to_string(),
            address(m).into(),
            bmc,
            String::new(),
        ]
    };
    let lines: Vec<_> = std::iter::once(header).chain(machines.iter().map(row)).collect();
    tabwriter::columns(&lines)
}

fn table(machines: &[Machine]) -> std::io::Result<()> {
    let row = |m: &Machine| {
        let (spec, status) = (&m.spec, &m.status);
        let labels = spec
            .labels
            .iter()
            .flatten()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(",");
        vec![
            spec.serial.clone(),
            spec.rack.to_string(),
            spec.index_in_rack.to_string(),
            spec.role.clone(),
            status.state.to_string(),
            figures::span(status.duration),
            address(m).to_owned(),
            spec.bmc.bmc_type.clone(),
            labels,
        ]
    };
    let header = [
        "SERIAL", "RACK", "INDEX", "ROLE", "STATE", "FOR", "ADDRESS", "BMC", "LABELS",
    ];
    output::table(&header, machines.iter().map(row).collect())
}
