//! A certificate as PDF: drawn, signed, time-stamped where that is wanted, and verified before it
//! is handed out.

use std::time::SystemTime;

use serde_json::json;
use zerotrip_channel::SystemHome;
use zerotrip_client::issued::Sealer;
use zerotrip_paper::{Look, Qr, Stamp, print, verify_pdf};
use zerotrip_text::{Explain as _, Failure as Said};

use super::Made;
use super::settings::PaperSettings;
use super::stamp;
use crate::render::{Failure, USAGE};

pub(super) async fn make(
    record: &str,
    home: &SystemHome,
    settings: &PaperSettings,
    qr: Option<Qr>,
    now: SystemTime,
) -> Result<Made, Failure> {
    let refuse = |said: Said| Failure::of(USAGE, said);
    let paper_error = |error: zerotrip_paper::PaperError| refuse(error.explain());
    let fonts = settings.fonts()?;
    let look = Look { seal: settings.seal()?, qr };
    let printed = print(record, &fonts, &look).map_err(paper_error)?;
    let sealer = Sealer::load(home).map_err(|error| refuse(error.explain()))?;
    let certificate = sealer.certificate(&home.folder).map_err(|error| refuse(error.explain()))?;
    let wanted = if settings.tsa.is_some() { Stamp::Wanted } else { Stamp::None };
    let mut signed = printed.sign(&sealer.key, certificate, now, wanted).map_err(paper_error)?;
    let mut unstamped = None;
    if let Some(address) = &settings.tsa {
        // A paper without a time stamp is a paper: an authority that is away stops nothing.
        let response = stamp::ask(address, signed.time_stamp_request()).await;
        let added = match response {
            Ok(response) => signed.add_time_stamp(&response).map_err(|error| error.explain()),
            Err(said) => Err(said),
        };
        unstamped = added.err();
    }
    let bytes = signed.into_bytes();
    // What a verifier would refuse is refused here, before it is handed out.
    verify_pdf(&bytes, home.ca(), now).map_err(|error| refuse(error.explain()))?;
    let value = json!({ "time_stamp": settings.tsa.is_some() && unstamped.is_none() });
    Ok(Made { bytes, pages: printed.pages(), note: unstamped, value })
}
