//! `member`: who may join, who is let in, who is suspended.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use serde_json::{Value, json};
use zerotrip_authority::publishing::{self, StatusChange};
use zerotrip_authority::{Authority, Behind, NewMember};
use zerotrip_proto::v1::{KeyDirectory, Member, Status};

use crate::authority::show_published;
use crate::folders::AuthorityDir;
use crate::render::{Failure, Language, Screen, rfc3339, usage_zh};
use crate::renewals;
use crate::seal_certificate::{Certifying, seal_certificate};

const DAY: u64 = 86_400;
const NOT_CONFIRMED_EN: &str =
    "what the hub has not confirmed may not hold there: send it with `zerotrip authority refresh`";
const NOT_CONFIRMED_ZH: &str =
    "枢纽尚未确认的内容可能尚未生效：请执行 `zerotrip authority refresh` 重新发布";

#[derive(Subcommand)]
pub(super) enum MemberCommand {
    /// Invite a member's system: announces the invitation at the hub and writes it to a file, to be
    /// handed over like a password.
    ///
    /// A system that was admitted before can be invited again: admitted with the new invitation, it
    /// has new keys and certificates, and its earlier signing keys and TLS certificate count no
    /// more from that moment on, not before. To renew no more than its certificate, let it
    /// `renew` instead: its keys, and all that they signed, stay.
    Invite {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id: lower-case letters, digits and hyphens.
        #[arg(long)]
        member: String,
        /// The system's name within the member.
        #[arg(long)]
        system: String,
        /// The member's English name. Of a member that is known, the one that it has.
        #[arg(long)]
        name_en: Option<String>,
        /// The member's Chinese name; the same.
        #[arg(long)]
        name_zh: Option<String>,
        /// Give a member that is known these names in place of its own.
        #[arg(long)]
        rename: bool,
        /// The system is to administer for the authority.
        #[arg(long)]
        admin: bool,
        /// Days until the invitation ends.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=90))]
        days: u64,
        /// The invitation's file; must not exist yet, its folder must.
        #[arg(long)]
        out: PathBuf,
    },
    /// Admit a system that used its invitation: certifies it and publishes the directory that names
    /// it.
    Admit {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id.
        #[arg(long)]
        member: String,
        /// The system's name within the member.
        #[arg(long)]
        system: String,
        /// Seconds to wait for it to come.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
    },
    /// Renew the certificate of a system that asks for it, or of the hub: also one that has ended,
    /// or an administrator's. Its keys stay.
    Renew {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id.
        #[arg(long, required_unless_present = "hub", requires = "system")]
        member: Option<String>,
        /// The system's name within the member.
        #[arg(long, requires = "member")]
        system: Option<String>,
        /// The hub's own.
        #[arg(long, conflicts_with = "member")]
        hub: bool,
        /// Seconds to wait for it to ask.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
    },
    /// Certify a system's sealing key for wallets: the file goes into the system's folder as
    /// `seal.pem`.
    SealCertificate(Certifying),
    /// List members, their systems, and who is invited.
    List {
        #[command(flatten)]
        authority: AuthorityDir,
    },
    /// Suspend a member at once, everywhere.
    Suspend {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id.
        #[arg(long)]
        member: String,
    },
    /// Let a suspended member act again.
    Resume {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id.
        #[arg(long)]
        member: String,
    },
}

