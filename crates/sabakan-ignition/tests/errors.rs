//! Errors name the file, the key, the line and the function.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sabakan_ignition::{BuildError, Built, Error, Prepared, Spec, Tree, build, validate};
use sabakan_model::json::RawJson;
use sabakan_model::{IgnitionTemplate, IpamConfig, Machine, decode_stored};
use support::chain;

/// A tree in memory.
#[derive(Default)]
struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()))
                .collect(),
        )
    }
}

impl Tree for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }

    fn mode(&self, _: &Path) -> Result<u32, String> {
        Ok(0o640)
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        Ok(file.parent().unwrap().to_owned())
    }
}

fn built(files: &[(&str, &str)]) -> Result<Built, BuildError> {
    build(&Memory::of(files), Path::new("/t/site.yml"), None)
}

fn refused(files: &[(&str, &str)]) -> String {
    chain(&built(files).unwrap_err())
}

#[test]
fn building_errors_name_file_and_key() {
    let missing = refused(&[("/t/site.yml", "files:\n- /etc/a\n")]);
    assert_eq!(
        missing,
        "/t/files/etc/a: cannot be read (wanted by /t/site.yml: files[0]): there is no such file"
    );
    assert_eq!(refused(&[]), "/t/site.yml: cannot be read: there is no such file");
    let unit = refused(&[("/t/site.yml", "systemd:\n- name: a.service\n")]);
    assert!(
        unit.contains("/t/systemd/a.service") && unit.contains("systemd[0].name"),
        "{unit}"
    );
    let relative = refused(&[("/t/site.yml", "remote_files:\n- {name: tmp/x, url: http://x}\n")]);
    assert_eq!(
        relative,
        "/t/site.yml: remote_files[0].name: \"tmp/x\" is not an absolute path"
    );
    let kind = refused(&[("/t/site.yml", "systemd:\n- name: a\n  enabled: maybe\n")]);
    assert_eq!(
        kind,
        "/t/site.yml: systemd[0].enabled: expected a boolean, found a string"
    );
    let version = refused(&[("/t/site.yml", "version: 2.4\n")]);
    assert_eq!(
        version,
        "/t/site.yml: version: unsupported ignition spec \"2.4\"; it must be 2.2 or 2.3"
    );
    let passwd = refused(&[("/t/site.yml", "passwd: p.yml\n"), ("/t/p.yml", "users:\n- uid: x\n")]);
    assert_eq!(passwd, "/t/p.yml: users[0].uid: expected an integer, found a string");
}

#[test]
fn broken_yaml_names_file_and_line() {
    let error = refused(&[("/t/site.yml", "version: \"2.3\"\nfiles: [a\nsystemd: {")]);
    assert!(error.starts_with("/t/site.yml: invalid YAML: "), "{error}");
    assert!(error.contains("line 3"), "{error}");
}

#[test]
fn includes_must_agree_and_end() {
    let mixed = refused(&[
        ("/t/site.yml", "version: 2.3\ninclude: ../b/base.yml\n"),
        ("/b/base.yml", "files: []\n"),
    ]);
    assert_eq!(
        mixed,
        "/t/site.yml: include: ../b/base.yml has version 2.2, but this file has 2.3"
    );
    let circle = refused(&[("/t/site.yml", "include: site.yml\n")]);
    assert!(circle.contains("is there a circle?"), "{circle}");
}

#[test]
fn keys_that_mean_nothing_are_told() {
    let files = [
        ("/t/site.yml", "version: 2.3\nfile: [/etc/a]\npasswd: p.yml\n"),
        ("/t/p.yml", "users:\n- {name: a, sshkeys: []}\n"),
    ];
    let built = built(&files).unwrap();
    let expected = [
        "/t/site.yml: file means nothing and is ignored",
        "/t/p.yml: users[0].sshkeys means nothing and is ignored",
    ];
    assert_eq!(built.warnings, expected);
}

#[test]
fn octal_modes_old_booleans_and_modes_of_files_are_read() {
    let yaml = "remote_files:\n- {name: /x, url: u, mode: 0755}\n- {name: /y, url: u, mode: 0o600}\n- {name: /z, url: u}\n\
                systemd:\n- {name: a.service, mask: yes}\nfiles: [/f]\n";
    let built = built(&[("/t/site.yml", yaml), ("/t/files/f", "x")]).unwrap();
    let text = built.template.template.as_str();
    assert!(
        text.contains("\"mode\":493") && text.contains("\"mode\":384") && text.contains("\"mask\":true"),
        "{text}"
    );
    assert!(text.contains("\"mode\":416"), "the file's own: {text}");
}

