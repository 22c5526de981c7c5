//! The sub-commands, one module a group.

pub(crate) mod assets;
pub(crate) mod boot_log;
pub(crate) mod crypts;
pub(crate) mod ignitions;
pub(crate) mod images;
pub(crate) mod kernel_params;
pub(crate) mod logs;
pub(crate) mod machines;
pub(crate) mod site;

use crate::cli::{Cli, Command, Connection};
use crate::output;

/// Runs what the command line asks for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let connection = &cli.connection;
    match cli.command {
        Command::Assets(command) => command.run(&connection.client()?).await,
        Command::BootLog(command) => command.run(&connection.client()?).await,
        Command::Completion(command) => Ok(command.run::<Cli>()?),
        Command::Crypts(command) => command.run(connection).await,
        Command::Dhcp(command) => command.run(&connection.client()?).await,
        Command::Ignitions(command) => command.run(&connection.client()?).await,
        Command::Images(command) => command.run(&connection.client()?).await,
        Command::Ipam(command) => command.run(&connection.client()?).await,
        Command::KernelParams(command) => command.run(&connection.client()?).await,
        Command::Logs(command) => command.run(&connection.client()?).await,
        Command::Machines(command) => command.run(&connection.client()?).await,
        Command::Man(command) => Ok(command.run::<Cli>()?),
        Command::Version => version(connection).await,
    }
}

/// The version of this program, and the server's where it answers.
async fn version(connection: &Connection) -> anyhow::Result<()> {
    output::line(concat!("sabactl version ", env!("CARGO_PKG_VERSION")))?;
    let server = connection.client()?.version().await?;
    Ok(output::line(&format!("server version {server}"))?)
}
