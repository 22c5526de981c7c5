//! A fleet: a boot server and nodes that boot in three seconds, each a real Debian machine to whoever works on it.
//!
//! A node is systemd as PID 1 with sshd, docker and a second containerd, in a `systemd-nspawn` container with a network namespace, a cgroup and
//! disks of its own. It can be rebooted, lose its power, and be cut from the network. The boot server is a network namespace: programs and
//! threads of a test are started in it.
//!
//! ```text
//! namespace nf-ID-switch        bridge br0 NET.1/24, routes to the nodes' pods
//!    boot ──── namespace nf-ID-boot   eth0 NET.11
//!    cp1  ──── namespace nf-ID-cp1    eth0 NET.101   docker, containerd, sshd
//!    w1   ──── namespace nf-ID-w1     eth0 NET.102
//! ```
//!
//! Every fleet has namespaces of its own, so all of them may use the same addresses. A fleet dies with its [`Fleet`] value; what a crashed
//! process left is removed by the next one that starts a fleet. All calls block: nodes are started at the same time, each by a thread.
//!
//! ```no_run
//! # fn example() -> anyhow::Result<()> {
//! let fleet = testkit::fleet::Fleet::builder().control_planes(1).workers(1).start()?;
//! let node = fleet.node("cp1")?;
//! assert_eq!(node.ssh("hostname")?.trim(), "cp1");
//! # Ok(())
//! # }
//! ```

mod boot;
mod cgroup;
pub mod images;
mod layout;
mod network;
mod node;
mod nspawn;
mod remains;
mod root;
pub mod seed;
mod shell;
mod state;
mod sysctl;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub use boot::BootServer;
pub use layout::{Layout, NodeSpec, Role};
pub use node::{Node, User};
pub use remains::{Found, found, remove, sweep};

/// How long a node may take to come up on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What a fleet consists of.
#[derive(Debug, Clone)]
pub struct Builder {
    id: Option<String>,
    network: String,
    boot: u8,
    first_node: u8,
    control_planes: u8,
    workers: u8,
    named: Vec<NodeSpec>,
    seeded: bool,
}

impl Builder {
    /// The fleet's name in namespaces and cgroups, up to six letters and digits; a random one unless said.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// The first three parts of all addresses: `10.99.0` unless said.
    #[must_use]
    pub fn network(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.network);
        self
    }

    /// The last part of the first node's address: 101 unless said.
    #[must_use]
    pub fn first_node(mut self, number: u8) -> Self {
        self.first_node = number;
        self
    }

    /// How many control planes, named `cp1`, `cp2`, ...; 1 unless said.
    #[must_use]
    pub fn control_planes(mut self, count: u8) -> Self {
        self.control_planes = count;
        self
    }

    /// How many workers, named `w1`, `w2`, ...; 1 unless said.
    #[must_use]
    pub fn workers(mut self, count: u8) -> Self {
        self.workers = count;
        self
    }

    /// The last part of the boot server's address: 11 unless said.
    #[must_use]
    pub fn boot(mut self, number: u8) -> Self {
        self.boot = number;
        self
    }

    /// Another node with a name and the last part of its address; these take the place of numbered control planes and workers.
    #[must_use]
    pub fn node(mut self, name: &str, role: Role, number: u8) -> Self {
        let name = name.to_owned();
        self.named.push(NodeSpec { name, role, number });
        self
    }

    /// Nodes begin with no container image at all.
    #[must_use]
    pub fn without_images(mut self) -> Self {
        self.seeded = false;
        self
    }

    /// Brings it up, and waits until every node takes commands and runs docker.
    ///
    /// # Errors
    /// When something is missing (what to do is said), or a node does not come up in time: its console is at the error's end.
    pub fn start(self) -> Result<Fleet> {
        let nodes = if self.named.is_empty() {
            layout::usual(self.first_node, self.control_planes, self.workers)
        } else {
            self.named
        };
        let layout = Layout::new(self.id, &self.network, self.boot, nodes);
        Fleet::start(layout, self.seeded)
    }
}

/// A fleet that runs.
#[derive(Debug)]
pub struct Fleet {
    layout: Arc<Layout>,
    boot: BootServer,
    nodes: Vec<Node>,
}

impl Fleet {
    /// Says what to start.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            id: None,
            network: "10.99.0".to_owned(),
            boot: layout::BOOT,
            first_node: layout::FIRST_NODE,
            control_planes: 1,
            workers: 1,
            named: Vec::new(),
            seeded: true,
        }
    }

    fn start(layout: Layout, seeded: bool) -> Result<Self> {
        sweep()?;
        if seeded {
            seed::require()?;
        }
        let layout = Arc::new(layout);
        state::claim(&layout)?;
        sysctl::raise()?;
        network::lay_out(&layout)?;
        let nodes = layout.nodes.iter().map(|spec| Node::new(&layout, spec)).collect();
        // From here on dropping the value takes everything away.
        let fleet = Self {
            boot: BootServer::new(&layout),
            layout,
            nodes,
        };
        fleet.boot.make_keys()?;
        fleet.each(|node| node.create(seeded))?;
        fleet.wait_until_up()?;
        Ok(fleet)
    }

    /// Where everything of it lies, and how it is named.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The boot server.
    #[must_use]
    pub fn boot(&self) -> &BootServer {
        &self.boot
    }

    /// All nodes, control planes first.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&self, name: &str) -> Result<&Node> {
        let found = self.nodes.iter().find(|node| node.name() == name);
        found.with_context(|| format!("the fleet has no node {name}"))
    }

    /// Waits until every node takes commands and runs docker and containerd.
    ///
    /// # Errors
    /// Of the first node that does not, with the end of its console.
    pub fn wait_until_up(&self) -> Result<()> {
        self.each(|node| node.wait_until_up(PATIENCE))
    }

    /// Does the same to all nodes at the same time.
    ///
    /// # Errors
    /// The first node's, in the order of the nodes.
    pub fn each(&self, work: impl Fn(&Node) -> Result<()> + Sync) -> Result<()> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = self.nodes.iter().map(|node| scope.spawn(|| work(node))).collect();
            let results: Vec<Result<()>> = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect();
            results.into_iter().collect()
        })
    }
}

impl Drop for Fleet {
    #[allow(clippy::print_stderr, reason = "a failed test says where its data is")]
    fn drop(&mut self) {
        for node in &self.nodes {
            node.give_up();
        }
        // A supervisor may have been about to start its node when its processes were killed: so once more after it ended.
        let killed = cgroup::kill_all(&self.layout.id);
        self.nodes.iter().for_each(Node::join);
        let keep_logs = std::thread::panicking();
        match killed.and_then(|()| remains::take_away(&self.layout, keep_logs)) {
            Ok(()) if keep_logs => eprintln!(
                "the consoles of the fleet stay in {}",
                self.layout.kept_logs().display()
            ),
            Ok(()) => {}
            Err(error) => eprintln!("the fleet {} was not taken away whole: {error:#}", self.layout.id),
        }
    }
}
