//! Ignition templates and what machines get from them.

use crate::lab;
use serde_json::json;

fn template(text: &str) -> String {
    json!({"version": "2.3", "template": {"ignition": {"version": "2.3.0"}, "storage": {"files": [
        {"filesystem": "root", "path": "/etc/x", "mode": 420, "contents": {"source": format!("data:,{text}")}}]}},
        "meta": {"answer": 42.0, "name": "neco"}})
    .to_string()
}

#[test]
fn templates_are_kept_by_role_in_the_order_of_versions() {
    lab::run_one(async |_lab, server| {
        assert_eq!(
            server.get("/api/v1/ignitions/cs").await.expect(200).text(),
            "null\n",
            "as the original says it"
        );
        for id in ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"] {
            let done = server
                .put(&format!("/api/v1/ignitions/cs/{id}"), template("x"))
                .await
                .expect(201);
            assert!(done.bytes.is_empty());
        }
        assert_eq!(
            server.get("/api/v1/ignitions/cs").await.text(),
            "[\"1.0.0\",\"1.9.0\",\"1.10.0\",\"2.0.0-rc.1\"]\n"
        );
        server
            .put("/api/v1/ignitions/cs/1.0.0", template("x"))
            .await
            .expect(409);
        let kept = server.get("/api/v1/ignitions/cs/1.0.0").await.expect(200).json();
        assert_eq!(
            (&kept["version"], &kept["meta"]["name"]),
            (&"2.3".into(), &"neco".into())
        );
        server.get("/api/v1/ignitions/cs/9.9.9").await.expect(404);
        server.get("/api/v1/ignitions/c%20s").await.expect(400);
        server.get("/api/v1/ignitions/cs/latest").await.expect(400);
        server.delete("/api/v1/ignitions/cs/1.0.0").await.expect(200);
        server.delete("/api/v1/ignitions/cs/1.0.0").await.expect(404);
        for n in 0..10 {
            server
                .put(&format!("/api/v1/ignitions/cs/3.{n}.0"), template("x"))
                .await
                .expect(201);
        }
        assert_eq!(
            server
                .get("/api/v1/ignitions/cs")
                .await
                .json()
                .as_array()
                .unwrap()
                .len(),
            10,
            "ten are kept"
        );
    });
}

#[test]
fn a_machine_gets_its_own_rendering() {
    lab::run_one(async |_lab, server| {
        server.register(&[("c1", 0, "cs")]).await;
        let text = "%7B%7B.Spec.Serial%7D%7D%20%7B%7BMyURL%7D%7D%20%7B%7BMyURLHTTPS%7D%7D%20%7B%7BMetadata%20%22name%22%7D%7D%20%7B%7Badd%201%202%7D%7D%20%7B%7Bjson%20.Spec.IPv4%7D%7D";
        server
            .put("/api/v1/ignitions/cs/1.0.0", template(text))
            .await
            .expect(201);
        let answer = server.get("/api/v1/boot/ignitions/c1/1.0.0").await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.text().ends_with("}\n"));
        let source = answer.json()["storage"]["files"][0]["contents"]["source"]
            .as_str()
            .unwrap()
            .to_owned();
        let plain = percent_encoding::percent_decode_str(&source)
            .decode_utf8()
            .unwrap()
            .into_owned();
        let (ip, addresses) = (lab::FIRST, r#"["10.69.0.4","10.69.0.68","10.69.0.132"]"#);
        assert_eq!(
            plain,
            format!("data:,c1 http://{ip}:10080 https://{ip}:10443 neco 3 {addresses}")
        );
        assert_eq!(answer.json()["ignition"]["version"], "2.3.0");
        let newer = server.get("/api/v1/boot/ignitions/c1/1.0.0?spec=3.4").await.expect(200);
        assert_eq!(newer.json()["ignition"]["version"], "3.4.0");
        server.get("/api/v1/boot/ignitions/c1/1.0.0?spec=9").await.expect(400);
        server.get("/api/v1/boot/ignitions/c1/9.0.0").await.expect(404);
        server.get("/api/v1/boot/ignitions/nobody/1.0.0").await.expect(404);
    });
}

#[test]
fn a_template_that_fails_is_refused_with_file_line_and_function() {
    lab::run(async |lab: lab::Lab| {
        let server = lab.server(lab::FIRST, &[]).await;
        server
            .put("/api/v1/ignitions/cs/1.0.0", template("x"))
            .await
            .expect(400);
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        let refused = server
            .put("/api/v1/ignitions/cs/1.0.0", template("%0A%7B%7Bdiv%201%200%7D%7D"))
            .await
            .expect(400);
        let words = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(words.contains("/etc/x:2") && words.contains("div"), "{words}");
        server
            .put("/api/v1/ignitions/cs/1.0.0", "{\"version\":\"9.9\"}")
            .await
            .expect(400);
        server
            .put("/api/v1/ignitions/cs/1.0.0", "x".repeat(3 << 20))
            .await
            .expect(413);
    });
}
