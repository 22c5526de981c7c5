//! Searches by REST.

use crate::lab;

#[test]
fn with_without_and_or() {
    lab::run_one(async |_lab, server| {
        server
            .register(&[("b0", 0, "boot"), ("c1", 0, "cs"), ("c2", 1, "cs"), ("s3", 1, "ss")])
            .await;
        server.set_states("c1", &["healthy"]).await;
        server.put("/api/v1/labels/c2/extra", "yes").await.expect(200);
        let serials = async |query: &str| -> Vec<String> {
            let answer = server.get(&format!("/api/v1/machines?{query}")).await;
            if answer.status == 404 {
                return Vec::new();
            }
            let found = answer.expect(200).json();
            found
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["spec"]["serial"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(serials("").await, ["b0", "c1", "c2", "s3"]);
        assert_eq!(serials("rack=1").await, ["c2", "s3"]);
        assert_eq!(serials("role=cs%2Css").await, ["c1", "c2", "s3"]);
        assert_eq!(serials("role=cs&rack=1").await, ["c2"]);
        assert_eq!(serials("state=healthy").await, ["c1"]);
        assert_eq!(serials("without-role=cs&without-rack=1").await, ["b0"]);
        assert_eq!(serials("labels=product%3DR630%2Cextra%3Dyes").await, ["c2"]);
        assert_eq!(serials("without-labels=extra%3Dyes").await, ["b0", "c1", "s3"]);
        assert_eq!(serials("ipv4=10.69.0.4").await, ["c1"]);
        assert_eq!(serials("bmc-type=iDRAC-9&serial=s3%2Cs3%2Cb0").await, ["b0", "s3"]);
        assert_eq!(serials("serial=nobody").await, Vec::<String>::new());
        for bad in [
            "rack=1&without-rack=2",
            "without=1",
            "nothing=1",
            "serial=%25zz%zz",
            "serial=a;b",
            "labels=novalue",
        ] {
            server.get(&format!("/api/v1/machines?{bad}")).await.expect(400);
        }
    });
}

#[test]
fn the_writer_reads_its_write_on_every_server() {
    lab::run(async |lab: lab::Lab| {
        let first = lab.server(lab::FIRST, &[]).await;
        let second = lab.server(lab::SECOND, &[]).await;
        first.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        first.register(&[("a", 0, "cs")]).await;
        for (n, state) in ["healthy", "unhealthy", "healthy", "unreachable"]
            .into_iter()
            .enumerate()
        {
            let (writer, reader) = if n % 2 == 0 {
                (&first, &second)
            } else {
                (&second, &first)
            };
            let revision = writer
                .put("/api/v1/state/a", state)
                .await
                .expect(200)
                .header("x-sabakan-revision")
                .to_owned();
            let request = reader
                .request(lab::OPERATOR, "GET", "/api/v1/state/a")
                .header("x-sabakan-min-revision", revision);
            assert_eq!(lab::send(request).await.expect(200).text(), state);
            assert_eq!(
                writer.get("/api/v1/state/a").await.text(),
                state,
                "the writer's own server needs no header"
            );
        }
        let request = first
            .request(lab::OPERATOR, "GET", "/api/v1/state/a")
            .header("x-sabakan-min-revision", "soon");
        lab::send(request).await.expect(400);
    });
}
