//! What a system issues with.

use crate::issued::{Register, Sealer};

/// What a system issues with: its sealing key, and its register where it has one.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) sealer: Sealer,
    pub(super) register: Option<Register>,
}
