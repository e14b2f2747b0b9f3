//! The department's agent. It dials the hub and serves on that socket ([`dialler`], [`service`]).
//! Every scan takes one path ([`serving::Agent::scan`]): the default-deny [`gate`], the
//! [`journal`], the source (`zerotrip_sources`), the signed receipt ([`scan`]).
//!
//! It never depends on the hub, DataFusion or Cedar, never opens a port, and never writes to a
//! department's system.
//!
//! Start at `gate::admit`, which decides what leaves the department. What the owner signs and
//! approves is in [`owner_store`]; the commands are in [`cli`]. To add a kind of source, read the
//! crate `zerotrip_sources` and its conformance suite.

mod access;
pub mod attached_dataset;
pub mod cli;
mod clock;
pub mod dialler;
pub mod gate;
pub mod hub_watermark;
mod joint_look_ups;
pub mod journal;
pub mod owner_store;
mod probe_monitor;
mod probes;
pub mod quality;
mod renewing;
pub mod scan;
pub mod scan_plan;
pub mod service;
pub mod serving;
pub mod used_tickets;
