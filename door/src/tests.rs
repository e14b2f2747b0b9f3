#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod attested;
mod copies;
mod hygiene;
mod issuance;
mod outside;
mod presentations;
mod proofs;
mod wallet;
mod world;
