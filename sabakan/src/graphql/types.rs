//! The types of the schema, names and nullability to the letter as clients in the field have them.

use async_graphql::{Enum, ID, InputObject, Object, Scalar, ScalarType, SimpleObject, Value};
use async_graphql::{InputValueError, InputValueResult};
use jiff::Timestamp;
use sabakan_model::{Bmc, GoTime, Machine, MachineSpec, MachineStatus, NicConfig};
use sabakan_storage::MachineEntry;
use std::sync::Arc;

/// MachineState enumerates machine states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "MachineState", remote = "sabakan_model::MachineState")]
pub enum State {
    /// Registered and not yet prepared.
    Uninitialized,
    /// Can run applications.
    Healthy,
    /// Has a problem to be repaired.
    Unhealthy,
    /// Cannot be reached.
    Unreachable,
    /// Being updated.
    Updating,
    /// To be retired or repaired.
    Retiring,
    /// Has no disk keys.
    Retired,
}

/// IPAddress represents an IPv4 or IPv6 address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpAddress(pub String);

#[Scalar(name = "IPAddress")]
impl ScalarType for IpAddress {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) if text.parse::<std::net::IpAddr>().is_ok() => Ok(Self(text.clone())),
            _ => Err(InputValueError::custom(format_args!("invalid IPAddress: {value}"))),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(Self::shown(&self.0).to_owned())
    }
}

impl IpAddress {
    /// The address; what is none shows as Go's nil address does, since the schema has no null here.
    #[must_use]
    pub fn shown(text: &str) -> &str {
        if text.parse::<std::net::IpAddr>().is_ok() {
            text
        } else {
            "<nil>"
        }
    }
}

/// DateTime represents a date and time value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub GoTime);

#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        GoTime::parse_strict(text).map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Label represents an arbitrary key-value pairs.
#[derive(Debug, Clone, SimpleObject)]
pub struct Label {
    name: String,
    value: String,
}

/// LabelInput represents a label to search machines.
#[derive(Debug, Clone, InputObject)]
pub struct LabelInput {
    /// The label's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// MachineParams is a set of input parameters to search machines.
#[derive(Debug, Clone, Default, InputObject)]
pub struct MachineParams {
    /// Labels, all of which are wanted; of `notHaving` one is enough.
    #[graphql(default)]
    pub labels: Option<Vec<LabelInput>>,
    /// Rack numbers.
    #[graphql(default)]
    pub racks: Option<Vec<i64>>,
    /// Roles.
    #[graphql(default)]
    pub roles: Option<Vec<String>>,
    /// States.
    #[graphql(default)]
    pub states: Option<Vec<State>>,
    /// Whole days until the retire date, at least.
    #[graphql(default)]
    pub min_days_before_retire: Option<i64>,
}

/// A machine of an answer, with the time at which the answer is made.
#[derive(Debug, Clone)]
pub struct MachineObject {
    /// The machine, shared with the index.
    pub entry: Arc<MachineEntry>,
    /// The time of the answer.
    pub now: Timestamp,
}

impl MachineObject {
    pub(super) fn machine(&self) -> &Machine {
        &self.entry.machine
    }
}

/// Machine represents a physical server in a datacenter rack.
#[Object(name = "Machine")]
impl MachineObject {
    async fn spec(&self) -> SpecObject<'_> {
        SpecObject(&self.machine().spec)
    }

    async fn status(&self) -> StatusOfMachine {
        StatusOfMachine(self.clone())
    }

    async fn info(&self) -> InfoObject<'_> {
        InfoObject(self.machine())
    }
}

/// The specification of a machine.
pub struct SpecObject<'a>(&'a MachineSpec);

/// MachineSpec represents specifications of a machine.
#[Object(name = "MachineSpec")]
impl SpecObject<'_> {
    async fn serial(&self) -> ID {
        ID(self.0.serial.clone())
    }

    async fn labels(&self) -> Option<Vec<Label>> {
        let labels = self.0.labels.as_ref().filter(|labels| !labels.is_empty())?;
        let label = |(name, value): (&String, &String)| Label {
            name: name.clone(),
            value: value.clone(),
        };
        Some(labels.iter().map(label).collect())
    }

    async fn rack(&self) -> u64 {
        self.0.rack
    }

    async fn index_in_rack(&self) -> u64 {
        self.0.index_in_rack
    }

    async fn role(&self) -> &str {
        &self.0.role
    }

    async fn ipv4(&self) -> Vec<IpAddress> {
        self.0.ipv4.iter().flatten().cloned().map(IpAddress).collect()
    }

    async fn register_date(&self) -> DateTime {
        DateTime(self.0.register_date)
    }

    async fn retire_date(&self) -> DateTime {
        DateTime(self.0.retire_date)
    }

    async fn bmc(&self) -> BmcObject<'_> {
        BmcObject(&self.0.bmc)
    }
}

/// The board management controller of a machine.
pub struct BmcObject<'a>(&'a Bmc);

/// BMC represents a Baseboard Management Controller.
#[Object(name = "BMC")]
impl BmcObject<'_> {
    async fn bmc_type(&self) -> &str {
        &self.0.bmc_type
    }

    async fn ipv4(&self) -> IpAddress {
        IpAddress(self.0.ipv4.clone())
    }
}

/// The state of a machine at a time.
pub struct StatusOfMachine(pub MachineObject);

impl StatusOfMachine {
    fn status(&self) -> &MachineStatus {
        &self.0.machine().status
    }
}

/// MachineStatus represents status of a Machine.
#[Object(name = "MachineStatus")]
impl StatusOfMachine {
    async fn state(&self) -> State {
        self.status().state.into()
    }

    async fn timestamp(&self) -> DateTime {
        DateTime(self.status().timestamp)
    }

    async fn duration(&self) -> f64 {
        self.status().timestamp.seconds_until(self.0.now)
    }
}

/// What follows from a machine's place.
pub struct InfoObject<'a>(&'a Machine);

/// MachineInfo represents miscellaneous information for Machine.
#[Object(name = "MachineInfo")]
impl InfoObject<'_> {
    async fn network(&self) -> NetworkObject<'_> {
        NetworkObject(self.0)
    }

    async fn bmc(&self) -> BmcInfoObject<'_> {
        BmcInfoObject(self.0)
    }
}

/// The interfaces of a machine.
pub struct NetworkObject<'a>(&'a Machine);

/// NetworkInfo represents NIC configuration information.
#[Object(name = "NetworkInfo")]
impl NetworkObject<'_> {
    async fn ipv4(&self) -> Vec<NicObject<'_>> {
        self.0.info.network.ipv4.iter().flatten().map(NicObject).collect()
    }
}

/// The interface of a machine's controller.
pub struct BmcInfoObject<'a>(&'a Machine);

/// BMCInfo represents BMC NIC configuration information.
#[Object(name = "BMCInfo")]
impl BmcInfoObject<'_> {
    async fn ipv4(&self) -> NicObject<'_> {
        NicObject(&self.0.info.bmc.ipv4)
    }
}

/// One interface.
pub struct NicObject<'a>(&'a NicConfig);

/// NICConfig represents NIC configuration.
#[Object(name = "NICConfig")]
impl NicObject<'_> {
    async fn address(&self) -> IpAddress {
        IpAddress(self.0.address.clone())
    }

    async fn netmask(&self) -> IpAddress {
        IpAddress(self.0.netmask.clone())
    }

    async fn maskbits(&self) -> i64 {
        self.0.maskbits
    }

    async fn gateway(&self) -> IpAddress {
        IpAddress(self.0.gateway.clone())
    }
}
