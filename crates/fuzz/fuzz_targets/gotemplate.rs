//! Templates: any bytes are parsed or refused, and what was parsed renders or fails within its limits.
#![no_main]

use std::sync::LazyLock;

use gotemplate::{Functions, Limits, Template, Type, Value};
use libfuzzer_sys::fuzz_target;

static DATA: LazyLock<Value> = LazyLock::new(|| {
    Value::from_json(&serde_json::json!({
        "s": "text", "n": 1, "f": 2.5, "t": true, "z": null, "list": [1, "two", {"k": "v"}], "map": {"a": {"b": "c"}},
    }))
});

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
    let mut functions = Functions::new();
    functions.add("json", vec![Type::Any], |args| args.first().unwrap_or(&Value::Nil).to_json().map(Value::str));
    functions.add("text", vec![Type::Str], |args| Ok(args.first().cloned().unwrap_or_default()));
    functions
});

fuzz_target!(|source: &[u8]| {
    if let Ok(template) = Template::parse("fuzz", source, &FUNCTIONS) {
        let limits = Limits { output: 1 << 16, steps: 10_000, depth: 50 };
        let _ = template.render(&DATA, &FUNCTIONS, &limits);
    }
});
