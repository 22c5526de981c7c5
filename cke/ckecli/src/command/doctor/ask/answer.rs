//! What a node's answer means.

use super::super::sight::{CertificateSight, NodeSight};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Reads the output of [`super::script::script`]; `wanted` are the containers that should run. Whatever is not understood is not there.
pub(super) fn parse(text: &str, wanted: &[&str], now: Timestamp) -> NodeSight {
    let mut sight = NodeSight::default();
    let mut running = BTreeSet::new();
    let mut files: Vec<(&str, String)> = Vec::new();
    for (tag, rest) in text.lines().filter_map(|line| line.split_once(':')) {
        match tag {
            "clock" => {
                sight.skew = rest
                    .parse::<i64>()
                    .ok()
                    .map(|clock| clock.saturating_sub(now.as_second()))
            }
            "docker" => sight.docker = Some(rest.to_owned()).filter(|version| !version.is_empty()),
            "disk" => sight.disks.extend(disk(rest)),
            "runs" => {
                running.insert(rest);
            }
            "lacks" => sight.missing_images.push(rest.to_owned()),
            "file" => files.push((rest, String::new())),
            "pem" => add(&mut files, &format!("{rest}\n")),
            "base64" => {
                let pem = STANDARD.decode(rest.trim()).unwrap_or_default();
                add(&mut files, &String::from_utf8_lossy(&pem));
            }
            _ => {}
        }
    }
    let stopped = wanted.iter().filter(|name| !running.contains(*name));
    sight.stopped = stopped.map(|name| (*name).to_owned()).collect();
    let seen = files.iter().filter_map(|(path, pem)| CertificateSight::of(path, pem));
    sight.certificates = seen.collect();
    sight
}

fn add(files: &mut [(&str, String)], text: &str) {
    if let Some((_, pem)) = files.last_mut() {
        pem.push_str(text);
    }
}

/// `space 40% /var`; a file system without inodes has no percentage.
fn disk(line: &str) -> Option<(String, &'static str, u32)> {
    let mut words = line.splitn(3, ' ');
    let (kind, used, place) = (words.next()?, words.next()?, words.next()?);
    let kind = ["space", "inodes"].into_iter().find(|known| *known == kind)?;
    Some((place.to_owned(), kind, used.trim_end_matches('%').parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn answers_are_read_and_nonsense_is_not_there() {
        let now = Timestamp::from_second(1_000).unwrap();
        let text = "clock:1003\ndocker:26.1.5\ndisk:space 40% /\ndisk:inodes - /\ndisk:space 91% /var\nruns:rivers\n\
                    runs:web-1\nlacks:etcd:3.6\nfile:/etc/x.crt\npem:no certificate\nhello\n:\n";
        let sight = parse(text, &["rivers", "kubelet"], now);
        let want = NodeSight {
            skew: Some(3),
            docker: Some("26.1.5".to_owned()),
            stopped: vec!["kubelet".to_owned()],
            missing_images: vec!["etcd:3.6".to_owned()],
            disks: vec![("/".to_owned(), "space", 40), ("/var".to_owned(), "space", 91)],
            certificates: Vec::new(),
        };
        assert_eq!(sight, want);
        let nothing = parse("", &["rivers"], now);
        assert_eq!((nothing.skew, nothing.docker, nothing.stopped.len()), (None, None, 1));
    }

    #[test]
    fn certificates_are_found_in_files_and_kubeconfigs() {
        let pem = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem();
        let lines: String = pem.lines().map(|line| format!("pem:{line}\n")).collect();
        let text = format!(
            "file:/etc/a.crt\n{lines}file:/etc/kubeconfig\nbase64:{}\nfile:/etc/empty\n",
            STANDARD.encode(&pem)
        );
        let sight = parse(&text, &[], Timestamp::UNIX_EPOCH);
        let paths: Vec<_> = sight.certificates.iter().map(|seen| seen.path.as_str()).collect();
        assert_eq!(paths, ["/etc/a.crt", "/etc/kubeconfig"]);
    }
}
