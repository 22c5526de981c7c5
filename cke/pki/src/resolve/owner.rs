//! Whom a file on a node belongs to: the user of the image whose container reads it.

/// etcd's image runs as this user.
const ETCD_USER: u32 = 10000;

/// All other images that read files run as root.
const ROOT: u32 = 0;

const ETCD_FOLDER: &str = "/etc/etcd/";

/// The numeric user of a path.
pub(super) fn of(path: &str) -> u32 {
    if path.starts_with(ETCD_FOLDER) { ETCD_USER } else { ROOT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_the_images_user() {
        assert_eq!(of("/etc/etcd/pki/server.key"), ETCD_USER);
        assert_eq!(of("/etc/kubernetes/pki/apiserver.key"), ROOT);
    }
}
