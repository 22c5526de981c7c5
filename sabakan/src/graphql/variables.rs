//! Variables of an operation, made ready before it runs: clients of the original may write states in lower case there, and
//! a variable that must have a value and has none is an error of the document.

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition};
use async_graphql::{Name, Value, Variables};

/// Makes the variables ready for the operation of this name.
///
/// # Errors
/// Names a variable without its value.
pub(super) fn ready(
    document: &ExecutableDocument,
    name: Option<&str>,
    variables: &mut Variables,
) -> Result<(), String> {
    let chosen = |known: Option<&Name>| name.is_none() || known.map(Name::as_str) == name;
    let mut operations = document.operations.iter().filter(|(known, _)| chosen(*known));
    let (Some((_, operation)), None) = (operations.next(), operations.next()) else {
        // None, or several without a name: the execution says so.
        return Ok(());
    };
    definitions_met(&operation.node, variables)
}

fn definitions_met(operation: &OperationDefinition, variables: &mut Variables) -> Result<(), String> {
    for definition in &operation.variable_definitions {
        let (definition, name) = (&definition.node, &definition.node.name.node);
        let Some(value) = variables.get_mut(name) else {
            if definition.var_type.node.nullable || definition.default_value.is_some() {
                continue;
            }
            return Err(format!("the variable ${name} needs a value"));
        };
        match named(&definition.var_type.node.base) {
            "MachineState" => upper(value),
            "MachineParams" => upper_states(value),
            _ => {}
        }
    }
    Ok(())
}

/// The type at the bottom of lists.
fn named(base: &BaseType) -> &str {
    match base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(&item.base),
    }
}

fn upper(value: &mut Value) {
    match value {
        Value::String(text) => text.make_ascii_uppercase(),
        Value::List(items) => items.iter_mut().for_each(upper),
        _ => {}
    }
}

fn upper_states(params: &mut Value) {
    match params {
        Value::Object(members) => {
            if let Some(states) = members.get_mut("states") {
                upper(states);
            }
        }
        Value::List(items) => items.iter_mut().for_each(upper_states),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    fn run(text: &str, name: Option<&str>, variables: serde_json::Value) -> Result<serde_json::Value, String> {
        let mut variables = Variables::from_json(variables);
        ready(&parse_query(text).unwrap(), name, &mut variables)?;
        Ok(serde_json::to_value(&variables).unwrap())
    }

    #[test]
    fn states_are_taken_in_any_case() {
        for (kind, given, want) in [
            ("MachineState!", json!("healthy"), json!("HEALTHY")),
            (
                "[MachineState!]",
                json!(["Healthy", "RETIRED"]),
                json!(["HEALTHY", "RETIRED"]),
            ),
            (
                "MachineParams",
                json!({"states": ["healthy"], "roles": ["cs"]}),
                json!({"states": ["HEALTHY"], "roles": ["cs"]}),
            ),
            ("ID", json!("healthy"), json!("healthy")),
        ] {
            let text = format!("query($v: {kind}) {{ x(v: $v) }}");
            assert_eq!(run(&text, None, json!({"v": given})), Ok(json!({"v": want})), "{kind}");
        }
    }

    #[test]
    fn a_variable_without_its_value_is_named() {
        let text = "query a($v: ID!) { x } query b($w: ID! = 1, $u: ID) { x }";
        assert!(run(text, Some("a"), json!({})).unwrap_err().contains("$v"));
        assert_eq!(run(text, Some("b"), json!({})), Ok(json!({})));
        assert_eq!(run(text, None, json!({})), Ok(json!({})));
    }
}
