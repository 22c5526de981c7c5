//! Looking for members that an API input should not have, and Go's `omitempty`.

use super::{RawJson, StringInt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values that can say whether unknown members were read anywhere inside them.
pub trait Strict {
    /// Path of the first unknown member, like `bmc.foo`.
    fn first_unknown(&self) -> Option<String>;

    /// Drops all unknown members.
    fn forget_unknown(&mut self) {}
}

/// `parent` and `child` as one path; an index needs no dot.
#[must_use]
pub fn join_path(parent: &str, child: &str) -> String {
    if child.starts_with('[') {
        format!("{parent}{child}")
    } else {
        format!("{parent}.{child}")
    }
}

/// Implements [`Strict`] for types that hold no members of their own.
#[macro_export]
macro_rules! leaves {
    ($($ty:ty),* $(,)?) => { $( impl $crate::json::Strict for $ty {
        fn first_unknown(&self) -> Option<String> {
            None
        }
    } )* };
}

leaves!(
    String,
    bool,
    u64,
    i64,
    f64,
    RawJson,
    StringInt,
    serde_json::Map<String, serde_json::Value>,
    crate::time::GoTime,
    serde_json::Value,
);

impl<T: Strict> Strict for Option<T> {
    fn first_unknown(&self) -> Option<String> {
        self.as_ref()?.first_unknown()
    }

    fn forget_unknown(&mut self) {
        self.iter_mut().for_each(T::forget_unknown);
    }
}

impl<T: Strict> Strict for Arc<T> {
    fn first_unknown(&self) -> Option<String> {
        (**self).first_unknown()
    }
}

impl<T: Strict> Strict for Vec<T> {
    fn first_unknown(&self) -> Option<String> {
        self.iter()
            .enumerate()
            .find_map(|(i, item)| item.first_unknown().map(|p| join_path(&format!("[{i}]"), &p)))
    }
    fn forget_unknown(&mut self) {
        self.iter_mut().for_each(T::forget_unknown);
    }
}

impl<T: Strict> Strict for BTreeMap<String, T> {
    fn first_unknown(&self) -> Option<String> {
        self.iter()
            .find_map(|(key, item)| item.first_unknown().map(|p| join_path(key, &p)))
    }
    fn forget_unknown(&mut self) {
        self.values_mut().for_each(T::forget_unknown);
    }
}

/// Values that Go's `omitempty` leaves out.
pub trait OmitEmpty {
    /// Whether Go leaves this value out.
    fn is_go_empty(&self) -> bool;
}

impl OmitEmpty for String {
    fn is_go_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T> OmitEmpty for Vec<T> {
    fn is_go_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> OmitEmpty for BTreeMap<K, V> {
    fn is_go_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T> OmitEmpty for Option<T> {
    fn is_go_empty(&self) -> bool {
        self.is_none()
    }
}

impl OmitEmpty for bool {
    fn is_go_empty(&self) -> bool {
        !self
    }
}

impl OmitEmpty for i64 {
    fn is_go_empty(&self) -> bool {
        *self == 0
    }
}
