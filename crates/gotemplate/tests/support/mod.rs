//! A machine as sabakan gives it to templates, and the functions that sabakan adds, in the little that these tests need.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;
use std::sync::Arc;

use gotemplate::{FieldType, Functions, Method, NamedType, Struct, StructType, Time, Type, Value};
use serde_json::Value as Json;

pub(crate) fn functions() -> Functions {
    let mut functions = Functions::new();
    functions.add("MyURL", vec![], |_| Ok(Value::str("http://10.0.0.9:10080")));
    functions.add("Metadata", vec![Type::Str], |args| match args[0].as_text().as_str() {
        "bird.img" => Ok(Value::str("bird-2.0.img")),
        other => Err(format!("no such meta data: {other}")),
    });
    functions.add("json", vec![Type::Any], |args| args[0].to_json().map(Value::str));
    arithmetic(&mut functions, "add", i64::wrapping_add, |a, b| a + b);
    arithmetic(&mut functions, "sub", i64::wrapping_sub, |a, b| a - b);
    arithmetic(&mut functions, "mul", i64::wrapping_mul, |a, b| a * b);
    arithmetic(
        &mut functions,
        "div",
        |a, b| a.checked_div(b).unwrap_or(0),
        |a, b| a / b,
    );
    functions
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_int().map(|i| i as f64))
}

/// Only plain integers count: a month is none.
fn integer(value: &Value) -> Option<i64> {
    let plain = matches!(value.type_name().as_str(), "int" | "int64" | "uint" | "uint8");
    value.as_int().filter(|_| plain)
}

fn arithmetic(functions: &mut Functions, name: &'static str, ints: fn(i64, i64) -> i64, floats: fn(f64, f64) -> f64) {
    functions.add(name, vec![Type::Any, Type::Any], move |args| {
        let (a, b) = (&args[0], &args[1]);
        let named = |v: &Value| matches!(v, Value::Named(_)) && integer(v).is_none();
        if name == "div" && number(b) == Some(0.0) {
            return Err("zero division".into());
        }
        match (integer(a), integer(b)) {
            (Some(a), Some(b)) => Ok(Value::int64(ints(a, b))),
            _ if named(a) || named(b) => Err("not a number".into()),
            _ => match (number(a), number(b)) {
                (Some(a), Some(b)) => Ok(Value::Float(floats(a, b))),
                _ => Err("not a number".into()),
            },
        }
    });
}

type Field = (&'static str, &'static str, Value);

fn structure(name: &str, fields: Vec<Field>) -> Value {
    let types = fields.iter().map(|(name, json, value)| FieldType {
        name: (*name).to_owned(),
        json: (*json).to_owned(),
        ty: value.type_of().unwrap_or(Type::Any),
    });
    let ty = Arc::new(StructType {
        name: name.to_owned(),
        fields: types.collect(),
        methods: vec![],
    });
    Value::Struct(Arc::new(Struct {
        ty,
        fields: fields.into_iter().map(|(_, _, value)| value).collect(),
    }))
}

fn text(json: &Json) -> Value {
    Value::str(json.as_str().unwrap_or_default())
}

fn texts(json: &Json) -> Value {
    match json.as_array() {
        Some(items) => Value::strings(items.iter().map(|item| item.as_str().unwrap())),
        None => Type::List(Arc::new(Type::Str)).zero(),
    }
}

