//! What is worth showing of a console: the steps of the firmware, of iPXE, and of the guest.

/// What the guest's own lines begin with.
const GUEST: &str = "neco-guest: ";

/// The notable lines of a console: stage and what was said.
pub(crate) fn notable(console: &str) -> Vec<(String, String)> {
    console.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(String, String)> {
    if let Some((_, said)) = line.split_once(GUEST) {
        let (stage, rest) = said.split_once(' ').unwrap_or((said, ""));
        // A unit is a stage by its name.
        let stage = stage
            .split_once('=')
            .map_or(stage, |(_, unit)| unit.trim_end_matches(".service"));
        return Some((short(stage), rest.to_owned()));
    }
    let line = line.trim();
    let stage = if line.starts_with(">>Start HTTP") || line.starts_with("Station IP") || line.starts_with("URI: ") {
        "firmware"
    } else if line.starts_with("iPXE ") || line.starts_with("net0: 10.") || is_download(line) {
        "ipxe"
    } else {
        return None;
    };
    Some((stage.to_owned(), line.trim_start_matches('>').to_owned()))
}

fn is_download(line: &str) -> bool {
    line.starts_with("http://") && line.ends_with(" ok")
}

/// Stages stand in a narrow column.
fn short(stage: &str) -> String {
    stage.strip_prefix("sabakan-").unwrap_or(stage).to_owned()
}

#[cfg(test)]
mod tests {
    use super::notable;

    #[test]
    fn steps_are_found_in_the_noise() {
        let console = ">>Start HTTP Boot over IPv4....\n  Downloading...1%\nhttp://10.69.0.3:10080/x... 75%     ok\n\
                       [    5.4] ima: x\nneco-guest: unit=sabakan-cryptsetup.service started uptime=1.5\nneco-guest: ready uptime=2\n";
        let pairs = [
            ("firmware", "Start HTTP Boot over IPv4...."),
            ("ipxe", "http://10.69.0.3:10080/x... 75%     ok"),
            ("cryptsetup", "started uptime=1.5"),
            ("ready", "uptime=2"),
        ];
        assert_eq!(
            notable(console),
            pairs.map(|(stage, what)| (stage.to_owned(), what.to_owned()))
        );
    }
}
