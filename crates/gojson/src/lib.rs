//! JSON and time as Go's standard library writes and reads them, for values that programs in both languages store and show.
//!
//! Three promises, for every type declared with [`record!`]:
//! - its JSON is byte for byte what `encoding/json` writes for the same data ([`to_go_json`]);
//! - members that this version does not know survive a read-modify-write ([`Extra`]);
//! - bad input is refused with the place in it, and never panics.

pub mod json;
mod record;
pub mod time;

pub use json::{
    Extra, JsonError, RawJson, Strict, StringInt, decode_api, decode_stored, to_go_json, to_go_json_pretty,
    to_go_string,
};
pub use time::GoTime;
