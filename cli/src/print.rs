//! `print`: a certificate as a signed PDF, made in the folder of the system that issued it.

mod settings;
mod stamp;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use zerotrip_certificates::{Demand, TrustRoot, judge};
use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_channel::{SystemHome, files, new_file};
use zerotrip_client::issued::Sealer;
use zerotrip_paper::{Look, Qr, Stamp, print as make, verify_pdf};
use zerotrip_qr::QrError;
use zerotrip_text::{Explain as _, Failure as Said};

use crate::folders::SystemDir;
use crate::qr;
use crate::render::{Failure, NOT_VERIFIED, Screen, USAGE};
use settings::PaperSettings;

/// A certificate, and where its PDF goes.
#[derive(Args)]
pub(super) struct Printing {
    #[command(flatten)]
    system: SystemDir,
    /// The certificate's file, as this system issued it.
    file: PathBuf,
    /// The PDF's file, which must not exist yet.
    #[arg(long)]
    out: PathBuf,
}

/// Prints what verifies, and writes what would be accepted.
pub(super) async fn print(printing: &Printing, screen: &Screen) -> Result<ExitCode, Failure> {
    let Printing { system, file, out } = printing;
    new_file::check(out)?;
    let home = SystemHome::load(&system.dir)?;
    let settings = PaperSettings::read(&system.dir)?;
    let now = SystemTime::now();
    let text = files::read_text(file)?;
    let record = text.trim_end_matches(['\r', '\n']);
    let directory = home.directory(now)?;
    let demand = Demand {
        at: now,
        list: None,
        profile: None,
        purpose: None,
        holder: None,
        root: Some(home.ca()),
    };
    let invalid = |said: Said| {
        let at = file.display();
        let en = format!("nothing is printed: `{at}` is not a valid certificate: ");
        let zh = format!("未打印：`{at}` 不是有效的电子证明：");
        Failure::of(NOT_VERIFIED, said.within(&en, &zh))
    };
    let judged = judge(record, TrustRoot::Directory(&directory), demand);
    let judged = judged.map_err(|error| invalid(error.explain()))?;
    if now >= judged.certificate.valid_until {
        return Err(invalid(Said::new("it has expired", "已过期")));
    }
    let refuse = |said: Said| Failure::of(USAGE, said);
    let paper_error = |error: zerotrip_paper::PaperError| refuse(error.explain());
    let fonts = settings.fonts()?;
    let look = Look { seal: settings.seal()?, qr: qr_of(&home, record, now)? };
    let printed = make(record, &fonts, &look).map_err(paper_error)?;
    let sealer = Sealer::load(&home).map_err(|error| refuse(error.explain()))?;
    let certificate = sealer.certificate(&system.dir).map_err(|error| refuse(error.explain()))?;
    let stamp = if settings.tsa.is_some() { Stamp::Wanted } else { Stamp::None };
    let mut signed = printed.sign(&sealer.key, certificate, now, stamp).map_err(paper_error)?;
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
    let mut new = NewFile::reserve(out)?;
    new.fill(&bytes)?;
    new.place().map_err(|NotPlaced { part, error }| {
        let part = part.display();
        Failure::new(
            USAGE,
            format!("the PDF is in `{part}`: it could not be given its name: {error}"),
            format!("PDF 在 `{part}` 中，未能改为指定文件名：{error}"),
        )
        .remedy("move it yourself", "请自行移动该文件")
    })?;
    let mut said = format!(
        "{} {} ({} {})",
        screen.pick("written:", "已写入："),
        out.display(),
        printed.pages(),
        screen.pick("pages", "页")
    );
    if let Some(why) = &unstamped {
        let words = screen.pick(why.what.en.as_str(), why.what.zh.as_str());
        said.push_str(&format!(
            "\n{} {words}",
            screen.pick("without a time stamp:", "没有时间戳：")
        ));
    }
    let value = json!({
        "file": out.display().to_string(),
        "pages": printed.pages(),
        "time_stamp": settings.tsa.is_some() && unstamped.is_none(),
    });
    screen.show(&said, &value)?;
    Ok(ExitCode::SUCCESS)
}

/// The QR that is printed beside it; none of one that is bound to its holder's key, or that says
/// more than a QR has room for. What this system revoked is not printed.
fn qr_of(home: &SystemHome, record: &str, now: SystemTime) -> Result<Option<Qr>, Failure> {
    let directory = home.directory(now)?;
    let root = TrustRoot::Directory(&directory);
    let standing = qr::standing(home, record, root, now)?;
    let text = match zerotrip_qr::make(record, root, standing, &Sealer::load(home)?.key, now) {
        Ok(text) => text,
        Err(QrError::Bound | QrError::Unfit(_) | QrError::TooMuch { .. }) => return Ok(None),
        Err(error) => return Err(Failure::of(NOT_VERIFIED, error.explain())),
    };
    let matrix = zerotrip_qr::matrix(&text).map_err(|error| Failure::of(USAGE, error.explain()))?;
    let drawn = Qr::new(matrix.modules, matrix.size);
    drawn.map(Some).map_err(|error| Failure::of(USAGE, error.explain()))
}
