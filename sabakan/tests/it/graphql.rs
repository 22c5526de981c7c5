//! GraphQL.

use crate::lab::{self, OPERATOR, READER, STRANGER, send};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[test]
fn machines_are_found_and_shown() {
    lab::run_one(async |_lab, server| {
        server
            .register(&[("b0", 0, "boot"), ("c1", 0, "cs"), ("c2", 1, "cs")])
            .await;
        server.set_states("c1", &["healthy"]).await;
        let one = r#"{ machine(serial: "c1") { spec { serial labels { name value } rack indexInRack role ipv4 registerDate
            bmc { bmcType ipv4 } } status { state duration } info { network { ipv4 { address netmask maskbits gateway } }
            bmc { ipv4 { address } } } } }"#;
        let answer = server.graphql(OPERATOR, one).await.expect(200).json();
        let machine = &answer["data"]["machine"];
        assert_eq!(
            machine["spec"]["ipv4"],
            json!(["10.69.0.4", "10.69.0.68", "10.69.0.132"])
        );
        assert_eq!(
            machine["spec"]["labels"][0],
            json!({"name": "machine-type", "value": "m1"})
        );
        assert_eq!(machine["status"]["state"], "HEALTHY");
        assert_eq!(machine["info"]["network"]["ipv4"][0]["netmask"], "255.255.255.192");
        let serials = async |parameters: &str| {
            let query = format!("{{ searchMachines{parameters} {{ spec {{ serial }} }} }}");
            let answer = server.graphql(READER, &query).await.expect(200).json();
            answer["data"]["searchMachines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m["spec"]["serial"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(serials("").await, ["b0", "c1", "c2"]);
        assert_eq!(serials("(having: {racks: [0], roles: [\"cs\"]})").await, ["c1"]);
        assert_eq!(serials("(having: {states: [HEALTHY]}, notHaving: null)").await, ["c1"]);
        assert_eq!(
            serials("(notHaving: {racks: [1], labels: [{name: \"x\", value: \"y\"}]})").await,
            ["b0", "c1"]
        );
        assert_eq!(
            serials("(having: {minDaysBeforeRetire: 1})").await,
            Vec::<String>::new()
        );
        assert_eq!(serials("(having: {racks: [-1]})").await, Vec::<String>::new());
        // With fragments and directives the generic executor answers the same.
        let generic = "query($no: Boolean = false) { searchMachines { ...f } } fragment f on Machine { spec { serial rack @skip(if: $no) } __typename }";
        let plain = "{ searchMachines { spec { serial rack } __typename } }";
        assert_eq!(
            server.graphql(OPERATOR, generic).await.json(),
            server.graphql(OPERATOR, plain).await.json()
        );
    });
}

#[test]
fn the_schema_has_the_names_that_clients_use() {
    lab::run_one(async |_lab, server| {
        let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { fields { name } } types { name kind } } }";
        let schema = server.graphql(OPERATOR, query).await.expect(200).json();
        let mut served: Vec<(String, String)> = Vec::new();
        for (kind, key) in [
            ("Query", "queryType"),
            ("Mutation", "mutationType"),
            ("Subscription", "subscriptionType"),
        ] {
            for field in schema["data"]["__schema"][key]["fields"].as_array().unwrap() {
                served.push((kind.to_owned(), field["name"].as_str().unwrap().to_owned()));
            }
        }
        let mut known: Vec<_> = sabakan::route::GRAPHQL_FIELDS
            .iter()
            .map(|f| (f.operation.to_owned(), f.name.to_owned()))
            .collect();
        served.sort();
        known.sort();
        assert_eq!(served, known, "every field of the schema stands in the policy's table");
        let types = schema["data"]["__schema"]["types"].as_array().unwrap();
        for name in [
            "Machine",
            "MachineSpec",
            "MachineStatus",
            "MachineInfo",
            "NetworkInfo",
            "BMCInfo",
            "NICConfig",
            "BMC",
            "Label",
            "LabelInput",
            "MachineParams",
            "MachineState",
            "IPAddress",
            "DateTime",
        ] {
            assert!(types.iter().any(|t| t["name"] == name), "{name}");
        }
    });
}

#[test]
fn states_are_set_with_the_errors_that_clients_know() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        server.put("/api/v1/crypts/a/sda", "key").await.expect(201);
        let set = async |serial: &str, state: &str| {
            let query =
                format!("mutation {{ setMachineState(serial: \"{serial}\", state: {state}) {{ state duration }} }}");
            server.graphql(OPERATOR, &query).await
        };
        let done = set("a", "HEALTHY").await.expect(200).json();
        assert_eq!(done["data"]["setMachineState"]["state"], "HEALTHY");
        let kind = |answer: lab::Answer| {
            answer.json()["errors"][0]["extensions"]["type"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(
            kind(set("a", "UNINITIALIZED").await.expect(200)),
            "INVALID_STATE_TRANSITION"
        );
        assert_eq!(kind(set("nobody", "HEALTHY").await.expect(200)), "MACHINE_NOT_FOUND");
        assert_eq!(kind(set("a", "NONSENSE").await.expect(422)), "INVALID_STATE_NAME");
        server.set_states("a", &["retiring"]).await;
        let refused = set("a", "RETIRED").await.expect(200);
        assert_eq!(refused.json()["data"], json!(null));
        assert_eq!(kind(refused), "ENCRYPTION_KEY_EXISTS");
        let log = server.get("/api/v1/logs").await.expect(200);
        assert!(
            log.text()
                .lines()
                .any(|line| line.contains("set-state") && line.contains("healthy")),
            "{}",
            log.text()
        );
    });
}

