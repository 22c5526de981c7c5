//! The fields of the configuration files that CKE writes: facts of Kubernetes' API, taken from its published types.
//!
//! They are needed because a file that Go wrote holds every field, with its zero value where nobody set it, and a file that
//! an operator thinks of holds a few. Which zero values mean "not set" depends on the field's type.

pub mod kubelet;
pub mod proxy;
pub mod scheduler;

use super::shape::Fields;
use super::shape::Shape::{Bool, Int, List, Nanoseconds, Number, Object, Quantity, Text};

const LOG_OPTIONS: Fields = &[("infoBufferSize", Quantity), ("splitStream", Bool)];

const LOGGING_OPTIONS: Fields = &[("json", Object(LOG_OPTIONS)), ("text", Object(LOG_OPTIONS))];

const LOGGING_VMODULE: Fields = &[("filePattern", Text), ("verbosity", Int)];

pub(super) const LOGGING: Fields = &[
    ("flushFrequency", Nanoseconds),
    ("format", Text),
    ("options", Object(LOGGING_OPTIONS)),
    ("verbosity", Int),
    ("vmodule", List(&Object(LOGGING_VMODULE))),
];

pub(super) const CLIENT_CONNECTION: Fields = &[
    ("acceptContentTypes", Text),
    ("burst", Int),
    ("contentType", Text),
    ("kubeconfig", Text),
    ("qps", Number),
];
