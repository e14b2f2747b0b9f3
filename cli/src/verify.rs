//! `verify`: a certificate, as text, as PDF or as OFD, verified offline.

mod ofd;
mod paper;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use zerotrip_certificates::{
    CertificateError, Demand, JwkSet, Profile, TrustRoot, VerifiedCertificate, judge,
};
use zerotrip_channel::{SystemHome, files};
use zerotrip_ofd::is_ofd;
use zerotrip_paper::is_pdf;
use zerotrip_text::{Explain as _, Failure as Said};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::x509::{CertificateDer, pem};

use crate::directory::open_directory;
use crate::render::{Failure, Language, NOT_VERIFIED, Screen, USAGE, verdict};
use crate::verify_qr;

/// How a certificate's file is called until its issuing is recorded and it takes its own name.
const UNFINISHED: &str = "part";

/// A certificate, and whose keys are trusted.
#[derive(Args)]
pub(super) struct Verifying {
    /// The certificate's file: the certificate itself, its PDF or OFD, the text of its QR, or a
    /// picture of that QR (PNG, JPEG).
    file: PathBuf,
    /// The folder of a system that joined: its kept directory is the trust root.
    #[arg(long, conflicts_with_all = ["directory", "jwks"])]
    dir: Option<PathBuf>,
    /// The authority's signed directory; with --authority and --ca.
    #[arg(long, requires = "authority", requires = "ca", conflicts_with = "jwks")]
    directory: Option<PathBuf>,
    /// The authority's certificate, which the root signed.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// The root certificate.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Of an OFD: the certificate of an authority that certifies signers' SM2 keys; may be given
    /// several times. With `--dir`, `paper.toml` names more.
    #[arg(long, value_name = "CERTIFICATE")]
    sm2_root: Vec<PathBuf>,
    /// Of an OFD: the certificate of a maker of electronic seals; may be given several times. With
    /// `--dir`, `paper.toml` names more.
    #[arg(long, value_name = "CERTIFICATE")]
    seal_maker: Vec<PathBuf>,
    /// The authority's published key set, `jwks.json`: its keys are as of the file's day.
    #[arg(long)]
    jwks: Option<PathBuf>,
    /// The issuer's status list, as it was fetched from the address that the certificate names:
    /// without it, whether a certificate was revoked is not known.
    #[arg(long, value_name = "LIST")]
    status: Option<PathBuf>,
    /// Judge as of this time (RFC 3339), such as `2026-12-31T12:00:00+08:00`; now without it.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<SystemTime>,
    /// The profile that it must have: `national` or `haip-1.0`.
    #[arg(long, value_parser = profile)]
    profile: Option<Profile>,
    /// The purpose that it must show.
    #[arg(long)]
    purpose: Option<String>,
    /// To whom its holder must have proven to have its key: the verifier's own address or name;
    /// with --nonce.
    #[arg(long, requires = "nonce")]
    audience: Option<String>,
    /// The verifier's own word that the holder's proof must have.
    #[arg(long, requires = "audience")]
    nonce: Option<String>,
}

fn moment(text: &str) -> Result<SystemTime, String> {
    let time = chrono::DateTime::parse_from_rfc3339(text).map_err(|error| error.to_string())?;
    let time = SystemTime::from(time);
    if time < SystemTime::UNIX_EPOCH { Err("before 1970".to_owned()) } else { Ok(time) }
}

fn profile(text: &str) -> Result<Profile, String> {
    let names = Profile::ALL.map(Profile::name).join(", ");
    Profile::of(text).ok_or_else(|| format!("the profiles are: {names}"))
}

enum Root {
    Directory(Box<Directory>),
    Keys(JwkSet),
}

