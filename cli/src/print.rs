//! `print`: a certificate as a signed PDF or a sealed OFD, made in the folder of the system that
//! issued it.

mod ofd;
mod pdf;
pub(crate) mod settings;
mod stamp;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};
use zerotrip_certificates::{Demand, TrustRoot, judge};
use zerotrip_channel::{SystemHome, files, new_file};
use zerotrip_client::issued::Sealer;
use zerotrip_paper::Qr;
use zerotrip_qr::QrError;
use zerotrip_text::{Explain as _, Failure as Said};

use crate::folders::SystemDir;
use crate::qr;
use crate::render::{Failure, NOT_VERIFIED, Screen, USAGE};
use crate::written::write_new;
use settings::PaperSettings;

/// A certificate, and where its PDF or OFD goes.
#[derive(Args)]
pub(super) struct Printing {
    #[command(flatten)]
    system: SystemDir,
    /// The certificate's file, as this system issued it.
    file: PathBuf,
    /// The file of the PDF, or of the OFD where it ends with `.ofd`; it must not exist yet.
    #[arg(long)]
    out: PathBuf,
}

/// What is written.
struct Made {
    bytes: Vec<u8>,
    pages: usize,
    /// Why it has no time stamp, where one was wanted.
    note: Option<Said>,
    /// What programs are told of its kind.
    value: Value,
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
    let qr = qr_of(&home, record, now)?;
    let is_ofd = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ofd"));
    let made = if is_ofd {
        ofd::make(record, &home, &settings, qr.as_ref(), now)?
    } else {
        pdf::make(record, &home, &settings, qr, now).await?
    };
    write_new(out, &made.bytes, ("paper", "文件"))?;
    let mut said = format!(
        "{} {} ({} {})",
        screen.pick("written:", "已写入："),
        out.display(),
        made.pages,
        screen.pick("pages", "页")
    );
    if let Some(why) = &made.note {
        let words = screen.pick(why.what.en.as_str(), why.what.zh.as_str());
        said.push_str(&format!(
            "\n{} {words}",
            screen.pick("without a time stamp:", "没有时间戳：")
        ));
    }
    let mut value = json!({ "file": out.display().to_string(), "pages": made.pages });
    if let (Some(members), Value::Object(more)) = (value.as_object_mut(), made.value) {
        members.extend(more);
    }
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
