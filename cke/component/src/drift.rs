//! Whether containers and configurations are what the declared cluster wants, for thousands of nodes in one decision.
//!
//! What all nodes share is built once; a node costs comparisons only.

use crate::config::{self, Object};
use crate::rivers::Rivers;
use crate::{Site, api_server, controller_manager, etcd, kubelet, proxy, rivers, scheduler};
use cke_model::observed::{ComponentStatus, ServiceStatus};
use cke_model::service::Mount;
use cke_model::{Node, ServiceParams};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a container must be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// Another image.
    Image,
    /// Other arguments, mounts or environment than the component needs.
    BuiltIn,
    /// Other arguments, mounts or environment than operators added.
    Extra,
    /// Another configuration file, or none.
    Config,
    /// Another container runtime is declared: it cannot be changed under running pods, so that nothing is done.
    Runtime,
}

/// What the declared cluster wants. Containers that do not run are not its matter.
#[derive(Debug)]
pub struct Wanted<'a> {
    site: &'a Site<'a>,
    rivers: ServiceParams,
    etcd_rivers: ServiceParams,
    controller_manager: ServiceParams,
    scheduler: (ServiceParams, Object),
    proxy: (ServiceParams, Object),
    /// Whether operators declare the name of the node themselves: then it is the same on all nodes.
    proxy_name_declared: bool,
    kubelet_binds: Vec<Mount>,
    kubelet_config: Object,
    extra: Extra,
}

/// What operators add.
#[derive(Debug)]
struct Extra {
    etcd: ServiceParams,
    api_server: ServiceParams,
    scheduler: ServiceParams,
    proxy: ServiceParams,
    kubelet: ServiceParams,
}

impl<'a> Wanted<'a> {
    /// Builds what all nodes share.
    #[must_use]
    pub fn new(site: &'a Site<'a>) -> Self {
        let options = &site.cluster.options;
        let proxy_config = proxy::config(&options.kube_proxy, "");
        Self {
            site,
            rivers: rivers::built_in(Rivers::Kubernetes, site),
            etcd_rivers: rivers::built_in(Rivers::Etcd, site),
            controller_manager: controller_manager::built_in(site),
            scheduler: (scheduler::built_in(), scheduler::config(&options.kube_scheduler)),
            proxy_name_declared: proxy_config
                .get(proxy::NODE_FIELD)
                .and_then(Value::as_str)
                .is_some_and(|name| !name.is_empty()),
            proxy: (proxy::built_in(), proxy_config),
            kubelet_binds: kubelet::binds(),
            kubelet_config: kubelet::declared_config(&options.kubelet),
            extra: Extra {
                etcd: options.etcd.extra_params(),
                api_server: options.kube_api.extra_params(),
                scheduler: options.kube_scheduler.extra_params(),
                proxy: options.kube_proxy.extra_params(),
                kubelet: options.kubelet.extra_params(),
            },
        }
    }

    /// One of the two rivers.
    #[must_use]
    pub fn rivers(&self, rivers: Rivers, status: &ServiceStatus) -> Option<Drift> {
        let built_in = match rivers {
            Rivers::Kubernetes => &self.rivers,
            Rivers::Etcd => &self.etcd_rivers,
        };
        container(&self.site.images.tools, built_in, rivers.extra(self.site), status)
    }

    /// A member of etcd.
    #[must_use]
    pub fn etcd(&self, node: &Node, status: &ServiceStatus) -> Option<Drift> {
        if self.site.images.etcd != status.image {
            return Some(Drift::Image);
        }
        if !etcd::same_params(&etcd::built_in(node), &status.built_in) {
            return Some(Drift::BuiltIn);
        }
        (!etcd::same_params(&self.extra.etcd, &status.extra)).then_some(Drift::Extra)
    }

    /// An API server.
    #[must_use]
    pub fn api_server(&self, node: &Node, status: &ServiceStatus) -> Option<Drift> {
        let built_in = api_server::built_in(self.site, node);
        self.kubernetes(&built_in, &self.extra.api_server, status)
    }

