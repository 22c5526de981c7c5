use super::*;

fn mounted(paths: &[&str]) -> BTreeMap<String, String> {
    paths.iter().map(|p| ((*p).to_owned(), "pki".to_owned())).collect()
}

#[test]
fn an_empty_vault_gets_everything_in_order() {
    let state = State {
        app_role_enabled: Some(false),
        ..State::default()
    };
    let steps = decide(&state);
    let mut expected: Vec<Step> = Authority::ALL.into_iter().map(Step::MountPki).collect();
    expected.extend([
        Step::MountSecrets,
        Step::WritePolicy,
        Step::EnableAppRole,
        Step::MakeAppRole,
    ]);
    expected.extend(Authority::ALL.into_iter().map(Step::MakeAuthority));
    expected.push(Step::MakeEncryptionKey);
    assert_eq!(steps, expected);
}

#[test]
fn what_is_there_is_left_alone() {
    let engines = Authority::ALL.map(|a| format!("{}/", a.vault_path()));
    let mut mounts = mounted(&engines.each_ref().map(String::as_str));
    mounts.insert(format!("{SECRETS}/"), "kv".to_owned());
    let state = State {
        mounts,
        app_role_enabled: Some(true),
        configured: true,
        stored: Authority::ALL.into_iter().collect(),
    };
    assert_eq!(decide(&state), [Step::WritePolicy, Step::MakeEncryptionKey]);
}

#[test]
fn an_administrator_who_may_not_look_is_believed_to_have_enabled_the_login() {
    let steps = decide(&State::default());
    assert!(!steps.contains(&Step::EnableAppRole));
    assert!(steps.contains(&Step::MakeAppRole));
}
