//! What sabakan is asked, and its answer.

use crate::query::{FIELD, QUERY, body, non_healthy, stored};
use crate::{Machine, State};

#[test]
fn without_variables_the_query_has_its_defaults() {
    let json = gojson::to_go_string(&body(None)).unwrap();
    assert!(
        json.starts_with(r#"{"query":"query ckeSearch($having: MachineParams = null, "#),
        "{json}"
    );
    assert!(!json.contains("variables"), "{json}");
    assert!(QUERY.contains(r#"$notHaving: MachineParams = {roles: ["boot"], states: [RETIRED]}"#));
    assert!(QUERY.contains(&format!("{FIELD}(having: $having, notHaving: $notHaving)")));
}

#[test]
fn variables_are_sent_with_nulls() {
    let cases = [
        ("{}", r#"{"having":null,"notHaving":null}"#),
        (
            r#"{"notHaving": {"states": ["RETIRED"]}}"#,
            r#"{"having":null,"notHaving":{"labels":null,"racks":null,"roles":null,"states":["RETIRED"]}}"#,
        ),
        (
            r#"{"having": {"labels": [{"name": "foo", "value": "bar"}], "racks": [1], "minDaysBeforeRetire": 90}}"#,
            r#"{"having":{"labels":[{"name":"foo","value":"bar"}],"racks":[1],"roles":null,"states":null,"minDaysBeforeRetire":90},"notHaving":null}"#,
        ),
    ];
    for (given, sent) in cases {
        let variables = stored(given.as_bytes()).unwrap();
        let json = gojson::to_go_string(&body(Some(&variables))).unwrap();
        assert!(json.ends_with(&format!(r#""variables":{sent}}}"#)), "{json}");
    }
}

#[test]
fn repairs_look_for_unhealthy_and_unreachable_machines() {
    let json = gojson::to_go_string(&non_healthy()).unwrap();
    assert_eq!(
        json,
        r#"{"having":{"labels":null,"racks":null,"roles":null,"states":["UNHEALTHY","UNREACHABLE"]},"notHaving":{"labels":null,"racks":null,"roles":["boot"],"states":null}}"#
    );
}

#[test]
fn stored_variables_are_taken_without_what_nobody_knows() {
    let variables = stored(br#"{"HAVING": {"roles": ["worker"], "later": 1}, "later": 2}"#).unwrap();
    let json = gojson::to_go_string(&variables).unwrap();
    let expected = r#"{"having":{"labels":null,"racks":null,"roles":["worker"],"states":null},"notHaving":null}"#;
    assert_eq!(json, expected);
}

#[test]
fn an_answer_is_read() {
    let answer = r#"[{"spec": {"serial": "m1", "labels": [{"name": "label1", "value": "value1"}], "rack": 1, "indexInRack": 3,
        "role": "boot", "ipv4": ["10.0.1.3"], "registerDate": "2018-12-02T00:00:00Z", "retireDate": "2019-01-02T00:00:00Z",
        "bmc": {"bmcType": "iDRAC"}}, "status": {"state": "HEALTHY", "duration": 100.5}},
        {"spec": {"serial": "m2", "labels": null, "ipv4": null}, "status": {"state": "LATER", "duration": 1}}]"#;
    let machines: Vec<Machine> = serde_json::from_str(answer).unwrap();
    let spec = &machines[0].spec;
    assert_eq!((spec.rack, spec.index_in_rack, spec.role.as_str()), (1, 3, "boot"));
    assert_eq!(
        (spec.labels[0].name.as_str(), spec.bmc.bmc_type.as_str()),
        ("label1", "iDRAC")
    );
    assert_eq!(
        (machines[0].address(), machines[0].is_healthy()),
        (Some("10.0.1.3"), true)
    );
    assert_eq!(
        (machines[1].address(), &machines[1].status.state),
        (None, &State::Unknown("LATER".to_owned()))
    );
}
