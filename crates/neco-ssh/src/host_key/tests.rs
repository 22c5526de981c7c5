#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pinned_at(second: i64) -> Pinned {
    Pinned {
        key: "ssh-ed25519 OLD".to_owned(),
        at: at(second),
    }
}

#[test]
fn table_of_verdicts() {
    use Policy::{AfterBoot, Any, Strict};
    let old = pinned_at(100);
    let cases = [
        ("first contact", "NEW", None, None, AfterBoot, Verdict::Pin),
        (
            "first contact, strict",
            "NEW",
            None,
            None,
            Strict,
            Verdict::RefuseUnknown,
        ),
        ("first contact, any", "NEW", None, None, Any, Verdict::Pin),
        (
            "the same",
            "ssh-ed25519 OLD",
            Some(&old),
            None,
            AfterBoot,
            Verdict::Known,
        ),
        (
            "the same, strict",
            "ssh-ed25519 OLD",
            Some(&old),
            None,
            Strict,
            Verdict::Known,
        ),
        (
            "the same after a boot",
            "ssh-ed25519 OLD",
            Some(&old),
            Some(200),
            AfterBoot,
            Verdict::Known,
        ),
        (
            "changed unseen",
            "NEW",
            Some(&old),
            None,
            AfterBoot,
            Verdict::RefuseChanged,
        ),
        (
            "changed after an old boot",
            "NEW",
            Some(&old),
            Some(99),
            AfterBoot,
            Verdict::RefuseChanged,
        ),
        (
            "changed after the boot it was pinned for",
            "NEW",
            Some(&old),
            Some(100),
            AfterBoot,
            Verdict::RefuseChanged,
        ),
        (
            "changed after a new boot",
            "NEW",
            Some(&old),
            Some(101),
            AfterBoot,
            Verdict::Replace,
        ),
        (
            "changed after a boot, strict",
            "NEW",
            Some(&old),
            Some(101),
            Strict,
            Verdict::RefuseChanged,
        ),
        ("changed, any", "NEW", Some(&old), None, Any, Verdict::Replace),
    ];
    for (name, offered, pinned, boot, policy, verdict) in cases {
        assert_eq!(judge(offered, pinned, boot.map(at), policy), verdict, "{name}");
    }
}

#[test]
fn a_boot_explains_one_change_and_no_more() {
    let old = pinned_at(100);
    let boot = Some(at(150));
    assert_eq!(judge("A", Some(&old), boot, Policy::AfterBoot), Verdict::Replace);
    let new = pin("A", boot, at(160));
    assert_eq!(judge("B", Some(&new), boot, Policy::AfterBoot), Verdict::RefuseChanged);
    assert_eq!(
        judge("B", Some(&new), Some(at(170)), Policy::AfterBoot),
        Verdict::Replace
    );
}

#[test]
fn a_boot_of_the_future_is_used_up_too() {
    let boot = Some(at(1000));
    let new = pin("A", boot, at(160));
    assert_eq!(new.at, at(1000));
    assert_eq!(judge("B", Some(&new), boot, Policy::AfterBoot), Verdict::RefuseChanged);
}

#[test]
fn pinned_keys_are_stored_as_plain_json() {
    let json = r#"{"key":"ssh-ed25519 OLD","at":"1970-01-01T00:01:40Z"}"#;
    assert_eq!(serde_json::to_string(&pinned_at(100)).unwrap(), json);
    assert_eq!(serde_json::from_str::<Pinned>(json).unwrap(), pinned_at(100));
}
