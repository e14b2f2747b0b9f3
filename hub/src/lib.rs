//! The hub. One port ([`port`]) for connectors that dial in ([`channels`]) and clients that ask ([`api`], behind one guard);
//! one path for every exchange ([`exchange`]); prepared checks over DataFusion ([`engine`]); one durable truth (`zerotrip-ledger`).
//!
//! It can refuse, and it records; it can neither admit a member nor invent a question: those need signatures whose keys are elsewhere.

pub mod api;
mod arrivals;
pub mod catalog;
pub mod channels;
pub mod cli;
pub mod config;
pub mod endings;
pub mod engine;
pub mod exchange;
pub mod hub;
pub mod init;
mod limits;
pub mod port;
pub mod renewals;
