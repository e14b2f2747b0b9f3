//! A certificate that comes as PDF: its signature and its pages, before the certificate inside.

use std::time::SystemTime;

use serde_json::{Value, json};
use zerotrip_certificates::TrustRoot;
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_paper::{Qr, VerifiedPaper, verify_pdf};
use zerotrip_qr::{Demand, read_modules};
use zerotrip_text::{Explain as _, Failure as Said};
use zerotrip_trust::x509::CertificateDer;

use crate::render::{Failure, Screen, USAGE, rfc3339};

/// What the PDF holds, once all of it but the certificate inside is verified. The outer failure is
/// the reader's to fix; the inner one is the PDF's.
pub(super) fn open(
    bytes: &[u8],
    ca: Option<&CertificateDer<'_>>,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<Result<VerifiedPaper, Said>, Failure> {
    let Some(ca) = ca else {
        let said = Failure::new(
            USAGE,
            "the root certificate is not given, which a PDF is verified with",
            "未提供核验 PDF 所需的根证书",
        );
        return Err(said.remedy("give `--ca`, or `--dir`", "请提供 `--ca` 或 `--dir`"));
    };
    Ok(verify_pdf(bytes, ca, now).map_err(|error| error.explain()).and_then(|paper| {
        // The root says whose the key is; the directory, whether it was in force.
        match root.check_sealing_key(&paper.signer, &paper.key, paper.signed_at) {
            Ok(()) => {
                let Some(qr) = &paper.qr else { return Ok(paper) };
                same_qr(qr, (&paper.record, &paper.signer, paper.signed_at), root).map(|()| paper)
            }
            Err(error) => Err(error.explain().within("the PDF's signature: ", "PDF 的数字签名：")),
        }
    }))
}

/// The QR on its pages must be its issuer's own, of the certificate inside, as of when the paper
/// was signed.
pub(super) fn same_qr(
    qr: &Qr,
    (record, issuer, at): (&str, &str, SystemTime),
    root: TrustRoot<'_>,
) -> Result<(), Said> {
    let within = |said: Said| said.within("the QR on its pages: ", "页面上的二维码：");
    let text = read_modules(qr.size(), |x, y| qr.is_dark(x, y));
    let text = text.map_err(|error| within(error.explain()))?;
    // As of when it was signed: the key can have been replaced since.
    let judged = zerotrip_qr::verify(&text, root, Demand::at(at));
    let shown = judged.map_err(|error| within(error.explain()))?.qr.record;
    let record = SdJwt::parse(record).map_err(|error| within(error.explain()))?;
    if shown.digest != record.digest() || shown.issuer != issuer {
        let said = Said::new("it is of another certificate", "它属于另一份证明");
        return Err(within(said));
    }
    Ok(())
}

/// What the PDF adds to what the certificate says.
pub(super) fn line(paper: &VerifiedPaper, screen: &Screen) -> String {
    let mut text = format!(
        "{} {} ({} {})",
        screen.pick(
            "PDF: signed by the issuer, and its pages say what the certificate says; signed",
            "PDF：由签发单位签名，页面内容与电子证明一致；签名时间"
        ),
        screen.time(paper.signed_at),
        paper.pages,
        screen.pick("pages", "页")
    );
    if let Some(time) = paper.stamped_at {
        text.push_str(&format!(
            "\n{} {}",
            screen.pick(
                "PDF: with a time stamp, not verified here, of",
                "PDF：附有时间戳（此处未核验其签名），时间为"
            ),
            screen.time(time)
        ));
    }
    text
}

/// The same for programs.
pub(super) fn value(paper: &VerifiedPaper) -> Value {
    json!({
        "signer": paper.signer,
        "key_id": paper.key.id(),
        "signed_at": rfc3339(paper.signed_at),
        "claimed_time_stamp": paper.stamped_at.map(rfc3339),
        "pages": paper.pages,
        "seal_image": paper.has_seal,
        "qr": paper.qr.is_some(),
    })
}
