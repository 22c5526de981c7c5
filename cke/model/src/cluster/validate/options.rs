//! Rules of the components' options.

use super::{Invalid, cni, kube_names, nodes};
use crate::cluster::{ApiServerParams, KubeletParams, Options, ProxyParams, TrustedRestMapping};
use crate::service::Mount;
use crate::yaml;
use serde_json::Value;
use std::collections::BTreeSet;

/// The modes of kube-proxy; the original knows no `nftables`.
const PROXY_MODES: [&str; 4] = ["userspace", "iptables", "ipvs", "nftables"];

pub(super) fn check(options: &Options) -> Result<(), Invalid> {
    check_binds("etcd", options.etcd.extra_binds.as_deref())?;
    check_binds("kube-api", options.kube_api.extra_binds.as_deref())?;
    let controller_manager = &options.kube_controller_manager;
    check_binds("kube-controller-manager", controller_manager.extra_binds.as_deref())?;
    check_binds("kube-scheduler", options.kube_scheduler.extra_binds.as_deref())?;
    check_binds("kube-proxy", options.kube_proxy.extra_binds.as_deref())?;
    check_binds("kubelet", options.kubelet.extra_binds.as_deref())?;
    check_volume_name(&options.etcd.volume_name)?;
    check_kubelet(&options.kubelet)?;
    check_api_server(&options.kube_api)?;
    let scheduler = options.kube_scheduler.config.as_ref();
    check_kind(
        scheduler,
        "kube-scheduler",
        "kubescheduler.config.k8s.io/v1",
        "KubeSchedulerConfiguration",
    )?;
    check_proxy(&options.kube_proxy)
}

fn check_binds(component: &str, binds: Option<&[Mount]>) -> Result<(), Invalid> {
    for (at, bind) in binds.unwrap_or_default().iter().enumerate() {
        for (member, path) in [("source", &bind.source), ("destination", &bind.destination)] {
            if !path.starts_with('/') {
                let place = format!("options.{component}.extra_binds[{at}].{member}");
                return Err(Invalid::new(place, format!("path must be absolute: {path:?}")));
            }
        }
    }
    Ok(())
}

/// docker would refuse another name only when the first node boots.
fn check_volume_name(name: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.is_empty() || (begins_well && name.chars().all(allowed)) {
        return Ok(());
    }
    Err(Invalid::new(
        "options.etcd.volume_name",
        format!("{name:?} is invalid as name of a volume"),
    ))
}

fn check_kubelet(kubelet: &KubeletParams) -> Result<(), Invalid> {
    let config = kubelet.config.as_ref();
    check_kind(
        config,
        "kubelet",
        "kubelet.config.k8s.io/v1beta1",
        "KubeletConfiguration",
    )?;
    let domain = text_member(config, "kubelet", "clusterDomain")?;
    if !domain.is_empty() {
        let place = "options.kubelet.config.clusterDomain";
        kube_names::subdomain(domain).map_err(|problem| Invalid::new(place, problem))?;
    }
    if kubelet.cri_endpoint.is_empty() {
        return Err(Invalid::new("options.kubelet.cri_endpoint", "should not be empty"));
    }
    cni::check(&kubelet.cni_conf_file)?;
    let taints = kubelet.boot_taints.as_deref().unwrap_or_default();
    nodes::check_taints(taints, "options.kubelet.boot_taints")
}

fn check_api_server(api_server: &ApiServerParams) -> Result<(), Invalid> {
    let (policy, place) = (&api_server.audit_log_policy, "options.kube-api.audit_log_policy");
    if policy.is_empty() {
        let missing = api_server
            .audit_log_enabled
            .then(|| Invalid::new(place, "should not be empty"));
        return missing.map_or(Ok(()), Err);
    }
    match yaml::parse(policy, &mut Vec::new()) {
        Ok(Value::Object(_) | Value::Null) => Ok(()),
        Ok(_) => Err(Invalid::new(place, "is not an object in YAML")),
        Err(error) => Err(Invalid::new(place, error.to_string())),
    }
}

fn check_proxy(proxy: &ProxyParams) -> Result<(), Invalid> {
    let config = proxy.config.as_ref();
    check_kind(
        config,
        "kube-proxy",
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
    )?;
    let mode = text_member(config, "kube-proxy", "mode")?;
    if mode.is_empty() || PROXY_MODES.contains(&mode) {
        return Ok(());
    }
    let problem = format!("{mode:?} is none of {}", PROXY_MODES.join(", "));
    Err(Invalid::new("options.kube-proxy.config.mode", problem))
}

/// Only one version of each configuration is taken: what a merge makes of another one would be wrong.
fn check_kind(config: Option<&Value>, component: &str, version: &str, kind: &str) -> Result<(), Invalid> {
    let Some(config) = config else { return Ok(()) };
    for (member, wanted) in [("apiVersion", version), ("kind", kind)] {
        let found = config.get(member).and_then(Value::as_str).unwrap_or_default();
        if found != wanted {
            let place = format!("options.{component}.config.{member}");
            return Err(Invalid::new(place, format!("must be {wanted}, not {found:?}")));
        }
    }
    Ok(())
}

fn text_member<'a>(config: Option<&'a Value>, component: &str, member: &str) -> Result<&'a str, Invalid> {
    match config.and_then(|config| config.get(member)) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(Invalid::new(
            format!("options.{component}.config.{member}"),
            format!("{other} is not a text"),
        )),
    }
}

pub(super) fn check_mappings(mappings: &[TrustedRestMapping]) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    for (at, mapping) in mappings.iter().enumerate() {
        let place = format!("trusted_rest_mappings[{at}]");
        let members = [
            ("version", &mapping.version),
            ("kind", &mapping.kind),
            ("resource", &mapping.resource),
        ];
        if let Some((member, _)) = members.iter().find(|(_, value)| value.is_empty()) {
            return Err(Invalid::new(place, format!("{member} is empty")));
        }
        if !seen.insert((&mapping.group, &mapping.version, &mapping.kind)) {
            let name = format!("{}/{}/{}", mapping.group, mapping.version, mapping.kind);
            return Err(Invalid::new(place, format!("duplicate mapping for {name}")));
        }
    }
    Ok(())
}
