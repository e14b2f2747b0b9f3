//! The owner's store: the signed files in the connector's folder. Which datasets are attached and
//! what they are, which scans are approved, what is ruled on unreadable rows, and the highest
//! version of each.
//!
//! Nothing here talks to the hub. No source is asked.

pub mod adjudications;
pub mod approvals;
pub mod datasets;
pub mod error;
pub mod ownership;
pub mod signed_file;
pub mod versions;
