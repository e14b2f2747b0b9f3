//! A certificate as OFD: drawn, sealed, and verified before it is handed out.

use std::time::SystemTime;

use serde_json::json;
use zerotrip_channel::SystemHome;
use zerotrip_client::issued::Sealer;
use zerotrip_ofd::{Roots, Signer, print, verify_ofd};
use zerotrip_paper::Qr;
use zerotrip_text::{Explain as _, Failure as Said};

use super::Made;
use super::settings::PaperSettings;
use crate::render::{Failure, USAGE};

pub(super) fn make(
    record: &str,
    home: &SystemHome,
    settings: &PaperSettings,
    qr: Option<&Qr>,
    now: SystemTime,
) -> Result<Made, Failure> {
    let refuse = |said: Said| Failure::of(USAGE, said);
    let means = settings.ofd()?;
    let printed = print(record, &settings.fonts()?, qr).map_err(|error| refuse(error.explain()))?;
    let sealer = Sealer::load(home).map_err(|error| refuse(error.explain()))?;
    let certificate = sealer.certificate(&home.folder).map_err(|error| refuse(error.explain()))?;
    let signer = Signer {
        key: &means.key,
        certificate: &means.certificate,
        seal: &means.seal,
        issuer_key: &sealer.key,
        issuer_certificate: certificate,
    };
    let bytes = printed.sign(&signer, now).map_err(|error| refuse(error.explain()))?;
    // What a verifier would refuse is refused here, before it is handed out.
    let roots = Roots { authority: home.ca(), signers: &means.roots, makers: &means.makers };
    verify_ofd(&bytes, &roots, now).map_err(|error| refuse(error.explain()))?;
    let value = json!({ "seal": means.seal.terms.number, "signer": means.certificate.subject() });
    Ok(Made { bytes, pages: printed.pages(), note: None, value })
}
