//! A machine as templates see it: `.Spec.Serial`, `.Info.Network.IPv4`, `.Spec.RetireDate.Format`, `.Status.State`.

use std::sync::{Arc, LazyLock};

use gotemplate::{FieldType, Map, Method, NamedType, Struct, StructType, Time, Type, Value};
use sabakan_model::{Bmc, GoTime, Machine, MachineInfo, MachineSpec, MachineStatus, NicConfig};

fn structure(name: &str, fields: Vec<(&str, &str, Type)>) -> Arc<StructType> {
    let fields = fields.into_iter().map(|(name, json, ty)| FieldType {
        name: name.to_owned(),
        json: json.to_owned(),
        ty,
    });
    Arc::new(StructType {
        name: name.to_owned(),
        fields: fields.collect(),
        methods: Vec::new(),
    })
}

fn strings() -> Type {
    Type::List(Arc::new(Type::Str))
}

fn of(ty: &LazyLock<Arc<StructType>>) -> Type {
    Type::Struct(Arc::clone(ty))
}

/// A state is always one of the known ones here, so `IsValid` is true.
static STATE: LazyLock<Arc<NamedType>> = LazyLock::new(|| {
    let method = |name, call| Method {
        name,
        params: Vec::new(),
        call,
    };
    Arc::new(NamedType {
        name: "sabakan.MachineState".to_owned(),
        base: Type::Str,
        methods: vec![
            method("String", |state, _| Ok(Value::str(state.as_text()))),
            method("IsValid", |_, _| Ok(Value::Bool(true))),
            method("GQLEnum", |state, _| Ok(Value::str(state.as_text().to_uppercase()))),
        ],
    })
});

static BMC: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.MachineBMC",
        vec![
            ("IPv4", "ipv4", Type::Str),
            ("IPv6", "ipv6", Type::Str),
            ("Type", "type", Type::Str),
        ],
    )
});

static SPEC: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.MachineSpec",
        vec![
            ("Serial", "serial", Type::Str),
            ("Labels", "labels", Type::Map(Arc::new(Type::Str))),
            ("Rack", "rack", Type::Uint),
            ("IndexInRack", "index-in-rack", Type::Uint),
            ("Role", "role", Type::Str),
            ("IPv4", "ipv4", strings()),
            ("IPv6", "ipv6", strings()),
            ("RegisterDate", "register-date", Type::Time),
            ("RetireDate", "retire-date", Type::Time),
            ("BMC", "bmc", of(&BMC)),
        ],
    )
});

static STATUS: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.MachineStatus",
        vec![
            ("Timestamp", "timestamp", Type::Time),
            ("Duration", "duration", Type::Float),
            ("State", "state", Type::Named(Arc::clone(&STATE))),
        ],
    )
});

static NIC: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.NICConfig",
        vec![
            ("Address", "address", Type::Str),
            ("Netmask", "netmask", Type::Str),
            ("MaskBits", "maskbits", Type::Int),
            ("Gateway", "gateway", Type::Str),
        ],
    )
});

static NETWORK: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.NetworkInfo",
        vec![("IPv4", "ipv4", Type::List(Arc::new(of(&NIC))))],
    )
});

static BMC_INFO: LazyLock<Arc<StructType>> =
    LazyLock::new(|| structure("sabakan.BMCInfo", vec![("IPv4", "ipv4", of(&NIC))]));

static INFO: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    structure(
        "sabakan.MachineInfo",
        vec![("Network", "network", of(&NETWORK)), ("BMC", "bmc", of(&BMC_INFO))],
    )
});

/// Templates get a pointer: `printf "%v" .` shows it.
static MACHINE: LazyLock<Arc<StructType>> = LazyLock::new(|| {
    let fields = vec![
        ("Spec", "spec", of(&SPEC)),
        ("Status", "status", of(&STATUS)),
        ("Info", "info", of(&INFO)),
    ];
    structure("*sabakan.Machine", fields)
});

fn make(ty: &Arc<StructType>, fields: Vec<Value>) -> Value {
    Value::Struct(Arc::new(Struct {
        ty: Arc::clone(ty),
        fields,
    }))
}

/// The machine as `.` of a template, with the types that Go's sabakan has.
pub fn machine_value(machine: &Machine) -> Value {
    make(
        &MACHINE,
        vec![spec(&machine.spec), status(&machine.status), info(&machine.info)],
    )
}

fn spec(spec: &MachineSpec) -> Value {
    let labels = spec
        .labels
        .as_ref()
        .map(|labels| labels.iter().map(|(k, v)| (k.clone(), Value::str(v))).collect());
    make(
        &SPEC,
        vec![
            Value::str(&spec.serial),
            Value::Map(Arc::new(Map {
                element: Type::Str,
                entries: labels,
            })),
            Value::Uint(spec.rack),
            Value::Uint(spec.index_in_rack),
            Value::str(&spec.role),
            addresses(spec.ipv4.as_deref()),
            addresses(spec.ipv6.as_deref()),
            time(spec.register_date),
            time(spec.retire_date),
            bmc(&spec.bmc),
        ],
    )
}

fn addresses(list: Option<&[String]>) -> Value {
    list.map_or_else(|| strings().zero(), Value::strings)
}

fn bmc(bmc: &Bmc) -> Value {
    make(
        &BMC,
        vec![Value::str(&bmc.ipv4), Value::str(&bmc.ipv6), Value::str(&bmc.bmc_type)],
    )
}

fn status(status: &MachineStatus) -> Value {
    let state = Value::named(&STATE, Value::str(status.state.as_str()));
    make(
        &STATUS,
        vec![time(status.timestamp), Value::Float(status.duration), state],
    )
}

fn info(info: &MachineInfo) -> Value {
    let nics = match &info.network.ipv4 {
        Some(nics) => Value::list(of(&NIC), nics.iter().map(nic).collect()),
        None => Type::List(Arc::new(of(&NIC))).zero(),
    };
    make(
        &INFO,
        vec![make(&NETWORK, vec![nics]), make(&BMC_INFO, vec![nic(&info.bmc.ipv4)])],
    )
}

fn nic(nic: &NicConfig) -> Value {
    make(
        &NIC,
        vec![
            Value::str(&nic.address),
            Value::str(&nic.netmask),
            Value::Int(nic.maskbits),
            Value::str(&nic.gateway),
        ],
    )
}

fn time(time: GoTime) -> Value {
    let instant = time.instant();
    // An instant before 1970 has a negative fraction here, and a positive one in Go.
    let nanos = instant.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    let fraction = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default();
    Value::Time(Time::new(seconds, fraction, time.offset_minutes() * 60))
}
