//! The sub-commands, one module a group.

pub(crate) mod auto_repair;
pub(crate) mod ca;
pub(crate) mod cluster;
pub(crate) mod constraints;
pub(crate) mod doctor;
pub(crate) mod etcd;
pub(crate) mod explain;
pub(crate) mod freeze;
pub(crate) mod history;
pub(crate) mod kubernetes;
pub(crate) mod plan;
mod queue;
pub(crate) mod reboot_queue;
pub(crate) mod repair_queue;
pub(crate) mod resource;
pub(crate) mod sabakan;
mod show;
pub(crate) mod ssh;
pub(crate) mod support_bundle;
pub(crate) mod vault;
pub(crate) mod watch;

use crate::cli::{Cli, Command};
use crate::connect::Connection;

/// Runs what the command line asks for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let connection = Connection::new(cli.config);
    match cli.command {
        Command::AutoRepair(command) => command.run(&connection).await,
        Command::Budget(command) => command.run(&connection).await,
        Command::Ca(command) => command.run(&connection).await,
        Command::Cluster(command) => command.run(&connection).await,
        Command::Completion(command) => Ok(command.run::<Cli>()?),
        Command::Constraints(command) => command.run(&connection).await,
        Command::Doctor(command) => command.run(&connection).await,
        Command::Etcd(command) => command.run(&connection).await,
        Command::Explain(command) => command.run(&connection).await,
        Command::Freeze(command) => command.run(&connection).await,
        Command::History(command) => command.run(&connection).await,
        Command::Images(_) => show::images(&connection),
        Command::Kubernetes(command) => command.run(&connection).await,
        Command::Leader(_) => show::leader(&connection).await,
        Command::Man(command) => Ok(command.run::<Cli>()?),
        Command::Plan(command) => command.run(&connection).await,
        Command::RebootQueue(command) => command.run(&connection).await,
        Command::RepairQueue(command) => command.run(&connection).await,
        Command::Resource(command) => command.run(&connection).await,
        Command::Sabakan(command) => command.run(&connection).await,
        Command::Scp(command) => command.run(&connection).await,
        Command::Ssh(command) => command.run(&connection).await,
        Command::Status(_) => show::status(&connection).await,
        Command::SupportBundle(command) => command.run(&connection).await,
        Command::Thaw(command) => command.run(&connection).await,
        Command::Vault(command) => command.run(&connection).await,
        Command::Watch(command) => command.run(&connection).await,
    }
}
