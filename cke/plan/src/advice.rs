//! What a person does about a failure that does not mend itself, by the words of the failure.
//!
//! The words are those of Vault, of docker and the kernel, and of TLS; what is not known here is tried again all the same.

/// Parts of what is said, in lower case, and what to do. The first that is found counts.
const ADVICE: &[(&str, &str)] = &[
    (
        "vault is not configured",
        "run `ckecli vault init` or `ckecli vault config`",
    ),
    ("vault is sealed", "unseal Vault"),
    (
        "vault refused the login",
        "CKE's credentials are withdrawn: give it new ones with `ckecli vault init` or `ckecli vault config`",
    ),
    (
        "vault denied permission",
        "CKE's policy in Vault lacks a right: `ckecli vault init` writes it anew",
    ),
    (
        "vault did not answer",
        "Vault is too slow: look at its load and at the way there",
    ),
    (
        "vault is unreachable",
        "bring Vault back, or correct its address with `ckecli vault config`",
    ),
    ("vault is not ready", "look at Vault's log"),
    (
        "no space left on device",
        "make room on the disk of that node; `ckecli doctor` says which one is full",
    ),
    (
        "disk quota exceeded",
        "make room on the disk of that node, or raise its quota",
    ),
    (
        "certificate not valid yet",
        "our clock or that node's is wrong: mend the time service; `ckecli doctor` compares the clocks",
    ),
    (
        "certificate expired",
        "the certificate has ended, or our clock is ahead: mend the clock, or remove the container with `docker rm -f` on its node, and \
         CKE starts it again with a new certificate",
    ),
    ("docker does not", "start docker on that node, or reboot it"),
    (
        "is the docker daemon running",
        "start docker on that node, or reboot it",
    ),
];

/// What to do about it; none where nothing better is known than to wait and look.
pub(crate) fn advice(words: &str) -> Option<&'static str> {
    let words = words.to_lowercase();
    let known = ADVICE.iter().find(|(part, _)| words.contains(part));
    known.map(|(_, advice)| *advice)
}

/// What is said without what differs each time it is said, so that the same trouble is told once.
pub(crate) fn steady(words: &str) -> &str {
    words.split(": verification time").next().unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::{ADVICE, advice, steady};

    #[test]
    fn what_others_say_is_understood() {
        let cases = [
            (
                "make-files failed on 1 of 2 nodes: 10.0.0.1: write_files: /etc/kubernetes: No space left on device",
                "make room",
            ),
            (
                "cannot be asked: client error (Connect): invalid peer certificate: certificate expired: verification time 2 (UNIX), but \
                 certificate is not valid after 1 (1 seconds ago)",
                "docker rm -f",
            ),
            (
                "invalid peer certificate: certificate not valid yet: verification time 1 (UNIX)",
                "mend the time service",
            ),
            (
                "Vault: read the SSH keys: vault is sealed: read cke/secret/ssh",
                "unseal",
            ),
            (
                "Vault: log in to vault at http://v: vault refused the login at auth/approle/login: invalid role or secret ID",
                "vault init",
            ),
            (
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                "start docker",
            ),
        ];
        for (words, want) in cases {
            let given = advice(words);
            assert!(given.is_some_and(|given| given.contains(want)), "{words}: {given:?}");
        }
        assert_eq!(advice("the command ended with 1"), None);
    }

    #[test]
    fn parts_are_in_lower_case() {
        for (part, _) in ADVICE {
            assert_eq!(part.to_lowercase(), *part);
        }
    }

    #[test]
    fn the_same_trouble_has_the_same_words() {
        let say = |seconds: u32| format!("certificate expired: verification time {seconds} (UNIX), but ended");
        assert_eq!(steady(&say(1)), steady(&say(2)));
        assert_eq!(steady("other"), "other");
    }
}
