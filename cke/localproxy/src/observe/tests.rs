#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use neco_ssh::memory::Fleet;

const LABEL_OF_ORIGINAL: &str = r#"{\"builtin\":{\"extra_args\":[\"kube-proxy\"],\"extra_binds\":null,\"extra_env\":null},\"extra\":{\"extra_args\":[\"--v=2\"],\"extra_binds\":null,\"extra_env\":null}}"#;

/// A host whose commands, by their first lines, answer so.
fn host(docker: Output, files: &'static [(&'static str, &'static str)]) -> Fleet {
    Fleet::new(move |call| {
        if call.command.starts_with("there=$(docker container ls --all") {
            return docker.clone().into();
        }
        let path = call
            .command
            .strip_prefix("exec cat ")
            .unwrap_or_else(|| panic!("{}", call.command));
        let file = files.iter().find(|(name, _)| *name == path);
        file.map_or_else(
            || Output {
                status: 1,
                ..Output::default()
            },
            |(_, text)| Output::of(*text),
        )
        .into()
    })
}

async fn look(docker: Output, files: &'static [(&'static str, &'static str)]) -> Result<Host, Error> {
    observe(&host(docker, files), &NodeAddress::new("localhost", "")).await
}

#[tokio::test]
async fn an_empty_host() {
    assert_eq!(look(Output::default(), &[]).await.unwrap(), Host::default());
}

#[tokio::test]
async fn containers_with_their_files() {
    let lines = format!(
        "{{\"name\":\"/kube-proxy\",\"image\":\"k:1\",\"running\":true,\"label\":\"{LABEL_OF_ORIGINAL}\"}}\n\
         {{\"name\":\"/cke-unbound\",\"image\":\"u:1\",\"running\":false,\"label\":null}}\n"
    );
    let files = &[
        (
            PROXY_CONFIG,
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: iptables\n",
        ),
        (
            PROXY_KUBECONFIG,
            "clusters:\n- cluster:\n    server: https://10.0.0.1:6443\n  name: test\n",
        ),
        (UNBOUND_CONF, "server:\n"),
    ];
    let seen = look(Output::of(lines), files).await.unwrap();
    assert_eq!(
        seen.proxy.service.built_in.extra_args,
        Some(vec!["kube-proxy".to_owned()])
    );
    assert_eq!(seen.proxy.service.extra.extra_args, Some(vec!["--v=2".to_owned()]));
    assert_eq!(
        (seen.proxy.service.running, seen.proxy.service.image.as_str()),
        (true, "k:1")
    );
    assert_eq!(seen.proxy.config, Some(serde_json::json!({"mode": "iptables"})));
    assert_eq!(seen.proxy_api_server.as_deref(), Some("10.0.0.1"));
    assert_eq!((seen.unbound.running, seen.unbound.image.as_str()), (false, "u:1"));
    assert_eq!(seen.unbound_conf.as_deref(), Some("server:\n"));
}

#[tokio::test]
async fn docker_that_does_not_work_is_an_error_and_not_an_empty_host() {
    let down = Output {
        status: 1,
        stderr: b"Cannot connect to the Docker daemon".to_vec(),
        ..Output::default()
    };
    let error = look(down, &[]).await.unwrap_err();
    let Error::Docker(source) = &error else {
        panic!("{error}")
    };
    assert!(source.to_string().contains("Cannot connect"), "{source}");
    let error = look(Output::of("what?\n"), &[]).await.unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[test]
fn api_servers_of_kubeconfigs() {
    let kubeconfig = |server: &str| format!("clusters:\n- cluster:\n    server: {server}\n");
    assert_eq!(
        api_server(&kubeconfig("https://[fd00::1]:6443")).as_deref(),
        Some("fd00::1")
    );
    for bad in ["http://10.0.0.1:6443", "https://10.0.0.1", "''"] {
        assert_eq!(api_server(&kubeconfig(bad)), None, "{bad}");
    }
    assert_eq!(api_server("clusters: ["), None);
}
