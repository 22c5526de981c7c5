//! A cluster that exists in memory only, to drive decisions through failures, reboots, upgrades and repairs.
