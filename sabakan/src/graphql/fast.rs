//! Lists of machines, resolved without a future for each field.
//!
//! The generic executor makes a boxed future of every field of every machine, which for ten thousand machines costs more
//! than all the rest of a search. A machine is in memory, so its fields can be written down directly. A selection with
//! directives or fragments is left to the generic executor; the answer is the same.

use super::types::{IpAddress, MachineObject, State};
use async_graphql::context::ContextSelectionSet;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{InputType as _, Name, OutputType, Positioned, ServerResult, Value};
use sabakan_model::{Bmc, BmcInfo, MachineInfo, MachineSpec, NetworkInfo, NicConfig};
use std::borrow::Cow;

/// Machines of an answer.
#[derive(Debug, Clone)]
pub(super) struct MachineList(pub(super) Vec<MachineObject>);

impl OutputType for MachineList {
    fn type_name() -> Cow<'static, str> {
        <Vec<MachineObject> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<MachineObject> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<MachineObject> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let written = plan(&ctx.item.node).and_then(|nodes| write_all(&self.0, &nodes));
        match written {
            Some(list) => Ok(list),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// A field that is asked for.
struct Node {
    /// Its name in the answer.
    name: Name,
    field: String,
    children: Vec<Node>,
}

/// The fields of a selection; `None` where it holds more than plain fields.
fn plan(set: &SelectionSet) -> Option<Vec<Node>> {
    let mut nodes: Vec<Node> = Vec::with_capacity(set.items.len());
    for item in &set.items {
        let Selection::Field(field) = &item.node else {
            return None;
        };
        let field = &field.node;
        let name = field.response_key().node.clone();
        // A name that stands twice asks for two selections to be merged.
        if !field.directives.is_empty() || nodes.iter().any(|node| node.name == name) {
            return None;
        }
        let children = plan(&field.selection_set.node)?;
        nodes.push(Node {
            name,
            field: field.name.node.to_string(),
            children,
        });
    }
    Some(nodes)
}

fn write_all(machines: &[MachineObject], nodes: &[Node]) -> Option<Value> {
    let list: Option<Vec<Value>> = machines.iter().map(|m| object(m, nodes, "Machine", machine)).collect();
    list.map(Value::List)
}

/// Writes an object's fields by `write`, which gives `None` for a field that it does not know.
fn object<T>(of: &T, nodes: &[Node], kind: &'static str, write: fn(&T, &Node) -> Option<Value>) -> Option<Value> {
    let mut map = IndexMap::with_capacity(nodes.len());
    for node in nodes {
        let value = if node.field == "__typename" {
            Value::from(kind)
        } else {
            write(of, node)?
        };
        map.insert(node.name.clone(), value);
    }
    Some(Value::Object(map))
}

fn machine(of: &MachineObject, node: &Node) -> Option<Value> {
    match node.field.as_str() {
        "spec" => object(&of.machine().spec, &node.children, "MachineSpec", spec),
        "status" => object(of, &node.children, "MachineStatus", status),
        "info" => object(&of.machine().info, &node.children, "MachineInfo", info),
        _ => None,
    }
}

fn spec(of: &MachineSpec, node: &Node) -> Option<Value> {
    Some(match node.field.as_str() {
        "serial" => Value::from(of.serial.as_str()),
        "labels" => return labels(of, node),
        "rack" => Value::from(of.rack),
        "indexInRack" => Value::from(of.index_in_rack),
        "role" => Value::from(of.role.as_str()),
        "ipv4" => Value::List(of.ipv4.iter().flatten().map(|ip| address(ip)).collect()),
        "registerDate" => Value::from(of.register_date.to_string()),
        "retireDate" => Value::from(of.retire_date.to_string()),
        "bmc" => return object(&of.bmc, &node.children, "BMC", bmc),
        _ => return None,
    })
}

fn labels(of: &MachineSpec, node: &Node) -> Option<Value> {
    let Some(labels) = of.labels.as_ref().filter(|labels| !labels.is_empty()) else {
        return Some(Value::Null);
    };
    let list: Option<Vec<Value>> = labels
        .iter()
        .map(|pair| object(&pair, &node.children, "Label", label))
        .collect();
    list.map(Value::List)
}

fn label(of: &(&String, &String), node: &Node) -> Option<Value> {
    match node.field.as_str() {
        "name" => Some(Value::from(of.0.as_str())),
        "value" => Some(Value::from(of.1.as_str())),
        _ => None,
    }
}

fn bmc(of: &Bmc, node: &Node) -> Option<Value> {
    match node.field.as_str() {
        "bmcType" => Some(Value::from(of.bmc_type.as_str())),
        "ipv4" => Some(address(&of.ipv4)),
        _ => None,
    }
}

fn status(of: &MachineObject, node: &Node) -> Option<Value> {
    let status = &of.machine().status;
    Some(match node.field.as_str() {
        "state" => State::from(status.state).to_value(),
        "timestamp" => Value::from(status.timestamp.to_string()),
        "duration" => Value::from(status.timestamp.seconds_until(of.now)),
        _ => return None,
    })
}

fn info(of: &MachineInfo, node: &Node) -> Option<Value> {
    match node.field.as_str() {
        "network" => object(&of.network, &node.children, "NetworkInfo", network),
        "bmc" => object(&of.bmc, &node.children, "BMCInfo", bmc_info),
        _ => None,
    }
}

fn network(of: &NetworkInfo, node: &Node) -> Option<Value> {
    if node.field != "ipv4" {
        return None;
    }
    let nics = of.ipv4.iter().flatten();
    let list: Option<Vec<Value>> = nics.map(|one| object(one, &node.children, "NICConfig", nic)).collect();
    list.map(Value::List)
}

fn bmc_info(of: &BmcInfo, node: &Node) -> Option<Value> {
    (node.field == "ipv4").then(|| object(&of.ipv4, &node.children, "NICConfig", nic))?
}

fn nic(of: &NicConfig, node: &Node) -> Option<Value> {
    Some(match node.field.as_str() {
        "address" => address(&of.address),
        "netmask" => address(&of.netmask),
        "maskbits" => Value::from(of.maskbits),
        "gateway" => address(&of.gateway),
        _ => return None,
    })
}

fn address(text: &str) -> Value {
    Value::from(IpAddress::shown(text))
}
