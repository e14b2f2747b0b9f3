//! The hub. One port ([`port`]) for connectors that dial in ([`channels`]) and clients that ask
//! ([`api`], behind one guard); one path for every exchange ([`exchange`]); prepared checks over
//! DataFusion ([`engine`]); one durable store (`zerotrip-ledger`).
//!
//! It can refuse, and it records. It can neither admit a member nor invent a question: these need
//! signatures whose keys are elsewhere.
//!
//! Start at `exchange/pipeline.rs::answer`: that one function, from top to bottom, is the path of a
//! check.

pub mod api;
mod arrivals;
pub mod cases;
pub mod catalog;
pub mod channels;
pub mod cli;
pub mod config;
mod dispatch;
pub mod endings;
pub mod engine;
pub mod exchange;
pub mod hub;
pub mod init;
mod limits;
pub mod objects;
mod orders;
mod past;
pub mod port;
mod signals;
pub mod state;
mod unrecorded;
