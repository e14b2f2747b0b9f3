//! `member seal-certificate`: a certificate of a system's sealing key, for wallets.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use zerotrip_authority::Authority;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_channel::new_file;
use zerotrip_trust::x509::{pem, validity_of};

use crate::folders::AuthorityDir;
use crate::render::{Failure, Screen, rfc3339};

/// Whose sealing key.
#[derive(Args)]
pub(super) struct Certifying {
    #[command(flatten)]
    authority: AuthorityDir,
    /// The member's id.
    #[arg(long)]
    member: String,
    /// The system's name within the member.
    #[arg(long)]
    system: String,
    /// The certificate's file; must not exist yet.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn seal_certificate(wanted: &Certifying, screen: &Screen) -> Result<(), Failure> {
    let Certifying { authority, member, system, out } = wanted;
    new_file::check(out)?;
    let authority = Authority::open(&authority.dir)?;
    let certificate = authority.certify_seal(member, system, SystemTime::now())?;
    let (_, ends) =
        validity_of(&certificate).map_err(|error| Failure::usage(&error, "证书有误"))?;
    let text = pem::encode(pem::CERTIFICATE, &certificate);
    files::write(out, text.as_bytes(), Secrecy::Public)?;
    let said = format!(
        "{} {} ({} {})",
        screen.pick("written:", "已写入："),
        out.display(),
        screen.pick("until", "有效至"),
        screen.time(ends)
    );
    let value = json!({ "file": out.display().to_string(), "until": rfc3339(ends) });
    screen.show(&said, &value)
}
