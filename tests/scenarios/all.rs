//! The tests of the whole, in one binary. Each starts what it needs, alone, and stops it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod adjudicate;
mod answers;
mod availability;
mod certificates;
mod circles;
mod crash;
mod days;
mod definitions;
mod desk;
mod disk;
mod documented;
mod doors;
mod facts;
mod faults;
mod floods;
mod foreign;
mod gate;
mod inspect;
mod left_out;
mod length;
mod many;
mod moments;
mod months;
mod moved;
mod noninterference;
mod objects;
mod one_of_many;
mod outside;
mod parameters;
mod plausible;
mod prepared;
mod probes;
mod quality;
mod renew;
mod revoke;
mod signing;
mod store;
mod superseded;
mod support;
mod threats;
mod tour;
mod versions;
mod width;
mod years;
