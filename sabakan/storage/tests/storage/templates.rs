//! S31, S35, S36: Ignition templates and kernel parameters.

use crate::common::{Site, actor};
use sabakan_model::{IgnitionId, IgnitionTemplate, KernelParams, decode_stored};
use sabakan_storage::StorageError;

fn template(text: &str) -> IgnitionTemplate {
    let json = format!(r#"{{"version":"2.3","template":{{"a":"{text}"}},"meta":{{"n":1,"who":"neco"}}}}"#);
    decode_stored(json.as_bytes()).unwrap()
}

fn id(text: &str) -> IgnitionId {
    text.parse().unwrap()
}

fn ids(site: &Site) -> Vec<String> {
    site.storage
        .template_ids("cs")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[tokio::test]
async fn s31_the_newest_ten_versions_of_a_role_are_kept() {
    let site = Site::start().await;
    for n in [1, 2, 3, 10, 9, 8, 7, 6, 5, 4] {
        site.storage
            .put_template(&actor(), "cs", &id(&format!("1.{n}.0")), &template("x"))
            .await
            .unwrap();
    }
    site.storage
        .put_template(&actor(), "cs2", &id("1.0.0"), &template("x"))
        .await
        .unwrap();
    assert_eq!(ids(&site).first().unwrap(), "1.1.0");
    assert_eq!(ids(&site).last().unwrap(), "1.10.0");
    let old = site
        .storage
        .put_template(&actor(), "cs", &id("1.0.0"), &template("x"))
        .await;
    assert!(
        matches!(&old, Err(StorageError::Conflict(m)) if m.contains("older")),
        "{old:?}"
    );
    site.storage
        .put_template(&actor(), "cs", &id("1.10.0-rc.1"), &template("x"))
        .await
        .unwrap();
    assert_eq!(ids(&site).len(), 10);
    assert_eq!(ids(&site)[0], "1.2.0");
    assert_eq!(ids(&site)[8..], ["1.10.0-rc.1", "1.10.0"]);
    let again = site
        .storage
        .put_template(&actor(), "cs", &id("1.10.0"), &template("y"))
        .await;
    assert!(matches!(again, Err(StorageError::Conflict(_))), "{again:?}");
    assert_eq!(site.count("ignitions/cs/").await, 10);
    assert_eq!(site.count("ignitions/cs2/").await, 1);
}

#[tokio::test]
async fn s31_two_servers_keep_ten_together() {
    let site = Site::start().await;
    let (other, _stop) = site.another().await;
    let mut tasks = Vec::new();
    for n in 0..16 {
        let storage = if n % 2 == 0 {
            site.storage.clone()
        } else {
            other.clone()
        };
        let id = id(&format!("{n}"));
        tasks.push(tokio::spawn(async move {
            storage.put_template(&actor(), "cs", &id, &template("x")).await
        }));
    }
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) | Err(StorageError::Conflict(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(site.count("ignitions/cs/").await, 10);
}

#[tokio::test]
async fn s31_s35_a_template_is_stored_with_its_metadata_and_deleted() {
    let site = Site::start().await;
    site.storage
        .put_template(&actor(), "cs", &id("1.0.0"), &template("<"))
        .await
        .unwrap();
    let stored = site.value("ignitions/cs/1.0.0").await.unwrap();
    assert_eq!(
        stored,
        r#"{"version":"2.3","template":{"a":"\u003c"},"meta":{"n":1,"who":"neco"}}"#
    );
    let read = site.storage.template("cs", "1.0.0").unwrap();
    assert_eq!(read.template, decode_stored(stored.as_bytes()).unwrap());
    site.storage.delete_template(&actor(), "cs", "1.0.0").await.unwrap();
    assert!(site.storage.template("cs", "1.0.0").is_none());
    for (role, id) in [("cs", "1.0.0"), ("..", "x"), ("cs", "a/b")] {
        let gone = site.storage.delete_template(&actor(), role, id).await;
        assert!(matches!(gone, Err(StorageError::NotFound { .. })), "{gone:?}");
    }
    let huge = site
        .storage
        .put_template(&actor(), "cs", &id("2.0.0"), &template(&"x".repeat(1_600_000)))
        .await;
    assert!(matches!(huge, Err(StorageError::Quota { .. })), "{huge:?}");
}

#[tokio::test]
async fn s36_kernel_parameters_are_stored_as_they_are() {
    let site = Site::start().await;
    assert!(matches!(
        site.storage.fresh_kernel_params("coreos").await,
        Err(StorageError::NotFound { .. })
    ));
    let params = KernelParams::new("console=ttyS0 coreos.first_boot=1").unwrap();
    site.storage
        .put_kernel_params(&actor(), "coreos", &params)
        .await
        .unwrap();
    assert_eq!(site.value("kernel-params/coreos").await.unwrap(), params.as_str());
    assert_eq!(site.storage.kernel_params("coreos").unwrap(), params.as_str());
    assert_eq!(
        site.storage.fresh_kernel_params("coreos").await.unwrap(),
        params.as_str()
    );
    let bad = site.storage.put_kernel_params(&actor(), "a/b", &params).await;
    assert!(matches!(bad, Err(StorageError::BadRequest(_))), "{bad:?}");
}
