//! `present`: a certificate with some of what it can show left out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use zerotrip_certificates::HolderKey;
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_channel::files;
use zerotrip_text::Explain as _;
use zerotrip_trust::keys::SigningKey;

use crate::render::{Failure, NOT_VERIFIED, Screen, USAGE};
use crate::written::write_new;

/// A certificate, and what of it is shown.
#[derive(Args)]
pub(super) struct Presenting {
    /// The certificate's file.
    file: PathBuf,
    /// Show this, such as `applicant` or `purpose`; repeat for each. What is not named is left out.
    #[arg(long, value_name = "NAME")]
    show: Vec<String>,
    /// Show nothing that can be left out.
    #[arg(long, conflicts_with = "show")]
    show_nothing: bool,
    /// The presentation's file, which must not exist yet.
    #[arg(long, required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Prove to have the key that the certificate is bound to: the file of the private key (PEM);
    /// with --audience and --nonce.
    #[arg(long, value_name = "KEY", requires = "audience", requires = "nonce")]
    holder_key: Option<PathBuf>,
    /// To whom: the verifier's address or name, as it says.
    #[arg(long, requires = "holder_key")]
    audience: Option<String>,
    /// The verifier's own word.
    #[arg(long, requires = "holder_key")]
    nonce: Option<String>,
    /// List what can be shown.
    #[arg(long, conflicts_with_all = ["show", "show_nothing", "out"])]
    list: bool,
}

pub(super) fn present(presenting: &Presenting, screen: &Screen) -> Result<ExitCode, Failure> {
    let token = SdJwt::parse(&files::read_text(&presenting.file)?)
        .map_err(|error| Failure::of(NOT_VERIFIED, error.explain()))?;
    let names: Vec<&str> = token.disclosed_names().collect();
    let Some(out) = &presenting.out else {
        screen.show(&names.join("\n"), &json!({ "can_show": names }))?;
        return Ok(ExitCode::SUCCESS);
    };
    if presenting.show.is_empty() && !presenting.show_nothing {
        return Err(Failure::new(USAGE, "it is not said what to show", "未指明要出示的内容")
            .remedy(
                "give `--show NAME` for each, or `--show-nothing`; `--list` says what there is",
                "请逐项填写 `--show`，或填写 `--show-nothing`；`--list` 可列出全部名称",
            ));
    }
    let keep: Vec<&str> = presenting.show.iter().map(String::as_str).collect();
    let shown = token.present(&keep).map_err(|error| {
        Failure::of(USAGE, error.explain())
            .remedy("see `--list` for what it can show", "请用 `--list` 查看可出示的名称")
    })?;
    let shown = match (&presenting.holder_key, &presenting.audience, &presenting.nonce) {
        (Some(file), Some(audience), Some(nonce)) => proven(&shown, file, (audience, nonce))?,
        _ => shown,
    };
    write_new(out, shown.to_string().as_bytes(), ("presentation", "出示文件"))?;
    let withheld: Vec<&&str> = names.iter().filter(|name| !keep.contains(name)).collect();
    let text = format!("{} {}", screen.pick("written:", "已写入："), out.display());
    screen.show(
        &text,
        &json!({ "file": out.display().to_string(), "shown": keep, "withheld": withheld }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// With the holder's proof, which must be by the key that the certificate is bound to.
fn proven(shown: &SdJwt, file: &Path, asked: (&str, &str)) -> Result<SdJwt, Failure> {
    let key = SigningKey::from_pkcs8_pem(&files::read_text(file)?)
        .map_err(|error| Failure::usage(&error, "持有人密钥有误"))?;
    let bound = shown.bind(&key, asked, SystemTime::now());
    let bound = bound.map_err(|error| Failure::of(USAGE, error.explain()))?;
    // As its verifier will: a key that is another's proves nothing.
    let claim = bound.claimed_holder().and_then(HolderKey::of_claim);
    if claim.is_none_or(|holder| holder.key() != key.public()) {
        let at = file.display();
        return Err(Failure::new(
            USAGE,
            format!("the certificate is not bound to the key in `{at}`"),
            format!("该证明未与 `{at}` 中的密钥绑定"),
        )
        .remedy("give the key that it was issued to", "请使用签发时所绑定的密钥"));
    }
    Ok(bound)
}
