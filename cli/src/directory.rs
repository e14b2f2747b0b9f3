//! `directory`: the signed key directory, from this folder, from files or from the hub.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Subcommand;
use prost::Message as _;
use serde_json::json;
use zerotrip_channel::{SystemHome, files};
use zerotrip_client::Connection;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::x509::{self, pem};

use crate::folders::SystemDir;
use crate::render::{Failure, Language, Screen, rfc3339};
use crate::renewals;

#[derive(Subcommand)]
pub(super) enum DirectoryCommand {
    /// Show the key directory that is kept here, or one from files.
    Show {
        /// The folder of a system that joined.
        #[arg(long, env = "ZEROTRIP_DIR", required_unless_present = "file")]
        dir: Option<PathBuf>,
        /// A signed directory; with --authority and --ca.
        #[arg(long, requires = "authority", requires = "ca")]
        file: Option<PathBuf>,
        /// The authority's certificate.
        #[arg(long)]
        authority: Option<PathBuf>,
        /// The root certificate.
        #[arg(long)]
        ca: Option<PathBuf>,
    },
    /// Fetch the newest key directory from the hub, verify and keep it.
    Fetch {
        #[command(flatten)]
        system: SystemDir,
    },
}

pub(super) async fn directory(
    command: DirectoryCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    let directory = match command {
        DirectoryCommand::Fetch { system } => {
            Connection::open(&renewals::open_home(&system.dir, screen)?)
                .await?
                .fetch_directory()
                .await?
        }
        DirectoryCommand::Show {
            file: Some(file),
            authority: Some(authority),
            ca: Some(ca),
            ..
        } => open_directory(&file, &authority, &ca, now)?,
        DirectoryCommand::Show { dir, .. } => {
            SystemHome::load(&dir.unwrap_or_default())?.directory(now)?
        }
    };
    let head = match screen.language {
        Language::Zh => {
            format!(
                "密钥目录第 {} 版，{}，有效至 {}",
                directory.version(),
                directory.trust_domain(),
                screen.time(directory.expires_at())
            )
        }
        _ => format!(
            "directory version {} of {}, valid until {}",
            directory.version(),
            directory.trust_domain(),
            screen.time(directory.expires_at())
        ),
    };
    let mut lines = vec![head];
    let state = |active: bool| {
        if active { screen.pick("active", "正常") } else { screen.pick("SUSPENDED", "已暂停") }
    };
    for hub in directory.hubs() {
        lines.push(format!("  {}  {}", hub.uri, state(hub.active)));
    }
    for member in directory.members() {
        lines.push(format!(
            "  {}  {}  {}",
            member.id,
            screen.pick(&member.name_en, &member.name_zh),
            state(member.active)
        ));
        for system in directory.systems().iter().filter(|system| system.member == member.id) {
            let administrator = if system.administrator {
                screen.pick("  administrator", "  管理员")
            } else {
                ""
            };
            lines.push(format!("    {}  {}{administrator}", system.uri, state(system.active)));
        }
    }
    let systems = directory.systems().iter().map(
        |system| json!({ "uri": system.uri, "member": system.member, "active": system.active, "administrator": system.administrator }),
    );
    let members = directory
        .members()
        .iter()
        .map(|member| json!({ "id": member.id, "name_en": member.name_en, "name_zh": member.name_zh, "active": member.active }));
    let value = json!({
        "version": directory.version(),
        "trust_domain": directory.trust_domain(),
        "issued_at": rfc3339(directory.issued_at()),
        "expires_at": rfc3339(directory.expires_at()),
        "hubs": directory.hubs().iter().map(|hub| json!({ "uri": hub.uri, "active": hub.active })).collect::<Vec<_>>(),
        "members": members.collect::<Vec<_>>(),
        "systems": systems.collect::<Vec<_>>(),
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}

/// A signed directory out of files, verified from the root down.
pub(super) fn open_directory(
    directory: &Path,
    authority: &Path,
    ca: &Path,
    now: SystemTime,
) -> Result<Directory, Failure> {
    let certificate = |path: &Path| {
        let text = files::read_text(path)?;
        pem::certificate(&text).map_err(|error| {
            Failure::usage(&format!("`{}`: {error}", path.display()), "证书文件有误")
        })
    };
    let key = x509::authority_key_at(&certificate(authority)?, &certificate(ca)?, now);
    let key =
        key.map_err(|error| Failure::unverified(&format!("`{}`: {error}", authority.display())))?;
    let bytes = files::read(directory)?;
    let envelope = Envelope::decode(bytes.as_slice());
    let envelope = envelope.map_err(|error| {
        Failure::usage(&format!("`{}`: {error}", directory.display()), "密钥目录文件有误")
    })?;
    Directory::open(&envelope, &key, now, 0)
        .map_err(|error| Failure::unverified(&format!("`{}`: {error}", directory.display())))
}
