//! The department's agent. It dials the hub and serves on that socket ([`dialler`], [`service`]).
//! Every scan takes one path ([`agent::Agent::scan`]): the default-deny [`gate`], the [`journal`],
//! the source (`zerotrip_sources`), the signed receipt ([`scan`]).
//!
//! It never depends on the hub, DataFusion or Cedar, never opens a port, and never writes to a
//! department's system.
//!
//! Start at `gate.rs::admit`, which decides what leaves the department. To add a kind of source,
//! read the crate `zerotrip_sources` and its conformance suite.

mod access;
pub mod adjudicate;
pub mod adjudications;
pub mod agent;
pub mod approving;
pub mod attached_dataset;
pub mod check;
pub mod cli;
mod clock;
mod count;
pub mod desk;
pub mod dialler;
pub mod gate;
pub mod inspect;
pub mod journal;
pub mod output;
mod owner;
pub mod owner_files;
mod probe_monitor;
mod probes;
mod progress;
pub mod quality;
mod renewing;
pub mod scan;
mod scratch;
pub mod seen;
pub mod service;
pub mod shape;
pub mod used;
mod versions;
