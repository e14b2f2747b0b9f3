//! `definition metadata`: what a wallet shows of a check's certificates.

use std::path::Path;
use std::process::ExitCode;

use zerotrip_certificates::type_metadata;

use super::Whole;
use crate::render::{Failure, Screen};

pub(super) fn metadata(dir: &Path, screen: &Screen) -> Result<ExitCode, Failure> {
    let document = type_metadata(&Whole::read(dir)?.definition);
    // For programs, whatever the screen: it is a document.
    screen.show(&format!("{document:#}"), &document)?;
    Ok(ExitCode::SUCCESS)
}
