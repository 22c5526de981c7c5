//! What one client or one relay may ask for, and packets that come more than once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::decide::DropReason;
use crate::mac::Mac;
use crate::packet::{Kind, Packet};

/// Packets a second, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Refilled each second.
    pub per_second: f64,
    /// Held at most.
    pub burst: f64,
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Of one hardware address.
    pub client: Rate,
    /// Of one relay: a rack has some dozens of machines, each of which sends some packets a boot.
    pub relay: Rate,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            client: Rate {
                per_second: 10.0,
                burst: 50.0,
            },
            relay: Rate {
                per_second: 5000.0,
                burst: 10_000.0,
            },
        }
    }
}

/// Copies of a packet arrive within this time. Clients repeat themselves after a second at the earliest.
const COPIES: Duration = Duration::from_millis(500);
/// Clients and relays that are remembered. Beyond that the table starts anew, which costs a flood's author nothing to
/// gain: every bucket is full again, but no memory is lost to it.
const MOST: usize = 100_000;

/// A packet by what its copies share. The relay plays no part: each of a rack's two switches may send it.
type Copy = (u32, Mac, Kind);

/// Counters of the present.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    clients: HashMap<Mac, Bucket>,
    relays: HashMap<Ipv4Addr, Bucket>,
    recent: HashSet<Copy>,
    order: VecDeque<(Instant, Copy)>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Gate {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(limits: Limits) -> Gate {
        Gate {
            limits,
            clients: HashMap::new(),
            relays: HashMap::new(),
            recent: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether a packet is to be worked on.
    ///
    /// # Errors
    /// The reason why not.
    pub fn admit(&mut self, packet: &Packet, now: Instant) -> Result<(), DropReason> {
        while let Some((at, copy)) = self.order.front()
            && now.duration_since(*at) >= COPIES
        {
            self.recent.remove(copy);
            self.order.pop_front();
        }
        let copy = (packet.xid, packet.mac, packet.kind);
        if self.recent.contains(&copy) {
            return Err(DropReason::Duplicate);
        }
        if !spend(&mut self.clients, packet.mac, self.limits.client, now) {
            return Err(DropReason::ClientLimit);
        }
        if let Some(relay) = packet.giaddr
            && !spend(&mut self.relays, relay, self.limits.relay, now)
        {
            return Err(DropReason::RelayLimit);
        }
        self.recent.insert(copy);
        self.order.push_back((now, copy));
        Ok(())
    }
}

fn spend<K: Eq + Hash>(buckets: &mut HashMap<K, Bucket>, key: K, rate: Rate, now: Instant) -> bool {
    if buckets.len() >= MOST && !buckets.contains_key(&key) {
        let full = |bucket: &Bucket| refilled(bucket, rate, now) >= rate.burst;
        buckets.retain(|_, bucket| !full(bucket));
        if buckets.len() >= MOST {
            buckets.clear();
        }
    }
    let bucket = buckets.entry(key).or_insert(Bucket {
        tokens: rate.burst,
        at: now,
    });
    bucket.tokens = refilled(bucket, rate, now);
    bucket.at = now;
    let enough = bucket.tokens >= 1.0;
    if enough {
        bucket.tokens -= 1.0;
    }
    enough
}

fn refilled(bucket: &Bucket, rate: Rate, now: Instant) -> f64 {
    now.duration_since(bucket.at)
        .as_secs_f64()
        .mul_add(rate.per_second, bucket.tokens)
        .min(rate.burst)
}

#[cfg(test)]
mod tests;
