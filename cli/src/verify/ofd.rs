//! A certificate that comes as OFD: its seal and its pages, before the certificate inside.

use std::time::SystemTime;

use serde_json::{Value, json};
use zerotrip_certificates::TrustRoot;
use zerotrip_ofd::{Roots, Sm2Certificate, VerifiedOfd, verify_ofd};
use zerotrip_text::{Explain as _, Failure as Said, shown};
use zerotrip_trust::x509::CertificateDer;

use super::Verifying;
use super::paper::same_qr;
use crate::print::settings::PaperSettings;
use crate::render::{Failure, Screen, USAGE, rfc3339};
use crate::sm2_files;

/// Whose seals count.
pub(super) struct Trusted {
    roots: Vec<Sm2Certificate>,
    makers: Vec<Sm2Certificate>,
}

impl Trusted {
    /// Those that are named, and those of the system's folder.
    pub(super) fn read(verifying: &Verifying) -> Result<Self, Failure> {
        let (mut roots, mut makers) = match &verifying.dir {
            Some(dir) => PaperSettings::read(dir)?.trusted(),
            None => Default::default(),
        };
        roots.extend(verifying.sm2_root.iter().cloned());
        makers.extend(verifying.seal_maker.iter().cloned());
        if roots.is_empty() || makers.is_empty() {
            return Err(Failure::new(
                USAGE,
                "it is not said whose electronic seals to trust",
                "未指明信任哪些电子印章",
            )
            .remedy(
                "give `--sm2-root` and `--seal-maker`, or name `roots` and `makers` under `[ofd]` \
                 in `paper.toml`",
                "请提供 `--sm2-root` 与 `--seal-maker`，或在 `paper.toml` 的 `[ofd]` 下填写 `roots` \
                 与 `makers`",
            ));
        }
        let roots = sm2_files::certificates(&roots)?;
        Ok(Self { roots, makers: sm2_files::certificates(&makers)? })
    }
}

/// What the OFD holds, once all of it but the certificate inside is verified. The outer failure is
/// the reader's to fix; the inner one is the OFD's.
pub(super) fn open(
    bytes: &[u8],
    ca: Option<&CertificateDer<'_>>,
    trusted: &Trusted,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<Result<VerifiedOfd, Said>, Failure> {
    let Some(authority) = ca else {
        let said = Failure::new(
            USAGE,
            "the root certificate is not given, which an OFD is verified with",
            "未提供核验 OFD 所需的根证书",
        );
        return Err(said.remedy("give `--ca`, or `--dir`", "请提供 `--ca` 或 `--dir`"));
    };
    let roots = Roots { authority, signers: &trusted.roots, makers: &trusted.makers };
    let verified = verify_ofd(bytes, &roots, now).map_err(|error| error.explain());
    Ok(verified.and_then(|ofd| {
        // The root says whose the key is; the directory, whether it was in force.
        let checked = root.check_sealing_key(&ofd.issuer, &ofd.key, ofd.sealed_at);
        checked.map_err(|error| {
            error.explain().within("the issuer's statement in the OFD: ", "OFD 中签发单位的声明：")
        })?;
        if let Some(qr) = &ofd.qr {
            same_qr(qr, (&ofd.record, &ofd.issuer, ofd.sealed_at), root)?;
        }
        Ok(ofd)
    }))
}

/// What the OFD adds to what the certificate says.
pub(super) fn line(ofd: &VerifiedOfd, screen: &Screen) -> String {
    let terms = &ofd.seal.terms;
    format!(
        "{} {} ({} {})\n{} {} ({}), {} {}",
        screen.pick(
            "OFD: under the issuer's electronic seal, and its pages say what the certificate says; \
             sealed",
            "OFD：已加盖签发单位的电子印章，页面内容与电子证明一致；盖章时间"
        ),
        screen.time(ofd.sealed_at),
        ofd.pages,
        screen.pick("pages", "页"),
        screen.pick("OFD: seal", "OFD：印章"),
        shown(&terms.name),
        terms.number,
        screen.pick("signed by", "签章人"),
        ofd.certificate.subject()
    )
}

/// The same for programs.
pub(super) fn value(ofd: &VerifiedOfd) -> Value {
    let terms = &ofd.seal.terms;
    json!({
        "issuer": ofd.issuer,
        "key_id": ofd.key.id(),
        "signer": ofd.certificate.subject(),
        "signer_sm3": hex::encode(ofd.certificate.digest()),
        "seal": { "name": shown(&terms.name), "number": terms.number },
        "seal_maker": ofd.seal.maker().subject(),
        "sealed_at": rfc3339(ofd.sealed_at),
        "pages": ofd.pages,
        "qr": ofd.qr.is_some(),
    })
}
