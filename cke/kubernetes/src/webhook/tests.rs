#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use serde_json::json;

struct Fixed;

impl WebhookCertificates for Fixed {
    async fn ca(&self) -> Result<String, BoxError> {
        Ok("CA".to_owned())
    }

    async fn issue(&self, namespace: &str, service: &str) -> Result<KeyPair, BoxError> {
        if service == "bad" {
            return Err("sealed".into());
        }
        Ok(KeyPair {
            certificate: format!("{service}.{namespace}"),
            key: Zeroizing::new("KEY".to_owned()),
        })
    }
}

fn kind(kind: &str) -> Kind {
    Kind {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
    }
}

async fn fulfilled(name: &str, object: Value) -> Result<Value, Error> {
    let Value::Object(mut object) = object else {
        panic!("not an object")
    };
    let resource = ResourceDefinition {
        key: "the-key".to_owned(),
        ..ResourceDefinition::default()
    };
    let wish = wish(&kind(name), &object);
    fulfil(&resource, wish, &mut object, &Fixed)
        .await
        .map(|()| Value::Object(object))
}

#[tokio::test]
async fn every_webhook_gets_the_authority() {
    for name in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        let given = json!({
            "metadata": {"annotations": {"cke.cybozu.com/inject-cacert": "true"}},
            "webhooks": [{"name": "a", "clientConfig": {"caBundle": "old", "url": "u"}}, {"name": "b"}],
        });
        let done = fulfilled(name, given).await.unwrap();
        assert_eq!(
            done["webhooks"],
            json!([
                {"name": "a", "clientConfig": {"caBundle": "Q0E=", "url": "u"}},
                {"name": "b", "clientConfig": {"caBundle": "Q0E="}},
            ])
        );
    }
}

#[tokio::test]
async fn a_secret_gets_a_certificate_and_keeps_its_other_data() {
    let given = json!({
        "metadata": {"namespace": "ns", "annotations": {"cke.cybozu.com/issue-cert": "svc"}},
        "data": {"other": "eA=="},
    });
    let done = fulfilled("Secret", given).await.unwrap();
    assert_eq!(done["type"], json!("kubernetes.io/tls"));
    assert_eq!(
        done["data"],
        json!({"other": "eA==", "tls.crt": "c3ZjLm5z", "tls.key": "S0VZ"})
    );
}

#[tokio::test]
async fn what_does_not_ask_stays_as_it_is() {
    let cases = [
        (
            "ValidatingWebhookConfiguration",
            json!({"metadata": {"annotations": {"cke.cybozu.com/inject-cacert": "false"}}, "webhooks": [{}]}),
        ),
        (
            "ConfigMap",
            json!({"metadata": {"annotations": {"cke.cybozu.com/issue-cert": "svc"}}}),
        ),
        (
            "Secret",
            json!({"metadata": {"annotations": {"cke.cybozu.com/inject-cacert": "true"}}}),
        ),
        ("Secret", json!({})),
    ];
    for (name, given) in cases {
        assert_eq!(fulfilled(name, given.clone()).await.unwrap(), given);
    }
}

#[tokio::test]
async fn says_what_is_wrong() {
    let ca = json!({"cke.cybozu.com/inject-cacert": "true"});
    let cases = [
        (
            "MutatingWebhookConfiguration",
            json!({"metadata": {"annotations": ca}, "webhooks": {}}),
            "webhooks is not a list",
        ),
        (
            "MutatingWebhookConfiguration",
            json!({"metadata": {"annotations": ca}, "webhooks": [1]}),
            "webhooks[] is not an object",
        ),
        (
            "Secret",
            json!({"metadata": {"annotations": {"cke.cybozu.com/issue-cert": "svc"}}, "data": 1}),
            "data is not an object",
        ),
        (
            "Secret",
            json!({"metadata": {"annotations": {"cke.cybozu.com/issue-cert": "bad"}}}),
            "the certificate that it asks for",
        ),
    ];
    for (name, given, expected) in cases {
        let error = fulfilled(name, given).await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("the-key"), "{error}");
    }
}

#[test]
fn a_key_is_not_printed() {
    let pair = KeyPair {
        certificate: "C".to_owned(),
        key: Zeroizing::new("SECRET".to_owned()),
    };
    assert!(!format!("{pair:?}").contains("SECRET"));
}
