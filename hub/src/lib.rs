//! The hub. One port ([`port`]) for connectors that dial in ([`channels`]) and clients that ask ([`services`], behind one guard);
//! one path for every exchange ([`exchange`]); prepared checks over DataFusion ([`check`]); one durable truth (`zerotrip-ledger`).
//!
//! It can refuse, and it records; it can neither admit a member nor invent a question: those need signatures whose keys are elsewhere.

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
