#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn hidden(mut value: Value) -> Value {
    hide(&mut value);
    value
}

#[test]
fn what_is_no_secret_stays() {
    let plain = json!({
        "name": "cluster-1",
        "nodes": [{"address": "10.0.0.1", "hostname": "ip-10-0-0-1.ap-northeast-1.compute.internal", "control_plane": true}],
        "options": {
            "kube-apiserver": {
                "extra_args": [
                    "--feature-gates=Foo=true,Bar=false",
                    "--service-account-key-file=/etc/kubernetes/pki/service-account.crt",
                    "--token-auth-file=/etc/tokens.csv",
                    "--enable-admission-plugins=NodeRestriction,ExtendedResourceToleration",
                    "--v=4",
                ],
                "token-file": "/etc/tokens.csv",
            },
            "kubelet": {"cri_endpoint": "/run/k8s-containerd.sock", "config": {"containerLogMaxSize": "10Mi", "serverTLSBootstrap": true}},
        },
        "images": ["ghcr.io/cybozu/etcd:3.6.11.1", "x@sha256:0cf20a3b47a7dc5fb1a1e5e5de6c7d1f2f6a0f0bcb1a4b7d6e0a6d2a9b1c3d5e"],
        "status": {"phase": "kubernetes", "timestamp": "2026-11-22T17:14:23.123456789Z"},
        "words": "node 10.0.0.2: it does not answer over SSH: cannot connect to 10.0.0.2:22: no route to host",
        "members": [{"id": 10276657743932975437_u64, "peer_urls": ["https://10.0.0.1:2380"]}],
        "resources": [["Secret/ns/s", 4], ["ConfigMap/ns/c", 9]],
        "automountServiceAccountToken": false,
    });
    assert_eq!(hidden(plain.clone()), plain);
}

#[test]
fn names_say_what_is_secret() {
    let cases = [
        (json!({"password": "a b"}), json!({"password": "(hidden)"})),
        (json!({"db-Pass_word": 1234}), json!({"db-Pass_word": "(hidden)"})),
        (
            json!({"tokens": {"a": ["x", null, true]}}),
            json!({"tokens": {"a": ["(hidden)", null, true]}}),
        ),
        (json!({"client-key-data": "x"}), json!({"client-key-data": "(hidden)"})),
        (
            json!([{"name": "API_TOKEN", "value": "x"}]),
            json!([{"name": "API_TOKEN", "value": "(hidden)"}]),
        ),
        (
            json!({"extra_env": {"A": "x"}}),
            json!({"extra_env": {"A": "(hidden)"}}),
        ),
        (
            json!({"env": ["A=x y", "B"]}),
            json!({"env": ["A=(hidden)", "(hidden)=(hidden)"]}),
        ),
        (
            json!(["--password", "x", "-v"]),
            json!(["--password", "(hidden)", "-v"]),
        ),
        (
            json!(["--oidc-client-secret=a,b c"]),
            json!(["--oidc-client-secret=(hidden)"]),
        ),
        (
            json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}, "stringData": {"b": "x"}}),
            json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "(hidden)"}, "stringData": {"b": "(hidden)"}}),
        ),
    ];
    for (value, want) in cases {
        assert_eq!(hidden(value.clone()), want, "{value}");
    }
}

#[test]
fn texts_are_searched_for_names_and_shapes() {
    let cases = [
        (
            "curl -u bob:x https://bmc/reset",
            "curl -u bob:(hidden) https://bmc/reset",
        ),
        ("GET https://bob:pa/ss@bmc/reset", "GET https://(hidden)bmc/reset"),
        ("ipmitool --password x chassis", "ipmitool --password (hidden) chassis"),
        ("failed: password=x, user=y", "failed: password=(hidden) user=y"),
        ("say \"token\": \"x y\" twice", "say \"token\": (hidden) twice"),
        ("Authorization: Basic x", "Authorization: Basic (hidden)"),
        ("with bearer x.y", "with bearer (hidden)"),
        ("password: |\n  x\n  y\nnext: z", "password: (hidden)next: z"),
        (
            "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\nmore",
            "(hidden)\nmore",
        ),
        ("-----BEGIN PRIVATE KEY-----\nx", "(hidden)"),
        ("apiVersion: v1\nkind: Secret\nstringData: {a: x}", "(hidden)"),
        ("a hvs.CAESIJ1234 b", "a (hidden) b"),
        ("a aHVudGVyMg== b", "a (hidden) b"),
        ("a 5f4dcc3b5aa765d61d8327deb882cf99 b", "a (hidden) b"),
        (
            "{\"kind\":\"Secret\",\"data\":{\"a\":\"eA==\"}}",
            "{\"data\":{\"a\":\"(hidden)\"},\"kind\":\"Secret\"}",
        ),
    ];
    for (text, want) in cases {
        let Value::String(shown) = hidden(text.into()) else {
            unreachable!()
        };
        // The order of members is a matter of the JSON library.
        let same = |a: &str, b: &str| match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        };
        assert!(same(&shown, want), "{text:?}: {shown:?}, not {want:?}");
    }
}

