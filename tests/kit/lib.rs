//! What the tests of the whole share: an invented city with its answer key, and the real processes
//! that run on it.

pub mod city;
pub mod deployment;
pub mod inquiry;
pub mod rows;