pub(super) async fn member(command: MemberCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        MemberCommand::Invite {
            authority,
            member,
            system,
            name_en,
            name_zh,
            rename,
            admin,
            days,
            out,
        } => {
            let new = NewMember {
                member: &member,
                system: &system,
                name_en: name_en.as_deref(),
                name_zh: name_zh.as_deref(),
                administrator: admin,
                rename,
            };
            invite(&authority.dir, &new, Duration::from_secs(days * DAY), &out, screen).await?;
        }
        MemberCommand::Admit { authority, member, system, wait } => {
            admit(&authority.dir, &member, &system, Duration::from_secs(wait), screen).await?;
        }
        MemberCommand::Renew { authority, member, system, hub, wait } => {
            let named = if hub { None } else { member.as_deref().zip(system.as_deref()) };
            renew(&authority.dir, named, Duration::from_secs(wait), screen).await?;
        }
        MemberCommand::SealCertificate(wanted) => seal_certificate(&wanted, screen)?,
        MemberCommand::List { authority } => {
            let (opened, behind) = publishing::members(&authority.dir).await?;
            list_members(&opened, behind.as_ref(), screen)?;
        }
        MemberCommand::Suspend { authority, member } => {
            set_status(&authority.dir, &member, Status::Suspended, screen).await?;
        }
        MemberCommand::Resume { authority, member } => {
            set_status(&authority.dir, &member, Status::Active, screen).await?
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn invite(
    dir: &Path,
    new: &NewMember<'_>,
    life: Duration,
    out: &Path,
    screen: &Screen,
) -> Result<(), Failure> {
    let invited = publishing::invite(dir, new, life, out).await?;
    let (uri, file) = (invited.invitation.system.uri(), out.display());
    let until = screen.time(invited.expires_at);
    let mut text = match screen.language {
        Language::Zh => format!("已邀请 {uri}，有效至 {until}；邀请在 {file}，请像密码一样交付"),
        _ => format!(
            "invited {uri} until {until}; the invitation is in {file}: hand it over like a \
             password"
        ),
    };
    if invited.again {
        text.push_str(screen.pick(
            "\n  note: this system is in the directory already. Its signing keys of today hold \
             until it is admitted with this invitation, and are revoked then, and its TLS \
             certificate counts no more then; if you meant another system, do not hand the \
             invitation over, and invite that one",
            "\n  注意：该系统已在密钥目录中。其现有签名密钥在凭此邀请获准入之前继续有效，\
             准入时即被撤销，其 TLS 证书亦同时失效；如本意是邀请另一系统，请勿交付此邀请，另行邀请",
        ));
    }
    if invited.suspended {
        text.push_str(screen.pick(
            "\n  note: its member is suspended, and stays so when the system is admitted; \
             `zerotrip member resume` ends that",
            "\n  注意：该成员单位已被暂停，系统准入后仍然如此；可用 `zerotrip member resume` 恢复",
        ));
    }
    let value = json!({
        "invited": uri, "expires_at": rfc3339(invited.expires_at),
        "file": out.display().to_string(), "known_already": invited.again,
        "member_suspended": invited.suspended,
    });
    screen.show(&text, &value)
}

async fn admit(
    dir: &Path,
    member: &str,
    system: &str,
    wait: Duration,
    screen: &Screen,
) -> Result<(), Failure> {
    let admitted = publishing::admit(dir, member, system, wait).await?;
    let (uri, revoked, published) = (&admitted.system, admitted.revoked, &admitted.published);
    let version = published.version;
    let text = match (revoked, screen.language) {
        (0, Language::Zh) => format!("已准入 {uri}（密钥目录第 {version} 版）"),
        (0, _) => format!("admitted {uri} (directory version {version})"),
        (_, Language::Zh) => {
            format!(
                "已准入 {uri}（密钥目录第 {version} 版）；其原有的 {revoked} 个签名密钥已撤销，原 \
                 TLS 证书已失效"
            )
        }
        (_, _) => format!(
            "admitted {uri} (directory version {version}); its {revoked} earlier signing keys are \
             revoked, and its earlier TLS certificate counts no more"
        ),
    };
    let value = json!({
        "admitted": uri, "version": version, "revoked_keys": revoked,
        "confirmed": published.confirmed,
        "unconfirmed": published.unconfirmed,
    });
    screen.show(&text, &value)
}

/// Of this member and system, or the hub's own.
async fn renew(
    dir: &Path,
    named: Option<(&str, &str)>,
    wait: Duration,
    screen: &Screen,
) -> Result<(), Failure> {
    let by_hand = publishing::renew_by_hand(dir, named, wait).await?;
    let (holder, until) = (&by_hand.renewed.holder, screen.time(by_hand.renewed.ends));
    let en = format!(
        "renewed {holder} until {until}; its keys are the same, and it takes the certificate up \
         by itself"
    );
    let zh = format!("已为 {holder} 续期至 {until}；其密钥不变，并将自动换用新证书");
    screen.note(screen.pick(&en, &zh));
    show_published(&by_hand.published, screen)
}

async fn set_status(
    dir: &Path,
    member: &str,
    status: Status,
    screen: &Screen,
) -> Result<(), Failure> {
    match publishing::set_status(dir, member, status).await? {
        StatusChange::Changed(published) => {
            let (en, zh) = match status {
                Status::Suspended => (format!("suspended {member}"), format!("已暂停 {member}")),
                _ => (format!("resumed {member}"), format!("已恢复 {member}")),
            };
            screen.note(screen.pick(&en, &zh));
            show_published(&published, screen)
        }
        StatusChange::Unchanged { version, issued } => {
            show_unchanged(screen, member, status, version, issued)
        }
    }
}

fn show_unchanged(
    screen: &Screen,
    member: &str,
    status: Status,
    version: u64,
    issued: Option<SystemTime>,
) -> Result<(), Failure> {
    let (en, zh) = zerotrip_authority::status(status);
    let since = issued.map(|time| screen.time(time)).unwrap_or_default();
    let text = match screen.language {
        Language::Zh => format!(
            "{member} 此前{zh}：枢纽现行的密钥目录第 {version} 版（{since} \
             签发）即如此；未作任何变更"
        ),
        _ => format!(
            "{member} is {en} already: so says directory version {version} of {since}, in force \
             at the hub; nothing has changed"
        ),
    };
    let value = json!({
        "published": Value::Null, "changed": false, "member": member,
        "active": status == Status::Active, "version": version,
        "issued_at": issued.map(rfc3339),
    });
    screen.show(&text, &value)
}

/// Whether the hub has confirmed that this member is suspended, or that it is not.
fn hub_knows(confirmed: Option<&KeyDirectory>, member: &Member) -> bool {
    let known = confirmed
        .and_then(|directory| directory.members.iter().find(|known| known.id == member.id));
    // A member that the hub does not know at all is active there in no sense; only its suspension
    // would be news.
    known.map_or(member.status() == Status::Active, |known| known.status() == member.status())
}

fn list_members(
    authority: &Authority,
    behind: Option<&Behind>,
    screen: &Screen,
) -> Result<(), Failure> {
    let directory = authority.directory();
    let state = |status: Status| match status {
        Status::Active => screen.pick("active", "正常"),
        _ => screen.pick("SUSPENDED", "已暂停"),
    };
    let confirmed = authority.confirmed_directory()?;
    let mut lines = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for member in &directory.members {
        let known = hub_knows(confirmed.as_ref(), member);
        let not_there = if known {
            ""
        } else {
            screen.pick("; THE HUB HAS NOT CONFIRMED THIS", "；枢纽尚未确认")
        };
        lines.push(format!(
            "{}  {}  {}{not_there}",
            member.id,
            screen.pick(&member.name_en, &member.name_zh),
            state(member.status())
        ));
        for system in &member.systems {
            let keys = system.keys.iter().filter(|key| key.revoked_at.is_none());
            let usages: Vec<String> = keys
                .map(|key| match screen.language {
                    Language::Zh => usage_zh(key.usage()).to_owned(),
                    _ => key.usage().as_str_name().to_ascii_lowercase(),
                })
                .collect();
            let administrator = if system.administrator {
                screen.pick(", administrator", "，管理员")
            } else {
                ""
            };
            lines.push(format!(
                "  {}  {}  ({}{administrator})",
                system.uri,
                state(system.status()),
                usages.join(", ")
            ));
        }
        let systems: Vec<&str> = member.systems.iter().map(|system| system.uri.as_str()).collect();
        let active = member.status() == Status::Active;
        values.push(json!({
            "id": member.id, "name_en": member.name_en, "name_zh": member.name_zh,
            "active": active, "confirmed": known, "systems": systems,
        }));
    }
    if values.iter().any(|value| value.get("confirmed") == Some(&Value::Bool(false))) {
        lines.push(screen.pick(NOT_CONFIRMED_EN, NOT_CONFIRMED_ZH).to_owned());
    }
    let invited = authority.invited(SystemTime::now())?;
    lines.extend(invited.iter().map(|uri| {
        format!("{} {uri}", screen.pick("invited, not admitted yet:", "已邀请，尚未准入："))
    }));
    if let Some(Behind { version, differs }) = behind {
        lines.push(match screen.language {
            Language::Zh => format!(
                "警告：枢纽的密钥目录为第 {version} \
                 版，并非本目录所签发：本目录是旧副本，以上内容已过时；请执行 `zerotrip authority \
                 refresh`"
            ),
            _ => format!(
                "WARNING: the hub has version {version} of the key directory, which this folder \
                 never signed: the folder is an older copy, and this list is out of date; run \
                 `zerotrip authority refresh`"
            ),
        });
        lines.extend(differs.iter().map(|one| format!("  {}", screen.pick(&one.en, &one.zh))));
    }
    let behind = behind.map(|behind| behind.version);
    let now = SystemTime::now();
    let endings = authority.endings(now)?;
    lines.extend(renewals::lines(&endings, now, screen));
    let ends = renewals::values(&endings, now);
    let value = json!({
        "version": directory.version, "members": values, "invited": invited, "behind": behind,
        "ends": ends,
    });
    screen.show(&lines.join("\n"), &value)
}