pub(super) fn verify(verifying: &Verifying, screen: &Screen) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    let root = root(verifying, now)?;
    // What cannot be read ends with 2. What is read and is not a valid certificate ends with 5,
    // empty and binary files too.
    let bytes = files::read(&verifying.file)?;
    let invalid = |said: Said| {
        let file = verifying.file.display();
        let en = format!("verification failed: `{file}` is not a valid certificate: ");
        let zh = format!("验证未通过：`{file}` 不是有效的电子证明：");
        Failure::of(NOT_VERIFIED, said.within(&en, &zh))
    };
    let root = match &root {
        Root::Directory(directory) => TrustRoot::Directory(directory),
        Root::Keys(keys) => TrustRoot::Keys(keys),
    };
    let ca = ca(verifying)?;
    let list = verifying.status.as_deref().map(files::read).transpose()?;
    let demand = Demand {
        at: verifying.at.unwrap_or(now),
        list: list.as_deref(),
        profile: verifying.profile,
        purpose: verifying.purpose.as_deref(),
        holder: verifying.audience.as_deref().zip(verifying.nonce.as_deref()),
        root: ca.as_ref(),
    };
    if let Some(text) = verify_qr::text_of(&bytes).map_err(invalid)? {
        return verify_qr::verify(&text, root, demand, invalid, screen);
    }
    let paper = if is_pdf(&bytes) {
        let paper = paper::open(&bytes, ca.as_ref(), root, now)?;
        Some(paper.map_err(&invalid)?)
    } else {
        None
    };
    let sealed = if is_ofd(&bytes) {
        let trusted = ofd::Trusted::read(verifying)?;
        let sealed = ofd::open(&bytes, ca.as_ref(), &trusted, root, now)?;
        Some(sealed.map_err(&invalid)?)
    } else {
        None
    };
    let token = match (&paper, &sealed) {
        (Some(paper), _) => paper.record.clone(),
        (None, Some(sealed)) => sealed.record.clone(),
        (None, None) => String::from_utf8(bytes)
            .map_err(|_| invalid(Said::new("it is not text", "不是文本文件")))?,
    };
    if token.trim().is_empty() {
        return Err(invalid(Said::new("it is empty", "文件为空")));
    }
    let judged = judge(&token, root, demand);
    let judged = judged.map_err(|error: CertificateError| invalid(error.explain()))?;
    let (mut text, mut value, exit) = verdict(&judged, screen);
    if verifying.file.extension().is_some_and(|ending| ending == UNFINISHED) {
        text.push_str(&format!("\n{}", unfinished(&judged.certificate, screen)));
        if let Some(members) = value.as_object_mut() {
            members.insert("unfinished".to_owned(), true.into());
        }
    }
    if let Some(paper) = &paper {
        text.push_str(&format!("\n{}", paper::line(paper, screen)));
        if let Some(members) = value.as_object_mut() {
            members.insert("pdf".to_owned(), paper::value(paper));
        }
    }
    if let Some(sealed) = &sealed {
        text.push_str(&format!("\n{}", ofd::line(sealed, screen)));
        if let Some(members) = value.as_object_mut() {
            members.insert("ofd".to_owned(), ofd::value(sealed));
        }
    }
    screen.show(&text, &value)?;
    Ok(ExitCode::from(exit))
}

/// What a crash leaves beside the place of a certificate is sealed, and perhaps recorded.
fn unfinished(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let id = &certificate.evidence.request_id;
    let exchange = match screen.language {
        Language::Zh => format!("（依据交换 {id}）"),
        _ => format!(" (it rests on exchange {id})"),
    };
    match screen.language {
        Language::Zh => format!(
            "警告：文件名以 .part \
             结尾，说明签发没有完成，台账中可能没有这份证明的登记{exchange}：请勿据此办理；\
             经审计确认有登记后方可改名使用，否则请删除并重新签发"
        ),
        _ => format!(
            "WARNING: a file named `.part` is one whose issuing was not finished, and the ledger \
             may hold no record of it{exchange}: do not act on it; rename and use it only once an \
             auditor finds its record in the ledger, else delete it and issue again"
        ),
    }
}

/// The authority's root, where it is at hand: it must have signed a certificate that travels along.
fn ca(verifying: &Verifying) -> Result<Option<CertificateDer<'static>>, Failure> {
    if let Some(dir) = &verifying.dir {
        return Ok(Some(SystemHome::load(dir)?.ca().clone()));
    }
    let Some(path) = &verifying.ca else { return Ok(None) };
    let certificate = pem::certificate(&files::read_text(path)?);
    Ok(Some(certificate.map_err(|error| Failure::usage(&error, "根证书有误"))?))
}

fn root(verifying: &Verifying, now: SystemTime) -> Result<Root, Failure> {
    match verifying {
        Verifying { jwks: Some(path), .. } => {
            let set = JwkSet::parse(&files::read_text(path)?)
                .map_err(|error| Failure::usage(&error, "公钥集有误"))?;
            Ok(Root::Keys(set))
        }
        Verifying {
            directory: Some(directory), authority: Some(authority), ca: Some(ca), ..
        } => Ok(Root::Directory(Box::new(open_directory(directory, authority, ca, now)?))),
        Verifying { dir: Some(dir), .. } => {
            Ok(Root::Directory(Box::new(SystemHome::load(dir)?.directory(now)?)))
        }
        _ => Err(Failure::new(
            USAGE,
            "it is not said whose keys to trust",
            "未指明信任依据",
        )
        .remedy(
            "give `--dir` of a joined system, `--directory`, `--authority` and `--ca`, or `--jwks`",
            "请给出已接入系统的 `--dir`，或 `--directory`、`--authority` 与 `--ca`，或 `--jwks`",
        )),
    }
}