fn template(document: &str) -> IgnitionTemplate {
    IgnitionTemplate {
        version: "2.3".into(),
        template: RawJson::new(document).unwrap(),
        meta: Some(decode_stored(b"{\"k\":\"v\"}").unwrap()),
        ..IgnitionTemplate::default()
    }
}

fn rendering(document: &str) -> String {
    let result = Prepared::new(&template(document))
        .and_then(|prepared| prepared.render(&Machine::default(), &support::urls(), Spec::Stored));
    chain(&result.unwrap_err())
}

#[test]
fn template_errors_name_file_line_and_function() {
    let unit = rendering(
        r#"{"systemd":{"units":[{"name":"a.service","contents":"[Unit]\nDescription={{ Metadata \"nope\" }}\n"}]}}"#,
    );
    let expected = "cannot render a.service: template: a.service:2:15: executing \"a.service\" at <Metadata \"nope\">: \
                    error calling Metadata: no such meta data: nope";
    assert_eq!(unit, expected);
    let file =
        rendering(r#"{"storage":{"files":[{"path":"/etc/x","contents":{"source":"data:,a%0A%7B%7Bnofunc%7D%7D"}}]}}"#);
    assert_eq!(
        file,
        "cannot render /etc/x: template: /etc/x:2:2: function \"nofunc\" not defined"
    );
    let user = rendering(r#"{"passwd":{"users":[{},{"sshAuthorizedKeys":["x","{{ .Spec.Nope }}"]}]}}"#);
    assert!(
        user.starts_with("cannot render passwd.users[1].sshAuthorizedKeys[1]: template: "),
        "{user}"
    );
    assert!(
        user.contains("can't evaluate field Nope in type sabakan.MachineSpec"),
        "{user}"
    );
}

#[test]
fn the_function_is_told_apart() {
    let document = r#"{"networkd":{"units":[{"name":"a","contents":"{{ div 1 0 }}"}]}}"#;
    let error = Prepared::new(&template(document))
        .unwrap()
        .render(&Machine::default(), &support::urls(), Spec::Stored);
    let Err(Error::Template { file, source }) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(*source, gotemplate::Error::Execute { function: Some(name), .. } if name == "div"));
    assert_eq!(file, "a");
}

fn plan() -> IpamConfig {
    let plan =
        br#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-offset":"","node-ipv4-range-size":6,
        "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
        "bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-offset":"0.0.1.0","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,
        "bmc-ipv4-gateway-offset":1}"#;
    decode_stored(plan).unwrap()
}

#[test]
fn storing_tries_the_template_with_a_made_up_machine() {
    let unit = |text: &str| {
        template(&format!(
            r#"{{"systemd":{{"units":[{{"name":"u","contents":"{text}"}}]}}}}"#
        ))
    };
    let good = "{{ .Spec.Serial }} {{ index .Spec.IPv4 2 }} {{ (index .Info.Network.IPv4 2).Gateway }} {{ .Info.BMC.IPv4.Address }}";
    validate(&unit(good), &plan(), &support::urls()).unwrap();
    let fourth = validate(&unit("{{ index .Spec.IPv4 3 }}"), &plan(), &support::urls()).unwrap_err();
    assert!(chain(&fourth).contains("index out of range: 3"), "{}", chain(&fourth));
    let only_this = unit(
        "{{ if ne .Spec.Serial \\\"1234abcd\\\" }}{{ nil }}{{ end }}{{ if or (ne .Spec.Rack 1) (ne .Spec.IndexInRack 1) }}{{ div 1 0 }}{{ end }}",
    );
    validate(&only_this, &plan(), &support::urls()).unwrap();
    assert!(matches!(
        validate(&unit(""), &IpamConfig::default(), &support::urls()),
        Err(Error::Place(_))
    ));
}

proptest! {
    #[test]
    fn any_yaml_is_built_or_refused(text in "\\PC{0,80}", line in "(version|files|systemd|include|passwd): .{0,20}") {
        let _ = built(&[("/t/site.yml", &format!("{line}\n{text}")), ("/t/p.yml", &text)]);
    }

    #[test]
    fn any_contents_pass_through(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assume!(!bytes.windows(2).any(|pair| pair == b"{{"));
        let mut tree = Memory::of(&[("/t/site.yml", "files: [/f]\n")]);
        tree.0.insert("/t/files/f".into(), bytes);
        let built = build(&tree, Path::new("/t/site.yml"), None).unwrap();
        let stored: serde_json::Value = serde_json::from_str(built.template.template.as_str()).unwrap();
        let text = Prepared::new(&built.template).unwrap();
        let text = text.render(&Machine::default(), &support::urls(), Spec::Stored).unwrap();
        let rendered: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&stored["storage"], &rendered["storage"]);
    }
}
