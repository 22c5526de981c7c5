//! Selectors of labels, matched here rather than by the API server.

use cke_model::kubernetes::{LabelRequirement, LabelSelector};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Why a selector cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// An operator that Kubernetes does not have.
    #[error("the operator {operator:?} on the label {key:?} is none of In, NotIn, Exists, DoesNotExist")]
    Operator {
        /// The label.
        key: String,
        /// As given.
        operator: String,
    },
    /// `In` or `NotIn` without values.
    #[error("{operator} on the label {key:?} wants values")]
    NoValues {
        /// The label.
        key: String,
        /// The operator.
        operator: String,
    },
    /// `Exists` or `DoesNotExist` with values.
    #[error("{operator} on the label {key:?} takes no values")]
    Values {
        /// The label.
        key: String,
        /// The operator.
        operator: String,
    },
}

/// A selector that was checked. One without conditions matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    conditions: Vec<(String, Condition)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

impl Selector {
    /// Checks a selector; a missing one matches everything, as CKE's documents say of each that it has.
    ///
    /// # Errors
    /// Where a condition is none of Kubernetes'.
    pub fn new(selector: Option<&LabelSelector>) -> Result<Selector, SelectorError> {
        let Some(selector) = selector else {
            return Ok(Selector::default());
        };
        let mut conditions = Vec::new();
        for (key, value) in &selector.match_labels {
            conditions.push((key.clone(), Condition::In(vec![value.clone()])));
        }
        for requirement in &selector.match_expressions {
            conditions.push((requirement.key.clone(), Condition::of(requirement)?));
        }
        Ok(Selector { conditions })
    }

    /// Whether it matches whatever the labels are.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether all of its conditions hold.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.conditions
            .iter()
            .all(|(key, condition)| condition.holds(labels.get(key)))
    }
}

impl Condition {
    fn of(requirement: &LabelRequirement) -> Result<Condition, SelectorError> {
        let (key, operator) = (requirement.key.clone(), requirement.operator.clone());
        let values = requirement.values.clone();
        match (operator.as_str(), values.is_empty()) {
            ("In", false) => Ok(Condition::In(values)),
            ("NotIn", false) => Ok(Condition::NotIn(values)),
            ("Exists", true) => Ok(Condition::Exists),
            ("DoesNotExist", true) => Ok(Condition::Missing),
            ("In" | "NotIn", true) => Err(SelectorError::NoValues { key, operator }),
            ("Exists" | "DoesNotExist", false) => Err(SelectorError::Values { key, operator }),
            _ => Err(SelectorError::Operator { key, operator }),
        }
    }

    /// `NotIn` holds where the label is missing, as in Kubernetes.
    fn holds(&self, value: Option<&String>) -> bool {
        match self {
            Condition::In(values) => value.is_some_and(|v| values.contains(v)),
            Condition::NotIn(values) => value.is_none_or(|v| !values.contains(v)),
            Condition::Exists => value.is_some(),
            Condition::Missing => value.is_none(),
        }
    }
}
