//! `verify` of a QR: of its text, or of a picture of it.

use std::process::ExitCode;

use zerotrip_certificates::{Demand, TrustRoot};
use zerotrip_qr::{PREFIX, is_image, scan};
use zerotrip_text::{Explain as _, Failure as Said};

use crate::render::{Failure, Screen, USAGE, qr_verdict};

/// The text of the QR in a file, where it is a QR's text or a picture.
pub(super) fn text_of(file: &[u8]) -> Result<Option<String>, Said> {
    if is_image(file) {
        return scan(file).map(Some).map_err(|error| error.explain());
    }
    let text = std::str::from_utf8(file).ok().filter(|text| text.starts_with(PREFIX));
    Ok(text.map(str::to_owned))
}

/// Judges it, and shows what it says.
pub(super) fn verify(
    text: &str,
    root: TrustRoot<'_>,
    demand: Demand<'_>,
    invalid: impl FnOnce(Said) -> Failure,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    if demand.profile.is_some() || demand.holder.is_some() {
        return Err(Failure::new(
            USAGE,
            "a QR shows no profile, and no one who shows it proves to be its holder",
            "二维码不体现规范，也不能证明出示人就是持有人",
        )
        .remedy(
            "leave out `--profile`, `--audience` and `--nonce`, or verify the certificate itself",
            "请不带 `--profile`、`--audience` 与 `--nonce`，或验证电子证明本身",
        ));
    }
    let Demand { at, list, purpose, .. } = demand;
    let judged = zerotrip_qr::verify(text, root, zerotrip_qr::Demand { at, list, purpose });
    let judged = judged.map_err(|error| invalid(error.explain()))?;
    let (text, value, exit) = qr_verdict(&judged, screen);
    screen.show(&text, &value)?;
    Ok(ExitCode::from(exit))
}