#[test]
fn statuses_are_those_of_the_original() {
    lab::run_one(async |_lab, server| {
        server.graphql(OPERATOR, "{ nothing }").await.expect(422);
        server.graphql(OPERATOR, "{ unclosed").await.expect(422);
        let newer = server
            .request(OPERATOR, "POST", "/graphql")
            .header("content-type", "application/json");
        let newer = newer
            .header("accept", "application/graphql-response+json")
            .body(r#"{"query":"{ nothing }"}"#);
        send(newer).await.expect(400);
        server.call(OPERATOR, "POST", "/graphql", "{}").await.expect(400);
        let broken = server
            .request(OPERATOR, "POST", "/graphql")
            .header("content-type", "application/json")
            .body("{");
        send(broken).await.expect(400);
        server.get("/graphql?query=%7B__typename%7D").await.expect(200);
        server
            .get("/graphql?query=mutation%7BsetMachineState(serial:%22a%22,state:RETIRED)%7Bstate%7D%7D")
            .await
            .expect(406);
        server.call(OPERATOR, "HEAD", "/graphql", "").await.expect(405);
        let deep = format!(
            "{{ __schema {} }}",
            "{ types { fields { type ".repeat(10) + "{ name }" + &" } } }".repeat(10)
        );
        server.graphql(OPERATOR, &deep).await.expect(422);
        server.get("/playground").await.expect(404);
    });
}

#[test]
fn mutations_are_refused_to_who_may_only_read() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        let mutation = r#"mutation { setMachineState(serial: "a", state: RETIRING) { state } }"#;
        let query = "{ searchMachines { spec { serial } } }";
        server.graphql(READER, query).await.expect(200);
        server.graphql(READER, mutation).await.expect(403);
        // The only operation runs without its name being said, so it is the one that counts.
        let named = mutation.replacen("mutation", "mutation named", 1);
        server.graphql(READER, &named).await.expect(403);
        let by_get = "/graphql?query=mutation%20m%7BsetMachineState(serial:%22a%22,state:RETIRING)%7Bstate%7D%7D";
        server.call(OPERATOR, "GET", by_get, "").await.expect(406);
        server.graphql(STRANGER, query).await.expect(403);
        server.graphql(STRANGER, mutation).await.expect(403);
        assert_eq!(server.get("/api/v1/state/a").await.text(), "uninitialized");
    });
}

/// A websocket, as far as a test needs one.
struct Socket(tokio::net::TcpStream);

impl Socket {
    async fn open(server: &lab::Server, from: &str) -> Self {
        let mut stream = lab::connect(from, server).await;
        let head = "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        Self(stream)
    }

    /// Sends a text frame, masked with zeros.
    async fn send(&mut self, message: &serde_json::Value) {
        let text = message.to_string();
        let len = u16::try_from(text.len()).unwrap();
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&len.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    async fn next(&mut self) -> serde_json::Value {
        let _opcode = self.0.read_u8().await.unwrap();
        let len = match self.0.read_u8().await.unwrap() {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        let mut text = vec![0; len];
        self.0.read_exact(&mut text).await.unwrap();
        serde_json::from_slice(&text).unwrap_or(serde_json::Value::Null)
    }
}

#[test]
fn a_subscription_tells_changes_and_guards_mutations() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs"), ("b", 0, "cs")]).await;
        let mut socket = Socket::open(&server, READER).await;
        socket.send(&json!({"type": "connection_init"})).await;
        assert_eq!(socket.next().await["type"], "connection_ack");
        let query = "subscription { machineChanged(serial: \"a\") { spec { serial } status { state } } }";
        socket
            .send(&json!({"id": "1", "type": "subscribe", "payload": {"query": query}}))
            .await;
        let first = socket.next().await;
        assert_eq!(
            first["payload"]["data"]["machineChanged"]["status"]["state"], "UNINITIALIZED",
            "{first}"
        );
        server.set_states("b", &["healthy"]).await;
        server.set_states("a", &["healthy"]).await;
        let second = socket.next().await;
        assert_eq!(
            second["payload"]["data"]["machineChanged"]["status"]["state"], "HEALTHY",
            "{second}"
        );
        let mutation = "mutation { setMachineState(serial: \"a\", state: RETIRING) { state } }";
        socket
            .send(&json!({"id": "2", "type": "subscribe", "payload": {"query": mutation}}))
            .await;
        let refused = socket.next().await.to_string();
        assert!(refused.contains("allow-ips"), "{refused}");
        assert_eq!(server.get("/api/v1/state/a").await.text(), "healthy");
    });
}