    /// A controller manager.
    #[must_use]
    pub fn controller_manager(&self, status: &ServiceStatus) -> Option<Drift> {
        let extra = &self.site.cluster.options.kube_controller_manager;
        self.kubernetes(&self.controller_manager, extra, status)
    }

    /// A scheduler.
    #[must_use]
    pub fn scheduler(&self, status: &ComponentStatus) -> Option<Drift> {
        let (built_in, config) = &self.scheduler;
        self.kubernetes(built_in, &self.extra.scheduler, &status.service)
            .or_else(|| (!scheduler::same_config(config, status.config.as_ref())).then_some(Drift::Config))
    }

    /// kube-proxy on a node.
    #[must_use]
    pub fn proxy(&self, node: &Node, status: &ComponentStatus) -> Option<Drift> {
        let (built_in, config) = &self.proxy;
        self.kubernetes(built_in, &self.extra.proxy, &status.service)
            .or_else(|| (!self.same_proxy_config(config, node, status.config.as_ref())).then_some(Drift::Config))
    }

    fn same_proxy_config(&self, wanted: &Object, node: &Node, running: Option<&Value>) -> bool {
        let Some(Value::Object(running)) = running else {
            return false;
        };
        if self.proxy_name_declared {
            return config::same(config::PROXY.fields, wanted, running);
        }
        running.get(proxy::NODE_FIELD).and_then(Value::as_str) == Some(node.nodename())
            && config::same_except(config::PROXY.fields, wanted, running, &[proxy::NODE_FIELD])
    }

    /// kubelet on a node.
    #[must_use]
    pub fn kubelet(&self, node: &Node, status: &ComponentStatus) -> Option<Drift> {
        let service = &status.service;
        if kubelet::runtime_changed(&self.site.cluster.options.kubelet, &service.built_in) {
            return Some(Drift::Runtime);
        }
        if self.site.images.kubernetes != service.image {
            return Some(Drift::Image);
        }
        if !self.same_kubelet_params(node, &service.built_in) {
            return Some(Drift::BuiltIn);
        }
        if !self.extra.kubelet.same_as(&service.extra) {
            return Some(Drift::Extra);
        }
        (!self.same_kubelet_config(node, status.config.as_ref())).then_some(Drift::Config)
    }

    fn same_kubelet_params(&self, node: &Node, running: &ServiceParams) -> bool {
        let binds = running.extra_binds.as_deref().unwrap_or_default();
        let no_env = running.extra_env.as_ref().is_none_or(|env| env.is_empty());
        no_env
            && self.kubelet_binds.len() == binds.len()
            && self.kubelet_binds.iter().zip(binds).all(|(a, b)| a.same_as(b))
            && kubelet::same_args(&self.site.cluster.options.kubelet, node, running)
    }

    /// A running kubelet keeps the fields that must not change, so that they are not compared.
    fn same_kubelet_config(&self, node: &Node, running: Option<&Value>) -> bool {
        let Some(Value::Object(running)) = running else {
            return false;
        };
        kubelet::address_list(running.get(kubelet::NODE_FIELD), &node.address)
            && config::same_except(
                config::KUBELET.fields,
                &self.kubelet_config,
                running,
                kubelet::NOT_COMPARED,
            )
    }

    fn kubernetes(&self, built_in: &ServiceParams, extra: &ServiceParams, status: &ServiceStatus) -> Option<Drift> {
        container(&self.site.images.kubernetes, built_in, extra, status)
    }
}

fn container(image: &str, built_in: &ServiceParams, extra: &ServiceParams, status: &ServiceStatus) -> Option<Drift> {
    if image != status.image {
        return Some(Drift::Image);
    }
    if !built_in.same_as(&status.built_in) {
        return Some(Drift::BuiltIn);
    }
    (!extra.same_as(&status.extra)).then_some(Drift::Extra)
}
