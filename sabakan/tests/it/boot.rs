//! What booting machines fetch: loader, scripts, kernel, initrd, cryptsetup, kernel parameters.

use crate::lab::{self, OPERATOR, STRANGER, Server, send};

const TEMPLATE: &str = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;

/// A tar archive of an image.
pub fn image(kernel: &[u8], initrd: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in [("kernel", kernel), ("initrd.gz", initrd)] {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..124].copy_from_slice(b"0000000\x000000000\x00");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

async fn upload(server: &Server, id: &str, kernel: &[u8]) {
    server
        .put(&format!("/api/v1/images/coreos/{id}"), image(kernel, b"initrd"))
        .await
        .expect(201);
}

#[test]
fn ipxe_is_chained_to_the_script_of_its_serial() {
    lab::run_one(async |_lab, server| {
        server.register(&[("c1", 0, "cs")]).await;
        let chain = server
            .call(STRANGER, "GET", "/api/v1/boot/coreos/ipxe", "")
            .await
            .expect(200);
        assert_eq!(chain.header("content-type"), "text/plain; charset=ASCII");
        assert_eq!(
            chain.text(),
            format!(
                "#!ipxe\nchain http://{}:10080/api/v1/boot/coreos/ipxe/${{serial}}\n",
                lab::FIRST
            )
        );
        server.get("/api/v1/boot/coreos/ipxe/c1").await.expect(404);
        server.get("/api/v1/boot/coreos/ipxe/nobody").await.expect(404);
        for id in ["1.0.0", "1.10.0", "1.9.0"] {
            server
                .put(&format!("/api/v1/ignitions/cs/{id}"), TEMPLATE)
                .await
                .expect(201);
        }
        server
            .put("/api/v1/kernel_params/coreos", "console=ttyS0\n")
            .await
            .expect(200);
        let script = server.get("/api/v1/boot/coreos/ipxe/c1").await.expect(200);
        let base = format!("http://{}:10080/api/v1/boot", lab::FIRST);
        let expected = format!(
            "#!ipxe\n\nset base-url {base}\nset ignition-id 1.10.0\nkernel ${{base-url}}/coreos/kernel initrd=initrd.gz \
             coreos.first_boot=1 coreos.config.url=${{base-url}}/ignitions/${{serial}}/${{ignition-id}} console=ttyS0\n\
             initrd ${{base-url}}/coreos/initrd.gz\nboot\n"
        );
        assert_eq!(script.text(), expected);
    });
}

#[test]
fn the_boot_loader_is_served() {
    lab::run_one(async |_lab, server| {
        let answer = server
            .call(STRANGER, "GET", "/api/v1/boot/ipxe.efi", "")
            .await
            .expect(200);
        assert_eq!(answer.text(), "MZ ipxe");
        let head = server
            .call(STRANGER, "HEAD", "/api/v1/boot/ipxe.efi", "")
            .await
            .expect(200);
        assert_eq!((head.header("content-length"), head.bytes.len()), ("7", 0));
        let tls = send(lab::client(STRANGER).get(format!("https://{}:10443/api/v1/boot/ipxe.efi", lab::FIRST))).await;
        assert_eq!(tls.expect(200).text(), "MZ ipxe");
    });
}

#[test]
fn cryptsetup_is_served() {
    lab::run_one(async |_lab, server| {
        let answer = server.call(STRANGER, "GET", "/api/v1/cryptsetup", "").await.expect(200);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.bytes, b"\x7fELF cryptsetup");
    });
}

