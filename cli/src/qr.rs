//! `qr`: the QR of a certificate, made by the organ that issued it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::{Demand, TrustRoot, judge};
use zerotrip_channel::{SystemHome, files};
use zerotrip_client::issued::{Register, Sealer};
use zerotrip_qr::{Matrix, Standing, make, matrix, png, svg};
use zerotrip_text::Explain as _;

use crate::folders::SystemDir;
use crate::render::{Failure, NOT_VERIFIED, Screen, USAGE};
use crate::written::write_new;

/// A certificate, and where its QR goes.
#[derive(Args)]
pub(super) struct Making {
    #[command(flatten)]
    system: SystemDir,
    /// The certificate's file, or a presentation's: what that leaves out, the QR leaves out.
    file: PathBuf,
    /// The QR's file, `.png` or `.svg`, which must not exist yet.
    #[arg(long, required_unless_present = "text", value_parser = drawing)]
    out: Option<PathBuf>,
    /// Print the QR's text as well.
    #[arg(long)]
    text: bool,
}

fn drawing(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("png" | "svg") => Ok(path),
        _ => Err("a QR is drawn as `.png` or `.svg`".to_owned()),
    }
}

pub(super) fn qr(making: &Making, screen: &Screen) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    let home = SystemHome::load(&making.system.dir)?;
    let directory = home.directory(now)?;
    let root = TrustRoot::Directory(&directory);
    let token = files::read_text(&making.file)?;
    let standing = standing(&home, &token, root, now)?;
    let text = make(&token, root, standing, &Sealer::load(&home)?.key, now);
    let text = text.map_err(|error| Failure::of(NOT_VERIFIED, error.explain()))?;
    let matrix = matrix(&text).map_err(|error| Failure::of(USAGE, error.explain()))?;
    let mut lines = Vec::new();
    if let Some(out) = &making.out {
        write(out, &matrix)?;
        lines.push(format!("{} {}", screen.pick("written:", "已写入："), out.display()));
    }
    let (version, level, size) = (matrix.version, matrix.level, matrix.size);
    lines.push(format!(
        "{} {version}-{level}, {size} × {size}",
        screen.pick("QR version:", "二维码版本：")
    ));
    if making.text {
        lines.push(text.to_string());
    }
    let value = json!({
        "file": making.out.as_ref().map(|out| out.display().to_string()),
        "version": version, "level": level.to_string(), "modules": size,
        "text": making.text.then(|| text.to_string()),
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}

/// What the system's register says of the certificate, where it has one.
pub(super) fn standing(
    home: &SystemHome,
    token: &str,
    root: TrustRoot<'_>,
    now: SystemTime,
) -> Result<Standing, Failure> {
    let Some(register) = Register::open(home)? else { return Ok(Standing::Unlisted) };
    let unverified = |said| Failure::of(NOT_VERIFIED, said);
    let judged =
        judge(token, root, Demand::at(now)).map_err(|error| unverified(error.explain()))?;
    let digest = SdJwt::parse(token).map_err(|error| unverified(error.explain()))?.digest();
    let serial = judged.certificate.serial.ok_or_else(|| {
        Failure::new(
            NOT_VERIFIED,
            "the certificate has no number, so this system's register does not know it",
            "该证明没有编号，本系统的签发登记簿中没有它",
        )
        .remedy("issue it again", "请重新签发")
    })?;
    register.in_force(serial.as_str(), &digest)?;
    Ok(Standing::InRegister)
}

fn write(out: &Path, matrix: &Matrix) -> Result<(), Failure> {
    let drawn = if out.extension().is_some_and(|ending| ending == "svg") {
        svg(matrix).into_bytes()
    } else {
        png(matrix).map_err(|error| Failure::usage(&error, "无法绘制二维码"))?
    };
    write_new(out, &drawn, ("QR", "二维码"))
}
