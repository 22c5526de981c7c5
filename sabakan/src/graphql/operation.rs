//! Which root fields a GraphQL document runs, before it runs: the policy decides about each by name.

use super::nesting::too_deep;
use crate::route::{Audience, GRAPHQL_FIELDS};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Positioned, ServerError};
use std::collections::BTreeSet;

/// What a document asks for, as far as the policy must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// Root fields by name.
    pub fields: BTreeSet<String>,
}

impl Asked {
    /// The audience of the most guarded field. A name that no table knows is for operators: it will fail as unknown in the
    /// execution, and must not slip through before.
    #[must_use]
    pub fn audience(&self) -> Audience {
        let guarded = |field: &String| audience_of(self.kind, field) == Audience::Operators;
        if self.fields.iter().any(guarded) {
            Audience::Operators
        } else {
            Audience::Readers
        }
    }
}

fn audience_of(kind: OperationType, field: &str) -> Audience {
    if field.starts_with("__") {
        return Audience::Readers;
    }
    let name = match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let row = GRAPHQL_FIELDS
        .iter()
        .find(|row| row.operation == name && row.name == field);
    match (row, kind) {
        (Some(row), _) => row.audience,
        (None, OperationType::Mutation) => Audience::Operators,
        // An unknown query field cannot run; readers see the validator's words about it.
        (None, _) => Audience::Readers,
    }
}

/// Parses a document that is not too deep for the parser.
///
/// # Errors
/// What is wrong with it, as clients of GraphQL read it.
pub fn parse(text: &str) -> Result<ExecutableDocument, ServerError> {
    if too_deep(text) {
        return Err(ServerError::new("the document nests too deep", None));
    }
    Ok(parse_query(text)?)
}

/// The operation that would run. `None` where the document has none of that name; the execution then says so.
#[must_use]
pub fn asked(document: &ExecutableDocument, name: Option<&str>) -> Option<Asked> {
    let operation = select(document, name)?;
    let mut fields = BTreeSet::new();
    let mut seen = BTreeSet::new();
    collect(document, &operation.selection_set.node, &mut fields, &mut seen);
    Some(Asked {
        kind: operation.ty,
        fields,
    })
}

fn select<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(&operation.node),
        (DocumentOperations::Multiple(all), Some(name)) => all
            .iter()
            .find(|(known, _)| known.as_str() == name)
            .map(|(_, operation)| &operation.node),
        // Without a name the executor runs the only operation, also where that one has a name.
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next().map(|only| &only.node),
        (DocumentOperations::Multiple(_), None) => None,
    }
}

/// Walks fields and fragments; `seen` stops at fragments that name themselves.
fn collect(
    document: &ExecutableDocument,
    set: &SelectionSet,
    fields: &mut BTreeSet<String>,
    seen: &mut BTreeSet<String>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                fields.insert(field.node.name.node.to_string());
            }
            Selection::InlineFragment(fragment) => {
                collect(document, &fragment.node.selection_set.node, fields, seen);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let fragment: Option<&Positioned<FragmentDefinition>> = document.fragments.get(name);
                if let (true, Some(fragment)) = (seen.insert(name.to_string()), fragment) {
                    collect(document, &fragment.node.selection_set.node, fields, seen);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn audience(text: &str) -> Audience {
        asked(&parse_query(text).unwrap(), None).unwrap().audience()
    }

    #[test]
    fn mutations_are_for_operators_however_they_are_written() {
        let mutations = [
            r#"mutation { setMachineState(serial: "a", state: RETIRED) { state } }"#,
            r#"mutation { x: setMachineState(serial: "a", state: RETIRED) { state } }"#,
            r#"mutation { ... on Mutation { setMachineState(serial: "a", state: RETIRED) { state } } }"#,
            r#"mutation { ...f } fragment f on Mutation { ...g } fragment g on Mutation { ...f setMachineState(serial: "a", state: RETIRED) { state } }"#,
            r#"mutation named { setMachineState(serial: "a", state: RETIRED) { state } }"#,
            "mutation { somethingNew }",
        ];
        for text in mutations {
            assert_eq!(audience(text), Audience::Operators, "{text}");
        }
    }

    #[test]
    fn queries_are_for_readers() {
        for text in [
            "{ searchMachines { spec { serial } } }",
            "{ __schema { types { name } } }",
            "{ nothing }",
        ] {
            assert_eq!(audience(text), Audience::Readers, "{text}");
        }
    }

    #[test]
    fn an_only_operation_runs_without_its_name_being_said() {
        for (text, kind) in [
            ("query q { machine }", OperationType::Query),
            ("mutation m { setMachineState }", OperationType::Mutation),
            ("subscription s { machineChanged }", OperationType::Subscription),
        ] {
            let found = asked(&parse_query(text).unwrap(), None).unwrap();
            assert_eq!(found.kind, kind, "{text}");
        }
    }

    #[test]
    fn a_deep_document_is_refused_and_ends_nothing() {
        for level in ["{a", "{a(b:[", "{a(b:{c:"] {
            assert!(parse(&level.repeat(500)).is_err(), "{level}");
        }
        let closed = format!("{{ a(b: {}{}) }}", "[".repeat(60), "]".repeat(60));
        assert!(parse(&closed).is_ok(), "as deep as may be");
    }

    #[test]
    fn the_named_operation_counts() {
        let text = "query a { machine(serial: 1) { spec { serial } } } mutation b { setMachineState }";
        let document = parse_query(text).unwrap();
        assert_eq!(asked(&document, Some("a")).unwrap().audience(), Audience::Readers);
        assert_eq!(asked(&document, Some("b")).unwrap().audience(), Audience::Operators);
        assert_eq!(asked(&document, None), None);
    }
}
