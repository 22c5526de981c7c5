//! The methods of `time.Time`, `time.Month`, `time.Weekday` and `time.Duration` that give something to print or compare.

use std::sync::{Arc, LazyLock};

use super::layout::{DAYS, MONTHS};
use super::{Time, duration};
use crate::value::types::MethodBody;
use crate::value::{Method, NamedType, Type, Value};

type Outcome = Result<Value, String>;

fn named(name: &str, methods: Vec<Method>) -> Arc<NamedType> {
    Arc::new(NamedType {
        name: name.to_owned(),
        base: Type::Int,
        methods,
    })
}

fn method(name: &'static str, params: Vec<Type>, call: MethodBody) -> Method {
    Method { name, params, call }
}

fn get(name: &'static str, call: MethodBody) -> Method {
    method(name, Vec::new(), call)
}

/// `time.Month`
pub static MONTH: LazyLock<Arc<NamedType>> = LazyLock::new(|| {
    named(
        "time.Month",
        vec![get("String", |month, _| Ok(name_of(month, 1, &MONTHS, "Month")))],
    )
});

/// `time.Weekday`
pub static WEEKDAY: LazyLock<Arc<NamedType>> = LazyLock::new(|| {
    named(
        "time.Weekday",
        vec![get("String", |day, _| Ok(name_of(day, 0, &DAYS, "Weekday")))],
    )
});

/// `time.Duration`
pub static DURATION: LazyLock<Arc<NamedType>> = LazyLock::new(|| {
    named(
        "time.Duration",
        vec![
            get("String", |d, _| Ok(Value::str(duration::text(nanos(d))))),
            get("Hours", |d, _| Ok(Value::Float(fractional(d, 3_600_000_000_000)))),
            get("Minutes", |d, _| Ok(Value::Float(fractional(d, 60_000_000_000)))),
            get("Seconds", |d, _| Ok(Value::Float(fractional(d, 1_000_000_000)))),
            get("Milliseconds", |d, _| Ok(Value::int64(nanos(d) / 1_000_000))),
            get("Microseconds", |d, _| Ok(Value::int64(nanos(d) / 1_000))),
            get("Nanoseconds", |d, _| Ok(Value::int64(nanos(d)))),
        ],
    )
});

static TIME: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let mut methods = parts();
    methods.extend(instants());
    methods.extend(relations());
    methods
});

/// The methods of `time.Time`.
pub(crate) fn methods() -> &'static [Method] {
    &TIME
}

/// Parts of the date and the clock.
fn parts() -> Vec<Method> {
    vec![
        get("Year", |t, _| Ok(Value::Int(time(t).civil().year))),
        get("Month", |t, _| {
            Ok(Value::named(&MONTH, Value::Int(time(t).civil().month.into())))
        }),
        get("Day", |t, _| Ok(Value::Int(time(t).civil().day.into()))),
        get("Weekday", |t, _| {
            Ok(Value::named(&WEEKDAY, Value::Int(time(t).civil().weekday.into())))
        }),
        get("YearDay", |t, _| Ok(Value::Int(time(t).civil().year_day))),
        get("Hour", |t, _| Ok(Value::Int(time(t).civil().hour.into()))),
        get("Minute", |t, _| Ok(Value::Int(time(t).civil().minute.into()))),
        get("Second", |t, _| Ok(Value::Int(time(t).civil().second.into()))),
        get("Nanosecond", |t, _| Ok(Value::Int(time(t).nanos.into()))),
    ]
}

/// The time as text and as a number.
fn instants() -> Vec<Method> {
    vec![
        method("Format", vec![Type::Str], |t, args| {
            Ok(Value::str(time(t).format(&first(args).as_text())))
        }),
        get("String", |t, _| Ok(Value::str(time(t).to_string()))),
        get("GoString", |t, _| Ok(Value::str(time(t).go_string()))),
        get("Unix", |t, _| Ok(Value::int64(time(t).seconds))),
        get("UnixMilli", |t, _| unix(t, 1_000_000)),
        get("UnixMicro", |t, _| unix(t, 1_000)),
        get("UnixNano", |t, _| unix(t, 1)),
        get("IsZero", |t, _| Ok(Value::Bool(time(t).minus(Time::default()) == 0))),
        get("UTC", |t, _| Ok(Value::Time(Time { offset: 0, ..time(t) }))),
        get("Local", |t, _| Ok(Value::Time(Time { offset: 0, ..time(t) }))),
    ]
}

/// The time against others.
fn relations() -> Vec<Method> {
    vec![
        method("Add", vec![Type::Named(Arc::clone(&DURATION))], |t, args| {
            Ok(Value::Time(time(t).plus(i128::from(nanos(first(args))))))
        }),
        method("AddDate", vec![Type::Int, Type::Int, Type::Int], add_date),
        method("Sub", vec![Type::Time], |t, args| {
            let nanos = time(t).minus(time(first(args))).clamp(i64::MIN.into(), i64::MAX.into());
            Ok(Value::named(
                &DURATION,
                Value::Int(i64::try_from(nanos).unwrap_or(i64::MAX)),
            ))
        }),
        method("Before", vec![Type::Time], |t, args| {
            Ok(Value::Bool(time(t).minus(time(first(args))) < 0))
        }),
        method("After", vec![Type::Time], |t, args| {
            Ok(Value::Bool(time(t).minus(time(first(args))) > 0))
        }),
        method("Equal", vec![Type::Time], |t, args| {
            Ok(Value::Bool(time(t).minus(time(first(args))) == 0))
        }),
        method("Compare", vec![Type::Time], |t, args| {
            let difference = time(t).minus(time(first(args))).signum();
            Ok(Value::Int(i64::try_from(difference).unwrap_or(0)))
        }),
    ]
}

fn add_date(t: &Value, args: &[Value]) -> Outcome {
    let mut numbers = args.iter().map(|arg| arg.as_int().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let (years, months, days) = (next(), next(), next());
    Ok(Value::Time(time(t).add_date(years, months, days)))
}

fn unix(t: &Value, unit: i128) -> Outcome {
    let nanos = time(t).minus(Time::new(0, 0, 0)).div_euclid(unit);
    i64::try_from(nanos)
        .map(Value::int64)
        .map_err(|_| "the time does not fit 64 bits".into())
}

fn first(args: &[Value]) -> &Value {
    args.first().unwrap_or(&Value::Nil)
}

fn time(value: &Value) -> Time {
    match value {
        Value::Time(time) => *time,
        _ => Time::default(),
    }
}

fn nanos(value: &Value) -> i64 {
    value.as_int().unwrap_or(0)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "Go's Hours, Minutes and Seconds are floats too"
)]
fn fractional(value: &Value, unit: i64) -> f64 {
    let nanos = nanos(value);
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

fn name_of(value: &Value, from: i64, names: &[&str], kind: &str) -> Value {
    let number = nanos(value);
    let name = usize::try_from(number - from).ok().and_then(|at| names.get(at));
    Value::str(name.map_or_else(|| format!("%!{kind}({number})"), |name| (*name).to_owned()))
}
