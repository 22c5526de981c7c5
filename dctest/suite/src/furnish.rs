//! What a site is told: address formulas, machines, an image, a template.

use serde_json::json;

use crate::server::Server;

/// One range of 64 addresses a rack: rack 0 has 10.69.0.0/26. Servers have offset 3, leases start at offset 32.
pub const IPAM: &str = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,
"node-ipv4-range-mask":26,"node-ip-per-node":1,"node-index-offset":3,"node-gateway-offset":1,
"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;

/// The smallest template that renders.
pub const TEMPLATE: &str = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;

/// A machine: serial, rack, role.
pub type Spec<'a> = (&'a str, u64, &'a str);

/// Sets the address formulas and the leases' time.
///
/// # Panics
/// When the server refuses.
pub async fn addresses(server: &Server) {
    server.put("/api/v1/config/ipam", IPAM).await.expect(200);
    server
        .put("/api/v1/config/dhcp", r#"{"lease-minutes":60}"#)
        .await
        .expect(200);
}

/// Registers machines.
///
/// # Panics
/// When the server refuses.
pub async fn machines(server: &Server, machines: &[Spec<'_>]) {
    let specs: Vec<_> = machines
        .iter()
        .map(|(serial, rack, role)| json!({"serial": serial, "rack": rack, "role": role, "bmc": {"type": "none"}}))
        .collect();
    let body = serde_json::Value::from(specs).to_string();
    server.post("/api/v1/machines", body).await.expect(201);
}

/// Uploads an image and a template for the role `worker`: machines can boot.
///
/// # Panics
/// When the server refuses.
pub async fn boot_files(server: &Server, kernel: &[u8]) {
    let archive = image(kernel, b"initrd");
    server.put("/api/v1/images/coreos/1.0.0", archive).await.expect(201);
    server.put("/api/v1/ignitions/worker/1.0.0", TEMPLATE).await.expect(201);
}

/// A tar archive of an image.
#[must_use]
pub fn image(kernel: &[u8], initrd: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in [("kernel", kernel), ("initrd.gz", initrd)] {
        archive.extend_from_slice(&tar_header(name, content.len()));
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// A header of POSIX ustar.
fn tar_header(name: &str, size: usize) -> [u8; 512] {
    let mut header = [0_u8; 512];
    let mut write = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    write(0, name.as_bytes());
    write(100, b"0000644\0");
    write(108, b"0000000\x000000000\x00");
    write(124, format!("{size:011o}\0").as_bytes());
    write(136, b"00000000000\0");
    write(148, b"        ");
    write(156, b"0");
    write(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
