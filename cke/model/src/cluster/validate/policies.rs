//! Rules of the policies for reboots and repairs.

use super::{Invalid, kube_names};
use crate::cluster::{Reboot, Repair};
use crate::kubernetes::{LabelRequirement, LabelSelector};

pub(super) fn check_reboot(reboot: &Reboot) -> Result<(), Invalid> {
    positive("reboot.eviction_timeout_seconds", reboot.eviction_timeout_seconds)?;
    not_negative("reboot.command_timeout_seconds", reboot.command_timeout_seconds)?;
    not_negative("reboot.command_retries", reboot.command_retries)?;
    not_negative("reboot.command_interval", reboot.command_interval)?;
    not_negative("reboot.evict_retries", reboot.evict_retries)?;
    not_negative("reboot.evict_interval", reboot.evict_interval)?;
    positive("reboot.max_concurrent_reboots", reboot.max_concurrent_reboots)?;
    selector("reboot.protected_namespaces", reboot.protected_namespaces.as_ref())?;
    selector("reboot.protected_job_pods", reboot.protected_job_pods.as_ref())
}

pub(super) fn check_repair(repair: &Repair) -> Result<(), Invalid> {
    positive("repair.max_concurrent_repairs", repair.max_concurrent_repairs)?;
    not_negative("repair.evict_retries", repair.evict_retries)?;
    not_negative("repair.evict_interval", repair.evict_interval)?;
    positive("repair.eviction_timeout_seconds", repair.eviction_timeout_seconds)?;
    selector("repair.protected_namespaces", repair.protected_namespaces.as_ref())?;
    selector("repair.protected_job_pods", repair.protected_job_pods.as_ref())
}

fn positive(place: &str, value: Option<i64>) -> Result<(), Invalid> {
    match value {
        Some(value) if value <= 0 => Err(Invalid::new(place, format!("must be positive, not {value}"))),
        _ => Ok(()),
    }
}

fn not_negative(place: &str, value: Option<i64>) -> Result<(), Invalid> {
    match value {
        Some(value) if value < 0 => Err(Invalid::new(place, format!("must not be negative, as {value} is"))),
        _ => Ok(()),
    }
}

fn selector(place: &str, selector: Option<&LabelSelector>) -> Result<(), Invalid> {
    let Some(selector) = selector else { return Ok(()) };
    for (name, value) in &selector.match_labels {
        let place = format!("{place}.matchLabels");
        kube_names::qualified_name(name).map_err(|problem| Invalid::new(&place, problem))?;
        kube_names::label_value(value).map_err(|problem| Invalid::new(format!("{place}.{name}"), problem))?;
    }
    for (at, requirement) in selector.match_expressions.iter().enumerate() {
        let place = format!("{place}.matchExpressions[{at}]");
        requirement_holds(requirement).map_err(|problem| Invalid::new(place, problem))?;
    }
    Ok(())
}

fn requirement_holds(requirement: &LabelRequirement) -> Result<(), String> {
    kube_names::qualified_name(&requirement.key)?;
    match (requirement.operator.as_str(), requirement.values.is_empty()) {
        ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => {}
        (operator @ ("In" | "NotIn"), true) => return Err(format!("operator {operator} needs values")),
        (operator @ ("Exists" | "DoesNotExist"), false) => return Err(format!("operator {operator} takes no values")),
        (operator, _) => return Err(format!("{operator:?} is none of In, NotIn, Exists, DoesNotExist")),
    }
    requirement
        .values
        .iter()
        .try_for_each(|value| kube_names::label_value(value))
}
