use super::*;

#[test]
fn operations_are_counted_as_etcd_does() {
    let txn = Txn::new().if_absent("a").if_absent("b").put("a", "1").or_else_get("a");
    assert_eq!(txn.operations(), 2);
    let three = txn.join(Txn::new().put("b", "2").delete("c"));
    assert_eq!((three.operations(), three.then.len(), three.or_else.len()), (3, 3, 1));
}

#[test]
fn only_what_writes_nothing_may_be_repeated() {
    assert!(Txn::new().if_exists("a").get("a").or_else_get_prefix("b").only_reads());
    assert!(!Txn::new().get("a").put("a", "1").only_reads());
    assert!(!Txn::new().get("a").or_else(Op::Delete("a".to_owned())).only_reads());
}

#[test]
fn messages_name_the_first_key_written() {
    assert_eq!(Txn::new().if_absent("guard").put("key", "1").subject(), "key");
    assert_eq!(Txn::new().if_absent("guard").subject(), "guard");
    assert_eq!(Txn::new().subject(), "nothing");
}
