//! One command on one channel.

use crate::error::{Doing, Error};
use crate::runner::{Output, tail};
use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// `SSH_EXTENDED_DATA_STDERR` of RFC 4254, section 5.2.
const STDERR: u32 = 1;

/// A channel for one command.
pub(super) struct Session {
    reader: ChannelReadHalf,
    closing: Closing,
}

impl Session {
    pub(super) fn new(channel: Channel<Msg>, place: OwnedSemaphorePermit) -> Self {
        let (reader, writer) = channel.split();
        let closing = Closing {
            writer: Arc::new(writer),
            place: Some(place),
        };
        Self { reader, closing }
    }

    /// Runs a command to its end. When the future is dropped before, the command is told to end and the channel is closed.
    pub(super) async fn execute(
        mut self,
        node: &str,
        command: &str,
        stdin: Option<Bytes>,
        max_output: usize,
    ) -> Result<Output, Error> {
        let writer = Arc::clone(&self.closing.writer);
        let mut feeding = pin!(feed(&writer, command, stdin));
        let mut fed = false;
        let mut ending = Ending::new(node, max_output);
        loop {
            tokio::select! {
                message = self.reader.wait() => match message {
                    None => return Err(ending.lost()),
                    Some(ChannelMsg::Close) => break,
                    Some(message) => ending.take(message)?,
                },
                // A command that reads no input ends all the same: only its end counts.
                _ = &mut feeding, if !fed => fed = true,
            }
        }
        self.closing.ended();
        ending.finish()
    }
}

async fn feed(writer: &ChannelWriteHalf<Msg>, command: &str, stdin: Option<Bytes>) -> Result<(), russh::Error> {
    writer.exec(true, command).await?;
    if let Some(stdin) = stdin {
        writer.data_bytes(stdin).await?;
    }
    writer.eof().await
}

/// What is known of a command that runs.
#[derive(Debug)]
struct Ending<'a> {
    node: &'a str,
    left: usize,
    limit: usize,
    output: Output,
    status: Option<u32>,
    signal: Option<String>,
}

impl<'a> Ending<'a> {
    fn new(node: &'a str, limit: usize) -> Self {
        Self {
            node,
            left: limit,
            limit,
            output: Output::default(),
            status: None,
            signal: None,
        }
    }

    fn take(&mut self, message: ChannelMsg) -> Result<(), Error> {
        match message {
            ChannelMsg::Data { data } => {
                self.count(&data)?;
                self.output.stdout.extend_from_slice(&data);
            }
            ChannelMsg::ExtendedData { data, ext: STDERR } => {
                self.count(&data)?;
                self.output.stderr.extend_from_slice(&data);
            }
            ChannelMsg::ExitStatus { exit_status } => self.status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => self.signal = Some(name(&signal_name)),
            ChannelMsg::Failure => {
                return Err(Error::SessionRefused {
                    node: self.node.to_owned(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, data: &[u8]) -> Result<(), Error> {
        self.left = self.left.checked_sub(data.len()).ok_or_else(|| Error::TooMuchOutput {
            node: self.node.to_owned(),
            limit: self.limit,
        })?;
        Ok(())
    }

    fn lost(&self) -> Error {
        Error::Lost {
            node: self.node.to_owned(),
            doing: Doing::Command,
        }
    }

    fn finish(self) -> Result<Output, Error> {
        let node = self.node.to_owned();
        match (self.status, self.signal) {
            (_, Some(signal)) => Err(Error::Killed {
                node,
                signal,
                words: tail(&self.output.stderr),
            }),
            (Some(status), None) => Ok(Output { status, ..self.output }),
            (None, None) => Err(Error::NoStatus { node }),
        }
    }
}

fn name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}

/// The writing half of a channel. Dropped before the command's end, it tells the command to end and closes the channel on
/// the node's side too; until that is sent it keeps its place among the node's sessions.
struct Closing {
    writer: Arc<ChannelWriteHalf<Msg>>,
    place: Option<OwnedSemaphorePermit>,
}

impl Closing {
    /// The other side has closed the channel.
    fn ended(mut self) {
        self.place = None;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let (Some(place), Ok(runtime)) = (self.place.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let writer = Arc::clone(&self.writer);
        runtime.spawn(async move {
            // Fails where the connection is gone, which ends the command as well. sshd passes signals on for users but root.
            let _ = writer.signal(Sig::TERM).await;
            let _ = writer.close().await;
            drop(place);
        });
    }
}
