//! The iPXE scripts. Pure text; the form is what machines in the field boot from, to the byte.

/// What goes into the script of one machine.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// This server's URL, without a slash at its end.
    pub server_url: &'a str,
    /// The Ignition template to use.
    pub ignition_id: &'a str,
    /// Kernel parameters of the operator; may be empty.
    pub kernel_params: &'a str,
    /// The token of this boot, where tokens are issued.
    pub boot_token: Option<&'a str>,
}

/// The first script: sends iPXE on to the script of its own serial, which iPXE alone knows.
#[must_use]
pub fn chain(server_url: &str) -> String {
    format!("#!ipxe\nchain {server_url}/api/v1/boot/coreos/ipxe/${{serial}}\n")
}

/// The script of a machine: which kernel, initrd and Ignition to boot with.
#[must_use]
pub fn script(input: &Script<'_>) -> String {
    let Script {
        server_url,
        ignition_id,
        kernel_params,
        ..
    } = input;
    let token = input
        .boot_token
        .map(|token| format!("?token={token}"))
        .unwrap_or_default();
    // A newline inside would end iPXE's `kernel` command in the middle.
    let params = kernel_params.trim_end_matches(['\r', '\n']);
    [
        "#!ipxe\n\n",
        &format!("set base-url {server_url}/api/v1/boot\n"),
        &format!("set ignition-id {ignition_id}\n"),
        "kernel ${base-url}/coreos/kernel initrd=initrd.gz coreos.first_boot=1 ",
        &format!("coreos.config.url=${{base-url}}/ignitions/${{serial}}/${{ignition-id}}{token} {params}\n"),
        "initrd ${base-url}/coreos/initrd.gz\n",
        "boot\n",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Script<'_> = Script {
        server_url: "http://10.69.0.3:10080",
        ignition_id: "1.1.0",
        kernel_params: "console=ttyS0",
        boot_token: None,
    };

    #[test]
    fn the_script_is_what_machines_know() {
        let expected = "#!ipxe\n\nset base-url http://10.69.0.3:10080/api/v1/boot\nset ignition-id 1.1.0\n\
            kernel ${base-url}/coreos/kernel initrd=initrd.gz coreos.first_boot=1 \
            coreos.config.url=${base-url}/ignitions/${serial}/${ignition-id} console=ttyS0\n\
            initrd ${base-url}/coreos/initrd.gz\nboot\n";
        assert_eq!(script(&PLAIN), expected);
        assert_eq!(
            script(&Script {
                kernel_params: "console=ttyS0\n",
                ..PLAIN
            }),
            expected
        );
        assert_eq!(
            chain("http://10.69.0.3:10080"),
            "#!ipxe\nchain http://10.69.0.3:10080/api/v1/boot/coreos/ipxe/${serial}\n"
        );
    }

    #[test]
    fn a_token_travels_in_the_ignition_url() {
        let text = script(&Script {
            boot_token: Some("abc"),
            ..PLAIN
        });
        assert!(text.contains("/${ignition-id}?token=abc console=ttyS0"), "{text}");
    }
}
