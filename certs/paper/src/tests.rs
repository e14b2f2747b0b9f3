//! A world to print in: an authority, an organ, and certificates of it. They are shaped as real
//! ones; whether they count is not asked here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use crate::{FontFile, Fonts, Look, PaperError, Qr, Seal, Stamp, print, verify_pdf};

use papers::*;

mod alone;
mod outside;
// With fonts, which `tests/outside/install.sh` installs.
mod outside_attacks;
mod outside_made;
mod papers;
mod speed;

/// What `papers` is of.
mod api {
    pub(super) use crate::{FontFile, Fonts, Qr};
}

pub(super) static WORLD: LazyLock<World> = LazyLock::new(World::new);

pub(super) struct World {
    pub(super) ca: CertificateAuthority,
    pub(super) seal: SigningKey,
    pub(super) certificate: CertificateDer<'static>,
}

impl World {
    fn new() -> Self {
        let ca =
            CertificateAuthority::generate("c.example", at(0), Duration::from_secs(3650 * DAY))
                .unwrap();
        let seal = SigningKey::generate(Algorithm::Es256).unwrap();
        let certificate = certify(&ca, &seal, ORGAN);
        Self { ca, seal, certificate }
    }

    pub(super) fn sign(&self, record: &str, look: &Look) -> Vec<u8> {
        let printed = print(record, &FONTS, look).unwrap();
        printed.sign(&self.seal, &self.certificate, at(3), Stamp::None).unwrap().into_bytes()
    }
}

impl Claims {
    /// As the world's organ seals it.
    pub(super) fn record(&self) -> String {
        self.sealed_by(&WORLD.seal)
    }
}

/// A red ring with a star-like cross, drawn here: a picture, and nobody's seal.
pub(super) fn seal() -> Seal {
    Seal::from_png(include_bytes!("tests/seal.png").to_vec()).unwrap()
}

pub(super) fn look() -> Look {
    Look { seal: Some(seal()), qr: Some(qr(33)) }
}
