//! The resources that CKE brings. A changed object needs a new revision, or no cluster applies it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::resources;
use cke_model::Images;
use serde_json::{Value, json};
use testkit::golden;

fn objects() -> Value {
    let objects = resources::built_in(&Images::default()).into_iter().map(|resource| {
        let object: Value = serde_saphyr::from_str(&resource.definition).unwrap();
        json!({ "key": resource.key, "revision": resource.revision, "image": resource.image, "object": object })
    });
    objects.collect()
}

#[test]
fn objects_are_those_of_their_revisions() {
    let text = serde_json::to_string_pretty(&objects()).unwrap();
    golden!("tests/golden/manifests.json", text + "\n");
}

#[test]
fn tables_agree_with_manifests() {
    for resource in resources::built_in(&Images::default()) {
        let parsed = cke_model::resource::parse(&resource.definition).unwrap();
        assert_eq!(parsed.key, resource.key);
        let object: Value = serde_saphyr::from_str(&resource.definition).unwrap();
        let annotations = &object["metadata"]["annotations"];
        assert_eq!(
            annotations["cke.cybozu.com/revision"],
            resource.revision.to_string(),
            "{}",
            resource.key
        );
        let image = annotations["cke.cybozu.com/image"].as_str().unwrap_or_default();
        assert_eq!(image, resource.image, "{}", resource.key);
        assert!(!resource.definition.contains("${"), "{}", resource.definition);
    }
}

#[test]
fn images_with_digests_stay_strings() {
    let images = Images {
        coredns: "registry:5000/coredns:1@sha256:00".to_owned(),
        ..Images::default()
    };
    let resources = resources::built_in(&images);
    let deployment = resources.iter().find(|resource| resource.kind == "Deployment").unwrap();
    let object: Value = serde_saphyr::from_str(&deployment.definition).unwrap();
    let container = &object["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], *images.coredns);
    assert_eq!(deployment.image, images.coredns);
}
