//! One machine as the index holds it: decoded, and rendered once for all answers to come.

use jiff::Timestamp;
use sabakan_model::{JsonError, Machine, MachineState, to_go_json};
use std::fmt::Write;

/// A machine together with its prepared texts.
///
/// Everything but `status.duration` of its JSON is known when it changes, so answers are copies of bytes with one number
/// written in the middle.
#[derive(Debug)]
pub struct MachineEntry {
    /// The machine as stored.
    pub machine: Machine,
    /// Revision of the key's last change.
    pub revision: i64,
    /// Revision at which the key came into being.
    pub create_revision: i64,
    json: Box<[u8]>,
    /// Where in `json` the one digit of `"duration":0` stands.
    splice: usize,
    metrics: Box<str>,
}

impl MachineEntry {
    /// Renders `machine`.
    ///
    /// # Errors
    /// When the machine cannot be written as JSON, such as a year of five digits.
    pub fn new(mut machine: Machine, revision: i64, create_revision: i64) -> Result<Self, JsonError> {
        machine.status.duration = 0.0;
        let json = to_go_json(&machine)?.into_boxed_slice();
        let splice = duration_offset(&machine)?;
        if json.get(splice) != Some(&b'0') {
            return Err(JsonError::Encode("status.duration is not where it belongs".to_owned()));
        }
        let metrics = metrics_lines(&machine).into_boxed_str();
        Ok(Self {
            machine,
            revision,
            create_revision,
            json,
            splice,
            metrics,
        })
    }

    /// The name of the machine.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.machine.spec.serial
    }

    /// The JSON before and after the number of `status.duration`.
    #[must_use]
    pub fn json_parts(&self) -> (&[u8], &[u8]) {
        (&self.json[..self.splice], &self.json[self.splice + 1..])
    }

    /// Appends the JSON of the machine with `status.duration` as of `now`.
    pub fn write_json(&self, out: &mut Vec<u8>, now: Timestamp) {
        let (head, tail) = self.json_parts();
        out.extend_from_slice(head);
        match to_go_json(&self.duration(now)) {
            Ok(number) => out.extend_from_slice(&number),
            Err(_) => out.push(b'0'),
        }
        out.extend_from_slice(tail);
    }

    /// Seconds that the machine is in its state.
    #[must_use]
    pub fn duration(&self, now: Timestamp) -> f64 {
        self.machine.status.timestamp.seconds_until(now)
    }

    /// The seven lines of `sabakan_machine_status`, each with its newline.
    #[must_use]
    pub fn metrics_text(&self) -> &str {
        &self.metrics
    }

    /// Bytes that this entry keeps on the heap, roughly.
    #[must_use]
    pub fn rendered_bytes(&self) -> usize {
        self.json.len() + self.metrics.len()
    }
}

fn duration_offset(machine: &Machine) -> Result<usize, JsonError> {
    let before = [r#"{"spec":"#, r#","status":{"timestamp":"#, r#","duration":"#];
    let text: usize = before.iter().map(|s| s.len()).sum();
    Ok(text + to_go_json(&machine.spec)?.len() + to_go_json(&machine.status.timestamp)?.len())
}

/// Label names in the order of the alphabet, as the original's client library writes them.
fn metrics_lines(machine: &Machine) -> String {
    let spec = &machine.spec;
    let address = spec.ipv4.iter().flatten().next().map_or("", String::as_str);
    let mut head = String::from("sabakan_machine_status{address=\"");
    escape(&mut head, address);
    head.push_str("\",machine_type=\"");
    escape(&mut head, machine.label("machine-type").unwrap_or_default());
    // Writing to a String cannot fail.
    let _ = write!(head, "\",rack=\"{}\",role=\"", spec.rack);
    escape(&mut head, &spec.role);
    head.push_str("\",serial=\"");
    escape(&mut head, &spec.serial);
    head.push_str("\",status=\"");
    let mut out = String::with_capacity(MachineState::ALL.len() * (head.len() + 20));
    for state in MachineState::ALL {
        let value = u8::from(state == machine.status.state);
        let _ = writeln!(out, "{head}{state}\"}} {value}");
    }
    out
}

/// Escapes a label's value as the text format of Prometheus wants it.
fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use sabakan_model::decode_stored;

    const STORED: &str = r#"{"spec":{"serial":"a","labels":{"machine-type":"x\"y"},"rack":3,"index-in-rack":4,"role":"cs","ipv4":["10.0.0.1"],"ipv6":null,"register-date":"2026-11-22T16:38:20Z","retire-date":"2026-11-22T16:38:20Z","bmc":{"ipv4":"","ipv6":"","type":"t"},"later":{"status":{"duration":0}}},"status":{"timestamp":"2026-11-22T16:38:20.5Z","duration":0,"state":"healthy"},"info":{"network":{"ipv4":null},"bmc":{"ipv4":{"address":"","netmask":"","maskbits":0,"gateway":""}}},"more":1}"#;

    fn entry() -> MachineEntry {
        MachineEntry::new(decode_stored(STORED.as_bytes()).unwrap(), 7, 6).unwrap()
    }

    #[test]
    fn duration_is_written_into_the_stored_text() {
        let mut out = Vec::new();
        entry().write_json(&mut out, "2026-11-22T16:38:22.75Z".parse().unwrap());
        let want = STORED.replace(r#"5Z","duration":0"#, r#"5Z","duration":2.25"#);
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn metrics_have_a_line_for_each_state() {
        let entry = entry();
        let lines: Vec<_> = entry.metrics_text().lines().collect();
        assert_eq!(lines.len(), 7);
        let labels = r#"address="10.0.0.1",machine_type="x\"y",rack="3",role="cs",serial="a""#;
        assert_eq!(
            lines[1],
            format!("sabakan_machine_status{{{labels},status=\"healthy\"}} 1")
        );
        assert_eq!(
            lines[6],
            format!("sabakan_machine_status{{{labels},status=\"retired\"}} 0")
        );
    }
}
