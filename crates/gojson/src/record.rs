//! One macro that declares a JSON object as Go's `encoding/json` reads and writes it.

/// Declares a struct with Go's JSON behaviour.
///
/// Each line is `"json-name" field: Type,` or `"json-name" (omitempty) field: Type,`. The struct gets one more public field,
/// `extra`, for members with names it does not know.
///
/// - written: members in the order of declaration, then `extra` as it was read;
/// - read: names in any case (an exact match is not needed), missing members and `null` leave the default, the last of
///   doubled members wins, unknown members go to `extra`.
///
/// Serde's derive with `flatten` would buffer every object and forget the order and the numbers of unknown members.
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$fmeta:meta])* $json:literal $(($opt:ident))? $field:ident : $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
            /// Members with unknown names, kept through a read-modify-write.
            pub extra: $crate::json::Extra,
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( $crate::record!(@write map, $json, $(($opt))? &self.$field); )*
                self.extra.serialize_into(&mut map)?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        const NAMES: &[&str] = &[$($json),*];
                        let mut out = $name::default();
                        while let Some(member) = map.next_key_seed($crate::json::MemberSeed(NAMES))? {
                            match member {
                                $( $crate::json::Member::Known($json) => {
                                    if let Some(value) = map.next_value::<Option<$ty>>()? {
                                        out.$field = value;
                                    }
                                } )*
                                $crate::json::Member::Known(_) => {}
                                $crate::json::Member::Unknown(key) => out.extra.insert(key, map.next_value()?),
                            }
                        }
                        Ok(out)
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }

        impl $crate::json::Strict for $name {
            fn first_unknown(&self) -> Option<String> {
                if let Some(name) = self.extra.first_name() {
                    return Some(name.to_owned());
                }
                $( if let Some(path) = $crate::json::Strict::first_unknown(&self.$field) {
                    return Some($crate::json::join_path($json, &path));
                } )*
                None
            }

            fn forget_unknown(&mut self) {
                self.extra = $crate::json::Extra::default();
                $( $crate::json::Strict::forget_unknown(&mut self.$field); )*
            }
        }
    };
    (@write $map:ident, $json:literal, (omitempty) $value:expr) => {
        if !$crate::json::OmitEmpty::is_go_empty($value) {
            $map.serialize_entry($json, $value)?;
        }
    };
    (@write $map:ident, $json:literal, $value:expr) => {
        $map.serialize_entry($json, $value)?;
    };
}
