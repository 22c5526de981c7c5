//! `sabactl logs`

use crate::output;
use clap::Args;
use futures::{Stream, TryStreamExt};
use jiff::civil::Date;
use sabakan_client::Client;
use sabakan_model::{AuditEntry, decode_stored};

/// Retrieve the audit log.
///
/// With START_DATE alone the entries of that day are shown, with both dates those from START_DATE to before END_DATE, in
/// UTC. Without dates everything is shown.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Show entries as JSON, one a line
    #[arg(
        long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, value_parser = crate::args::go_bool, value_name = "BOOL"
    )]
    json: bool,
    /// First day, as YYYYMMDD
    #[arg(value_parser = day)]
    start_date: Option<Date>,
    /// Day after the last, as YYYYMMDD
    #[arg(value_parser = day)]
    end_date: Option<Date>,
}

fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("{text:?} is not a day such as 20260131");
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    Date::strptime("%Y%m%d", text).map_err(|_| wrong())
}

impl Logs {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<()> {
        let until = match (self.start_date, self.end_date) {
            (Some(start), None) => Some(start.tomorrow()?),
            (_, end) => end,
        };
        let stream = client.logs(self.start_date, until).await?;
        if self.json {
            copy(stream).await
        } else {
            print_lines(stream).await
        }
    }
}

async fn copy<S, B>(stream: S) -> anyhow::Result<()>
where
    S: Stream<Item = Result<B, sabakan_client::Error>>,
    B: AsRef<[u8]>,
{
    let mut stream = std::pin::pin!(stream);
    while let Some(piece) = stream.try_next().await? {
        output::emit(piece.as_ref())?;
    }
    Ok(())
}

async fn print_lines<S, B>(stream: S) -> anyhow::Result<()>
where
    S: Stream<Item = Result<B, sabakan_client::Error>>,
    B: AsRef<[u8]>,
{
    let mut stream = std::pin::pin!(stream);
    let mut rest = Vec::new();
    while let Some(piece) = stream.try_next().await? {
        rest.extend_from_slice(piece.as_ref());
        let Some(end) = rest.iter().rposition(|b| *b == b'\n') else {
            continue;
        };
        let whole: Vec<u8> = rest.drain(..=end).collect();
        for line in whole.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            output::emit(&short(&decode_stored(line)?))?;
        }
    }
    Ok(())
}

/// Bytes of an entry's detail that are shown.
const DETAIL: usize = 20;

/// One line for people. The detail is cut by bytes, as it always was: a character may break.
fn short(entry: &AuditEntry) -> Vec<u8> {
    let time = entry.ts.strftime("%b %d %H:%M:%S.%3f");
    let (user, ip, category) = (&entry.user, &entry.ip, entry.category.as_str());
    let head = format!(
        "{time} {user}@{ip} {category}/{} {} detail:",
        entry.instance, entry.action
    );
    let detail = entry.detail.replace('\n', " ");
    let shown = &detail.as_bytes()[..detail.len().min(DETAIL)];
    [head.as_bytes(), shown, b"\n"].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn entries_are_shortened() {
        let entry = br#"{"ts":"2026-11-02T16:38:20.8999Z","rev":"8","user":"alice","ip":"127.0.0.1","host":"vm","category":"machines","instance":"","action":"register","detail":"R0N0\nR0N1\nR0N2\nR0N3\nR0N4"}"#;
        let line = String::from_utf8(short(&decode_stored(entry).unwrap())).unwrap();
        assert_eq!(
            line,
            "Nov 02 16:38:20.899 alice@127.0.0.1 machines/ register detail:R0N0 R0N1 R0N2 R0N3 \n"
        );
    }

    #[test]
    fn days() {
        assert_eq!(day("20260228").unwrap().to_string(), "2026-02-28");
        for bad in ["2026-02-28", "20260230", "2026", "", "+2026022"] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }
}
