//! Go's `text/template`, as operators write it, for values that Rust gives.
//!
//! Ignition templates (and later CKE's resources) are written in Go's template language by people who know it from Go: its
//! printing rules, its `printf`, its `<no value>` and its methods of values are part of what they rely on. This crate is an
//! engine of that language, so that a template renders the same text here as there.
//!
//! What it promises:
//! - the same text as Go for the same value, byte for byte; sources and outputs are bytes, since a template may be any file;
//! - an error names template, line, column and the action, see [`Error`];
//! - bad input never panics, and a template cannot use unbounded stack, memory or time, see [`Limits`];
//! - it is pure: no file, socket, clock or thread is touched. What a template may call is what [`Functions`] holds.
//!
//! What it is not: `html/template`; no escaping by context is done. Values are those of [`Value`]: no pointers, channels or
//! maps with keys other than strings. Delimiters are always `{{` and `}}`.
//!
//! ```
//! use gotemplate::{Functions, Limits, Template, Type, Value};
//!
//! let mut functions = Functions::new();
//! functions.add("Host", vec![], |_| Ok(Value::str("boot-0")));
//! functions.add("Shout", vec![Type::Str], |args| Ok(Value::str(args[0].as_text().to_uppercase())));
//!
//! let template = Template::parse("motd", b"{{ Host }}: {{ range . }}{{ Shout . }} {{ end }}", &functions)?;
//! let names = Value::strings(["one", "two"]);
//! assert_eq!(template.render(&names, &functions, &Limits::default())?, b"boot-0: ONE TWO ");
//! # Ok::<(), gotemplate::Error>(())
//! ```

mod ast;
mod buf;
mod error;
mod exec;
mod format;
mod funcs;
mod json;
mod lex;
mod parse;
mod template;
mod time;
mod utf8;
mod value;

pub use error::{Error, Place};
pub use funcs::{Function, Functions};
pub use template::{Limits, Template};
pub use time::{DURATION, MONTH, Time, WEEKDAY};
pub use value::{FieldType, List, Map, Method, Named, NamedType, Struct, StructType, Type, Value};
