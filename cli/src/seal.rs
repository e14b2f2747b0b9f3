//! `seal`: electronic seals (GB/T 38540), as the one who makes seals makes them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use serde_json::json;
use zerotrip_channel::{files, new_file};
use zerotrip_ofd::{Picture, Seal, SealTerms, Signers};
use zerotrip_text::{Explain as _, shown};

use crate::render::{Failure, Screen, USAGE, rfc3339};
use crate::sm2_files;
use crate::written::write_new;

/// Electronic seals.
#[derive(Subcommand)]
pub(super) enum SealCommand {
    /// Make an electronic seal of a picture, for those who may use it, with the seal maker's key.
    ///
    /// For tests, and for a seal maker of its own. An organ gets its seal from a licensed maker.
    Make(Box<MakingSeal>),
    /// Show what an electronic seal says. Its maker's signature must verify; whether the maker is
    /// trusted is not asked.
    Show {
        /// The seal's file, such as `organ.esl`.
        file: PathBuf,
    },
}

/// What a seal says, and who makes it.
#[derive(Args)]
pub(super) struct MakingSeal {
    /// The picture: a square PNG of 16 to 1,200 pixels on a side.
    #[arg(long)]
    picture: PathBuf,
    /// How long its sides are, in millimetres.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(10..=100))]
    millimetres: u32,
    /// The seal's name.
    #[arg(long)]
    name: String,
    /// The seal's number, such as 33010099000042.
    #[arg(long)]
    number: String,
    /// The seal's kind, by its maker's own list.
    #[arg(long, default_value_t = 1)]
    kind: u32,
    /// An SM2 certificate of one who may use it; may be given several times.
    #[arg(long = "signer", required = true, value_name = "CERTIFICATE")]
    signers: Vec<PathBuf>,
    /// Put the certificates into the seal whole, and not their SM3 digests.
    #[arg(long)]
    whole: bool,
    /// For how many days it holds, from now.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// The seal maker's private SM2 key.
    #[arg(long)]
    key: PathBuf,
    /// The seal maker's SM2 certificate.
    #[arg(long)]
    certificate: PathBuf,
    /// The seal's file, such as `organ.esl`, which must not exist yet.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn seal(command: SealCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        SealCommand::Make(making) => make(&making, screen),
        SealCommand::Show { file } => {
            let seal = sm2_files::seal(&file)?;
            show(&seal, None, screen)
        }
    }
}

fn make(making: &MakingSeal, screen: &Screen) -> Result<ExitCode, Failure> {
    new_file::check(&making.out)?;
    let refuse = |error: zerotrip_ofd::SealError| Failure::of(USAGE, error.explain());
    let signers = sm2_files::certificates(&making.signers)?;
    let signers = if making.whole {
        Signers::Certificates(signers.iter().map(|one| one.der().to_vec()).collect())
    } else {
        Signers::Digests(signers.iter().map(zerotrip_ofd::Sm2Certificate::digest).collect())
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let terms = SealTerms {
        number: making.number.clone(),
        name: making.name.clone(),
        kind: making.kind,
        signers,
        made_at: now,
        begins: now,
        ends: now.saturating_add(i64::from(making.days) * 86_400),
        picture: Picture::from_png(files::read(&making.picture)?, making.millimetres)
            .map_err(refuse)?,
    };
    let key = sm2_files::key(&making.key)?;
    let certificate = sm2_files::certificate(&making.certificate)?;
    let seal = Seal::make(terms, &key, &certificate).map_err(refuse)?;
    write_new(&making.out, seal.der(), ("seal", "电子印章"))?;
    show(&seal, Some(&making.out), screen)
}

fn show(seal: &Seal, out: Option<&PathBuf>, screen: &Screen) -> Result<ExitCode, Failure> {
    let terms = &seal.terms;
    let time = |seconds: i64| UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let name = shown(&terms.name);
    let mut lines = Vec::new();
    if let Some(out) = out {
        lines.push(format!("{} {}", screen.pick("written:", "已写入："), out.display()));
    }
    lines.push(format!("{} {name} ({})", screen.pick("seal:", "电子印章："), terms.number));
    lines.push(format!(
        "{} {} - {}",
        screen.pick("valid:", "有效期："),
        screen.time(time(terms.begins)),
        screen.time(time(terms.ends))
    ));
    let maker = seal.maker();
    lines.push(format!("{} {}", screen.pick("maker:", "制章人："), maker.subject()));
    let (list, of) = match &terms.signers {
        Signers::Certificates(list) => (
            list.iter().map(|der| hex::encode(zerotrip_ofd::sm3(der))).collect::<Vec<_>>(),
            screen.pick("signers (whole certificates, by SM3):", "签章人（证书，以 SM3 表示）："),
        ),
        Signers::Digests(list) => (
            list.iter().map(hex::encode).collect(),
            screen.pick("signers (by SM3 of their certificates):", "签章人（证书的 SM3）："),
        ),
    };
    lines.push(of.to_owned());
    lines.extend(list.iter().map(|digest| format!("  {digest}")));
    let value = json!({
        "file": out.map(|out| out.display().to_string()),
        "name": name,
        "number": terms.number,
        "kind": terms.kind,
        "made": rfc3339(time(terms.made_at)),
        "from": rfc3339(time(terms.begins)),
        "until": rfc3339(time(terms.ends)),
        "maker": maker.subject(),
        "maker_serial": maker.serial(),
        "signers_sm3": list,
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}
