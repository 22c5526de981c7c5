//! The command line of rivers: CKE passes `--listen` and `--upstreams`, operators add what they want.

use std::time::Duration;

use super::duration;
use crate::flags::{Arguments, Flag, Usage};
use crate::program::Program;

/// The program.
pub const RIVERS: Program = Program {
    name: "rivers",
    usage: Usage {
        synopsis: "--listen=ADDRESS:PORT --upstreams=ADDRESS:PORT[,ADDRESS:PORT ...]",
        about: "A TCP proxy to several upstream servers.",
        flags: &[
            flag("check-interval", "20s", "Interval for health check"),
            flag("dial-keep-alive", "15s", "Interval between keep-alive probes"),
            flag("dial-timeout", "10s", "Timeout for dial to an upstream server"),
            flag("listen", "", "Listen address and port (address:port)"),
            flag("logfile", "", "Log filename"),
            flag("logformat", "", "Log format [plain,logfmt,json]"),
            flag("loglevel", "", "Log level [critical,error,warning,info,debug]"),
            flag(
                "shutdown-timeout",
                "10s",
                "Timeout for server shutting-down gracefully (disabled if specified \"0\")",
            ),
            flag(
                "upstreams",
                "",
                "Comma-separated upstream servers (addr1:port1,addr2:port2)",
            ),
        ],
        words: (0, usize::MAX),
    },
};

const fn flag(name: &'static str, default: &'static str, help: &'static str) -> Flag {
    Flag { name, default, help }
}

/// What rivers is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where clients come.
    pub listen: String,
    /// Where they go, in the order given.
    pub upstreams: Vec<String>,
    /// How upstreams are connected.
    pub dial: Dial,
    /// How long connections may last after the end has begun; for ever where `None`.
    pub shutdown_timeout: Option<Duration>,
    /// How often a healthy upstream is looked at.
    pub check_interval: Duration,
}

/// How upstreams are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dial {
    /// How long it may take; as long as the kernel tries where `None`.
    pub timeout: Option<Duration>,
    /// Idle time before probes, and between them.
    pub keep_alive: Duration,
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A flag that must be given.
    #[error("--{0} is blank")]
    Blank(&'static str),
    /// Two commas in a row, or one at an end.
    #[error("--upstreams has a blank address: {0:?}")]
    BlankUpstream(String),
    /// An address without a port.
    #[error("--{flag} has an address without a port: {address:?}")]
    NoPort {
        /// The flag.
        flag: &'static str,
        /// What is not an address with a port.
        address: String,
    },
    /// Not a duration.
    #[error("--{flag}: invalid duration {value:?}")]
    Duration {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
    },
}

/// Go takes no keep-alive period as its default one.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Options {
    /// From a command line.
    ///
    /// # Errors
    /// See [`OptionsError`].
    pub fn of(args: &Arguments) -> Result<Options, OptionsError> {
        let upstreams = upstreams(args.value("upstreams"))?;
        let listen = args.value("listen");
        if listen.is_empty() {
            return Err(OptionsError::Blank("listen"));
        }
        let dial = Dial {
            timeout: unless_zero(duration_of(args, "dial-timeout")?),
            keep_alive: unless_zero(duration_of(args, "dial-keep-alive")?).unwrap_or(KEEP_ALIVE),
        };
        let check_interval = duration_of(args, "check-interval")?;
        if check_interval.is_zero() {
            return Err(invalid(args, "check-interval"));
        }
        Ok(Options {
            listen: with_port("listen", listen)?,
            upstreams,
            dial,
            shutdown_timeout: unless_zero(duration_of(args, "shutdown-timeout")?),
            check_interval,
        })
    }
}

fn upstreams(list: &str) -> Result<Vec<String>, OptionsError> {
    if list.is_empty() {
        return Err(OptionsError::Blank("upstreams"));
    }
    let address = |address: &str| match address {
        "" => Err(OptionsError::BlankUpstream(list.to_owned())),
        address => with_port("upstreams", address),
    };
    list.split(',').map(address).collect()
}

fn with_port(flag: &'static str, address: &str) -> Result<String, OptionsError> {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let refusal = || OptionsError::NoPort {
        flag,
        address: address.to_owned(),
    };
    port.map(|_| address.to_owned()).ok_or_else(refusal)
}

fn duration_of(args: &Arguments, flag: &'static str) -> Result<Duration, OptionsError> {
    duration::parse(args.value(flag)).ok_or_else(|| invalid(args, flag))
}

fn invalid(args: &Arguments, flag: &'static str) -> OptionsError {
    OptionsError::Duration {
        flag,
        value: args.value(flag).to_owned(),
    }
}

fn unless_zero(duration: Duration) -> Option<Duration> {
    Some(duration).filter(|d| !d.is_zero())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn options(line: &str) -> Result<Options, OptionsError> {
        Options::of(&RIVERS.usage.parse(line.split_whitespace().map(str::to_owned)).unwrap())
    }

    #[test]
    fn defaults_are_those_of_the_original() {
        let seconds = Duration::from_secs;
        let expected = Options {
            listen: "127.0.0.1:16443".to_owned(),
            upstreams: ["10.0.0.3:6443", "10.0.0.1:6443", "10.0.0.2:6443"]
                .map(str::to_owned)
                .to_vec(),
            dial: Dial {
                timeout: Some(seconds(10)),
                keep_alive: seconds(15),
            },
            shutdown_timeout: Some(seconds(10)),
            check_interval: seconds(20),
        };
        let line = "--upstreams=10.0.0.3:6443,10.0.0.1:6443,10.0.0.2:6443 --listen=127.0.0.1:16443";
        assert_eq!(options(line).unwrap(), expected);
    }

    #[test]
    fn every_duration_can_be_given() {
        let line =
            "-listen :1 -upstreams a:1 -shutdown-timeout 0 -dial-timeout 1s -dial-keep-alive=0 -check-interval 1m";
        let options = options(line).unwrap();
        assert_eq!(options.shutdown_timeout, None);
        assert_eq!(
            options.dial,
            Dial {
                timeout: Some(Duration::from_secs(1)),
                keep_alive: KEEP_ALIVE
            }
        );
        assert_eq!(options.check_interval, Duration::from_secs(60));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("--listen=:1", "--upstreams is blank"),
            ("--upstreams=a:1", "--listen is blank"),
            (
                "--listen=:1 --upstreams=a:1,,b:1",
                "--upstreams has a blank address: \"a:1,,b:1\"",
            ),
            (
                "--listen=:1 --upstreams=a:1,b",
                "--upstreams has an address without a port: \"b\"",
            ),
            (
                "--listen=host --upstreams=a:1",
                "--listen has an address without a port: \"host\"",
            ),
            (
                "--listen=:1 --upstreams=a:1 --dial-timeout=5",
                "--dial-timeout: invalid duration \"5\"",
            ),
            (
                "--listen=:1 --upstreams=a:1 --check-interval=0",
                "--check-interval: invalid duration \"0\"",
            ),
        ];
        for (line, error) in cases {
            assert_eq!(options(line).unwrap_err().to_string(), error, "{line}");
        }
    }
}
