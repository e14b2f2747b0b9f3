//! What people see: screens, outcomes, certificates, failures with their remedies and exit codes,
//! and the names of things in English and Chinese.

mod card;
pub(crate) mod deprecation;
mod failure;
mod names;
mod outcome;
mod qr;
mod screen;
mod verdict;
pub(crate) mod way_out;

pub(crate) use card::{card, certificate_json};
pub(crate) use failure::{DENIED, Failure, NOT_SO, NOT_VERIFIED, UNAVAILABLE, USAGE};
pub(crate) use names::{name_zh, usage_zh};
pub(crate) use outcome::{facts_json, show_outcome, show_outcome_with};
pub(crate) use qr::qr_verdict;
pub(crate) use screen::{Language, Screen, rfc3339};
pub(crate) use verdict::{exit_of, verdict};
