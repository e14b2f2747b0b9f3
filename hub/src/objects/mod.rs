//! Where full segments go: a bucket of an S3 store (`bucket.rs`), or a folder of a mounted one.
//!
//! The ledger decides what moves and when it counts; this knows how to get there. It never says a
//! key of the store's, and never takes silence for absence.

mod at;
mod bucket;
mod gate;
mod settings;
mod transport;

#[cfg(test)]
mod tests;

pub use settings::{RawSegments, Segments};
