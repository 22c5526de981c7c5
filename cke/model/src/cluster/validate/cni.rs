//! Rules of the file for `/etc/cni/net.d`: what libcni takes.

use super::Invalid;
use crate::cluster::CniConfFile;
use serde_json::Value;

pub(super) fn check(file: &CniConfFile) -> Result<(), Invalid> {
    const NAME: &str = "options.kubelet.cni_conf_file.name";
    if file.name.is_empty() {
        let problem = "should not be empty when content is not empty";
        return if file.content.is_empty() {
            Ok(())
        } else {
            Err(Invalid::new(NAME, problem))
        };
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !file.name.chars().all(allowed) {
        return Err(Invalid::new(NAME, format!("{:?} is invalid as file name", file.name)));
    }
    let is_list = file.name.ends_with(".conflist");
    content(&file.content, is_list).map_err(|problem| Invalid::new("options.kubelet.cni_conf_file.content", problem))
}

fn content(text: &str, is_list: bool) -> Result<(), String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    if !json.is_object() {
        return Err("not a JSON object".to_owned());
    }
    if is_list { list(&json) } else { plugin(&json) }
}

fn plugin(json: &Value) -> Result<(), String> {
    match json.get("type") {
        Some(Value::String(name)) if !name.is_empty() => Ok(()),
        None | Some(Value::Null | Value::String(_)) => Err("missing \"type\"".to_owned()),
        Some(_) => Err("\"type\" is not a text".to_owned()),
    }
}

fn list(json: &Value) -> Result<(), String> {
    if !json.get("name").is_some_and(Value::is_string) {
        return Err("\"name\" is missing or not a text".to_owned());
    }
    if json.get("cniVersion").is_some_and(|version| !version.is_string()) {
        return Err("\"cniVersion\" is not a text".to_owned());
    }
    // A list may leave its plugins to files beside it.
    let inlined_only = json
        .get("loadOnlyInlinedPlugins")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let plugins = match json.get("plugins") {
        Some(Value::Array(plugins)) => plugins.as_slice(),
        Some(_) => return Err("\"plugins\" is not a list".to_owned()),
        None => &[],
    };
    if plugins.is_empty() && (inlined_only || json.get("loadOnlyInlinedPlugins").is_none()) {
        return Err("\"plugins\" is missing or empty".to_owned());
    }
    let named = |(at, json)| plugin(json).map_err(|problem| format!("plugins[{at}]: {problem}"));
    plugins.iter().enumerate().try_for_each(named)
}
