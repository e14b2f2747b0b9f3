//! The hub. One port ([`port`]) for connectors that dial in ([`channels`]) and clients that ask
//! ([`services`], behind one guard); one path for every exchange ([`exchange`]); prepared checks over
//! DataFusion ([`check`]); one durable store (`zerotrip-ledger`).
//!
//! It can refuse, and it records. It can neither admit a member nor invent a question: these need
//! signatures whose keys are elsewhere.
//!
//! Start at `exchange/mod.rs::check`: that one function, from top to bottom, is the path of a check.

mod arrivals;
pub mod catalog;
pub mod channels;
pub mod check;
pub mod cli;
pub mod config;
mod crowd;
pub mod endings;
pub mod exchange;
pub mod hub;
pub mod init;
pub mod port;
pub mod renewals;
pub mod services;