fn labels(json: &Json) -> Value {
    let entries = json.as_object().into_iter().flatten();
    Value::map(
        Type::Str,
        entries
            .map(|(key, value)| (key.clone(), text(value)))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn state(name: &str) -> Value {
    let methods = vec![
        Method {
            name: "String",
            params: vec![],
            call: |state, _| Ok(Value::str(state.as_text())),
        },
        Method {
            name: "IsValid",
            params: vec![],
            call: |_, _| Ok(Value::Bool(true)),
        },
        Method {
            name: "GQLEnum",
            params: vec![],
            call: |state, _| Ok(Value::str(state.as_text().to_uppercase())),
        },
    ];
    let ty = Arc::new(NamedType {
        name: "sabakan.MachineState".into(),
        base: Type::Str,
        methods,
    });
    Value::named(&ty, Value::str(name))
}

fn nic(json: &Json) -> Value {
    let bits = json["MaskBits"].as_i64().unwrap_or(0);
    structure(
        "sabakan.NICConfig",
        vec![
            ("Address", "address", text(&json["Address"])),
            ("Netmask", "netmask", text(&json["Netmask"])),
            ("MaskBits", "maskbits", Value::Int(bits)),
            ("Gateway", "gateway", text(&json["Gateway"])),
        ],
    )
}

/// A machine from a document with Go's names of fields.
pub(crate) fn machine_of(json: &Json, registered: Time, retires: Time, duration: f64) -> Value {
    let spec = &json["Spec"];
    let bmc = vec![
        ("IPv4", "ipv4", text(&spec["BMC"]["IPv4"])),
        ("IPv6", "ipv6", text(&spec["BMC"]["IPv6"])),
        ("Type", "type", text(&spec["BMC"]["Type"])),
    ];
    let spec = vec![
        ("Serial", "serial", text(&spec["Serial"])),
        ("Labels", "labels", labels(&spec["Labels"])),
        ("Rack", "rack", Value::Uint(spec["Rack"].as_u64().unwrap())),
        (
            "IndexInRack",
            "index-in-rack",
            Value::Uint(spec["IndexInRack"].as_u64().unwrap()),
        ),
        ("Role", "role", text(&spec["Role"])),
        ("IPv4", "ipv4", texts(&spec["IPv4"])),
        ("IPv6", "ipv6", texts(&spec["IPv6"])),
        ("RegisterDate", "register-date", Value::Time(registered)),
        ("RetireDate", "retire-date", Value::Time(retires)),
        ("BMC", "bmc", structure("sabakan.MachineBMC", bmc)),
    ];
    let status = vec![
        ("Timestamp", "timestamp", Value::Time(registered)),
        ("Duration", "duration", Value::Float(duration)),
        ("State", "state", state(json["Status"]["State"].as_str().unwrap())),
    ];
    let info = &json["Info"];
    let nics: Vec<Value> = info["Network"]["IPv4"].as_array().unwrap().iter().map(nic).collect();
    let element = nics[0].type_of().unwrap();
    let network = structure(
        "sabakan.NetworkInfo",
        vec![("IPv4", "ipv4", Value::list(element, nics))],
    );
    let bmc = structure("sabakan.BMCInfo", vec![("IPv4", "ipv4", nic(&info["BMC"]["IPv4"]))]);
    structure(
        "*sabakan.Machine",
        vec![
            ("Spec", "spec", structure("sabakan.MachineSpec", spec)),
            ("Status", "status", structure("sabakan.MachineStatus", status)),
            (
                "Info",
                "info",
                structure(
                    "sabakan.MachineInfo",
                    vec![("Network", "network", network), ("BMC", "bmc", bmc)],
                ),
            ),
        ],
    )
}

/// The machine that `cases.json` was recorded with.
pub(crate) fn machine() -> Value {
    let document = serde_json::json!({
        "Spec": {
            "Serial": "SER1234", "Labels": {"machine-type": "r640", "datacenter": "dc1"}, "Rack": 1, "IndexInRack": 4,
            "Role": "cs", "IPv4": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "BMC": {"IPv4": "10.1.0.1", "Type": "iDRAC"},
        },
        "Status": {"State": "healthy"},
        "Info": {
            "Network": {"IPv4": [
                {"Address": "10.0.0.1", "Netmask": "255.255.255.255", "MaskBits": 32, "Gateway": ""},
                {"Address": "10.0.0.2", "Netmask": "255.255.255.192", "MaskBits": 26, "Gateway": "10.0.0.62"},
            ]},
            "BMC": {"IPv4": {"Address": "10.1.0.1", "Netmask": "255.255.0.0", "MaskBits": 16, "Gateway": "10.1.0.254"}},
        },
    });
    let registered = Time::new(1_772_356_087, 60_000_000, 0);
    let retires = Time::new(1_951_653_845, 123_456_789, 9 * 3600);
    machine_of(&document, registered, retires, 12345.5)
}
