//! How much a bundle of grants may hold.

/// Most grants of a bundle.
pub const GRANTS: usize = 100_000;
/// A bundle of so many grants is packed.
pub(crate) const PACKED_FROM: usize = 1000;
/// Most bytes of its grants, unpacked.
pub(crate) const UNPACKED_BYTES: usize = 64 << 20;
/// Most grants of one member on one check.
pub const GRANTS_PER_CHECK: usize = 16;
/// Most purposes, and most legal bases, of a grant.
pub const TERMS: usize = 64;
/// Most checks, each variant counted, that a hub serves.
pub const CHECKS: usize = 1000;
/// Most subjects that a grant lets one request be about.
#[expect(clippy::cast_possible_truncation, reason = "ten thousand")]
pub const SUBJECTS: u32 = zerotrip_proto::bounds::SUBJECTS as u32;
/// Most variants of a check that a grant lets be asked about one subject.
pub const VARIANTS: u32 = 16;
