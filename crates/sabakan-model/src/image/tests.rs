#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::to_go_json;

fn image(id: &str) -> Image {
    Image {
        id: id.into(),
        ..Default::default()
    }
}

fn ids(index: &ImageIndex) -> Vec<&str> {
    index.0.iter().map(|i| i.id.as_str()).collect()
}

#[test]
fn five_images_are_kept() {
    let mut index = ImageIndex::default();
    for id in ["1", "2", "3", "4", "5"] {
        assert_eq!(index.append(image(id)), [""; 0]);
    }
    assert_eq!(index.append(image("6")), ["1"]);
    assert_eq!(ids(&index), ["2", "3", "4", "5", "6"]);
}

#[test]
fn an_image_again_becomes_the_newest_with_its_own_entry() {
    let mut index = ImageIndex(vec![image("1"), image("2")]);
    index.0[0].size = 7;
    assert!(index.append(image("1")).is_empty());
    assert_eq!((ids(&index), index.find("1").unwrap().size), (vec!["2", "1"], 7));
}

#[test]
fn removal() {
    let mut index = ImageIndex(vec![image("1")]);
    assert!(index.remove("2").is_none() && index.remove("1").is_some());
    assert_eq!(to_go_json(&index).unwrap(), b"[]");
}

#[test]
fn ten_urls_at_most() {
    let mut index = ImageIndex(vec![image("1")]);
    for n in 0..10 {
        assert!(index.add_url("1", &format!("http://{n}/")));
    }
    assert!(!index.add_url("1", "http://0/") && !index.add_url("1", "http://11/") && !index.add_url("2", "x"));
}

#[test]
fn the_last_ten_deleted_names_stay_used_up() {
    let mut deleted = DeletedImages::default();
    deleted.extend([]);
    assert_eq!(to_go_json(&deleted).unwrap(), b"null");
    deleted.extend((0..12).map(|n| n.to_string()));
    assert!(!deleted.contains("1") && deleted.contains("2") && deleted.contains("11"));
    assert_eq!(deleted.0.unwrap().len(), 10);
}

#[test]
fn names_of_images() {
    for good in ["1234.1.0", "a-B.9", "-"] {
        assert!(is_valid_image_id(good), "{good}");
    }
    for bad in ["", ".", "..", "a/b", "a_b", "a b", "é"] {
        assert!(!is_valid_image_id(bad), "{bad}");
    }
    assert!(is_valid_image_os("coreos") && is_valid_image_os("u24.04"));
    assert!(
        !is_valid_image_os("") && !is_valid_image_os("..") && !is_valid_image_os("CoreOS") && !is_valid_image_os("a/b")
    );
}
