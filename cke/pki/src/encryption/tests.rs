#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn rotation_puts_a_new_key_first_and_keeps_one() {
    let first = EncryptionKeys::default().rotated(&[1; 32], at("2026-11-22T17:13:30.5Z"));
    assert_eq!(first.keys.len(), 1);
    assert_eq!(first.keys[0].name, "2026-11-22T17:13:30Z");
    assert_eq!(STANDARD.decode(first.keys[0].secret.expose()).unwrap(), [1; 32]);
    let second = first.rotated(&[2; 32], at("2026-11-23T00:00:00Z"));
    let third = second.rotated(&[3; 32], at("2026-11-24T00:00:00Z"));
    let names: Vec<&str> = third.keys.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z"]);
    assert_eq!(third.keys[1], second.keys[0]);
}

#[test]
fn the_value_in_vault_is_the_json_that_others_read() {
    let json = r#"{"keys":[{"name":"2026-11-22T17:13:30Z","secret":"AAEC"}]}"#;
    let keys = EncryptionKeys::parse(&json.into()).unwrap();
    assert_eq!(keys.to_json().unwrap().expose(), json);
    assert!(!format!("{keys:?}").contains("AAEC"));
    assert!(EncryptionKeys::parse(&"{".into()).is_err());
    assert_eq!(EncryptionKeys::parse(&"{}".into()).unwrap(), EncryptionKeys::default());
}

/// The file that the original wrote comes out of its key again, to the byte.
#[test]
fn the_recorded_configuration_comes_out_the_same() {
    let path = format!(
        "{}/../../../shared/vectors/cke-cluster.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let vectors: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let files = vectors["nodes"]["n101"]["files"].as_array().unwrap();
    let file = files
        .iter()
        .find(|f| f["path"] == "/etc/kubernetes/apiserver/encryption.yml")
        .unwrap();
    let text = file["text"].as_str().unwrap().replace("<secret>", "c2VjcmV0");
    let keys = EncryptionKeys {
        keys: vec![EncryptionKey {
            name: "2026-11-22T17:13:30Z".to_owned(),
            secret: "c2VjcmV0".into(),
        }],
    };
    assert_eq!(keys.configuration().as_str().trim_end(), text.trim_end());
}

#[test]
fn a_base64_key_with_any_sign_stays_a_string() {
    let keys = EncryptionKeys::default().rotated(&[0xfb; 32], at("2026-11-22T17:13:30Z"));
    let yaml: serde_json::Value = serde_saphyr::from_str(&keys.configuration()).unwrap();
    let secret = &yaml["resources"][0]["providers"][0]["aescbc"]["keys"][0]["secret"];
    assert_eq!(secret.as_str().unwrap(), keys.keys[0].secret.expose());
    assert_eq!(yaml["resources"][0]["providers"][1]["identity"], serde_json::json!({}));
}