#[test]
fn kernel_and_initrd_with_head_and_range() {
    lab::run_one(async |_lab, server| {
        server
            .call(STRANGER, "GET", "/api/v1/boot/coreos/kernel", "")
            .await
            .expect(404);
        upload(&server, "1.0.0", b"kernel one").await;
        upload(&server, "1.1.0", b"kernel two").await;
        let kernel = server
            .call(STRANGER, "GET", "/api/v1/boot/coreos/kernel", "")
            .await
            .expect(200);
        assert_eq!(
            (kernel.text(), kernel.header("content-type")),
            ("kernel two", "application/octet-stream")
        );
        let head = server
            .call(STRANGER, "HEAD", "/api/v1/boot/coreos/initrd.gz", "")
            .await
            .expect(200);
        assert_eq!(head.header("content-length"), "6");
        let part = server
            .request(STRANGER, "GET", "/api/v1/boot/coreos/kernel")
            .header("range", "bytes=7-");
        let part = send(part).await.expect(206);
        assert_eq!((part.text(), part.header("content-range")), ("two", "bytes 7-9/10"));
        let same = server
            .request(STRANGER, "GET", "/api/v1/boot/coreos/kernel")
            .header("if-none-match", kernel.header("etag"));
        send(same).await.expect(304);
        server.delete("/api/v1/images/coreos/1.1.0").await.expect(200);
        let before = server
            .call(STRANGER, "GET", "/api/v1/boot/coreos/kernel", "")
            .await
            .expect(200);
        assert_eq!(
            before.text(),
            "kernel one",
            "deleting the newest goes back to the one before"
        );
        server
            .put("/api/v1/images/coreos/1.1.0", image(b"k", b"i"))
            .await
            .expect(409);
        server.put("/api/v1/images/coreos/1.2.0", "no tar").await.expect(400);
        server
            .put("/api/v1/images/coreos/1.0.0", image(b"other", b"content"))
            .await
            .expect(409);
        server
            .put("/api/v1/images/coreos/1.0.0", image(b"kernel one", b"initrd"))
            .await
            .expect(201);
    });
}

#[test]
fn kernel_parameters_are_kept() {
    lab::run_one(async |_lab, server| {
        server.get("/api/v1/kernel_params/coreos").await.expect(404);
        let done = server
            .put("/api/v1/kernel_params/coreos", "console=ttyS0 coreos.autologin=ttyS0")
            .await
            .expect(200);
        assert_eq!(done.text(), "null\n");
        let params = server.get("/api/v1/kernel_params/coreos").await.expect(200);
        assert_eq!(
            (params.text(), params.header("content-type")),
            ("console=ttyS0 coreos.autologin=ttyS0", "text/plain")
        );
        for bad in ["a\nb", "a\"b", "寿司", "a'b"] {
            server.put("/api/v1/kernel_params/coreos", bad).await.expect(400);
        }
        server
            .put("/api/v1/kernel_params/coreos", "x".repeat(5000))
            .await
            .expect(413);
        server.put("/api/v1/kernel_params/CoreOS", "x").await.expect(400);
    });
}

#[test]
fn assets_are_kept_with_their_meta_data() {
    lab::run_one(async |_lab, server| {
        let put = |name: &str, body: &'static str| {
            server
                .request(OPERATOR, "PUT", &format!("/api/v1/assets/{name}"))
                .header("content-type", "text/plain")
                .body(body)
        };
        let first = send(put("tool", "one").header("x-sabakan-asset-options-Version", "1.0"))
            .await
            .expect(201);
        assert_eq!(first.json()["status"], 201);
        let second = send(put("tool", "two").header("x-sabakan-asset-options-Version", "1.1"))
            .await
            .expect(200);
        assert_ne!(first.json()["id"], second.json()["id"]);
        send(put("bad", "x").header("x-sabakan-asset-sha256", "00".repeat(32)))
            .await
            .expect(400);
        send(server.request(OPERATOR, "PUT", "/api/v1/assets/tool").body("no type"))
            .await
            .expect(400);
        assert_eq!(server.get("/api/v1/assets").await.expect(200).text(), "[\"tool\"]\n");
        let meta = server.get("/api/v1/assets/tool/meta").await.expect(200).json();
        assert_eq!(
            (&meta["exists"], &meta["options"]["version"]),
            (&true.into(), &"1.1".into())
        );
        let content = server.get("/api/v1/assets/tool").await.expect(200);
        assert_eq!((content.text(), content.header("content-type")), ("two", "text/plain"));
        assert_eq!(content.header("x-sabakan-asset-sha256").len(), 64);
        server.delete("/api/v1/assets/tool").await.expect(200);
        server.get("/api/v1/assets/tool").await.expect(404);
        server.delete("/api/v1/assets/tool").await.expect(404);
    });
}