/// What a person makes up. Its first letter is nowhere else in the documents of these tests.
fn made_up() -> impl Strategy<Value = String> {
    "Q[a-z0-9!#$%()*+,/;<>?@^_{|}~-]{4,20}"
}

/// What a machine makes, which shows by itself.
fn made() -> impl Strategy<Value = String> {
    let bytes = proptest::collection::vec(any::<u8>(), 32..64);
    bytes.prop_flat_map(|bytes| {
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
        let url = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{base64}\n-----END RSA PRIVATE KEY-----\n");
        let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{url}.{url}");
        let vault = format!("hvs.{url}");
        proptest::sample::select(vec![base64, url, hex, pem, jwt, vault])
    })
}

/// Places where operators put what they made up.
fn by_name(secret: &str) -> Vec<Value> {
    let manifest =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": secret}});
    let word: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    vec![
        json!({"options": {"kubelet": {"extra_env": {"HTTPS_PROXY": secret}}}}),
        json!({"built_in": {"env": [format!("A={secret}")]}}),
        json!({"extra_args": [format!("--etcd-password={secret}")]}),
        json!({"extra_args": ["--client-secret", secret]}),
        json!({"params": {"ApiKey": secret, "nested": {"credentials": [{"x": secret}]}}}),
        json!({"metadata": {"annotations": {"example.com/access-key": secret}}}),
        json!({"metadata": {"annotations": {"last-applied": manifest.to_string()}}}),
        json!({"error": format!("cannot apply kind: Secret\nstringData:\n  a: {secret}\n")}),
        json!({"repair_command": ["sh", "-c", format!("ipmitool -H $1 --password {secret} power cycle")]}),
        json!({"reboot_command": ["sh", "-c", format!("curl https://admin:{word}@bmc/$1")]}),
        json!({"reboot_command": ["curl", "-H", format!("Authorization: Bearer {secret}")]}),
        json!([manifest]),
    ]
}

/// Places whose names say nothing.
fn anywhere(secret: &str) -> Vec<Value> {
    vec![
        json!({"metadata": {"annotations": {"note": secret}}}),
        json!({"extra_args": [format!("--note={secret}")]}),
        json!({"error": format!("it says \"{secret}\", which is odd")}),
        json!({"text": json!({"inner": [secret]}).to_string()}),
        json!([[secret]]),
    ]
}

/// Whether a text holds the secret, or a part of it that is worth something.
fn tells(text: &str, secret: &str) -> bool {
    let parts = secret
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| part.len() >= 8);
    text.contains(secret)
        || parts
            .filter(|part| !["PRIVATE", "eyJhbGciOiJSUzI1NiJ9"].contains(part))
            .any(|part| text.contains(part))
}

proptest! {
    #[test]
    fn what_people_make_up_is_hidden_where_it_is_named(secret in made_up()) {
        for place in by_name(&secret) {
            let shown = hidden(place.clone()).to_string();
            prop_assert!(!shown.contains('Q'), "{} of {}", shown, place);
        }
    }

    #[test]
    fn what_machines_make_is_hidden_anywhere(secret in made()) {
        for place in anywhere(&secret).into_iter().chain(by_name(&secret)) {
            let shown = hidden(place.clone()).to_string();
            prop_assert!(!tells(&shown, &secret), "{} of {}", shown, place);
        }
    }

    #[test]
    fn nothing_ends_badly_and_what_is_hidden_stays_so(text in "\\PC*", name in "\\PC*") {
        let once = hidden(json!({name: [text, {"a": text}]}));
        prop_assert_eq!(hidden(once.clone()), once);
    }
}
