//! `authority` and `member`: what the data authority does. Its folder signs; the hub only carries.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zerotrip_proto::v1::{
    AdmitRequest, Envelope, InviteRequest, KeyDirectory, ListJoinsRequest, Member, PendingJoin, PublishReply, PublishRequest, Status,
};
use zerotrip_proto::{from_timestamp, to_timestamp};
use zerotrip_trust::Digest;
use zerotrip_trust::identity::Identity;

use super::screen::{Failure, Language, NOT_SO, Screen, USAGE, rfc3339};
use super::zh;
use super::{grants, renewals};
use zerotrip_authority::{Authority, Behind, NewMember};
use zerotrip_channel::new_file::{NewFile, NotPlaced};
use zerotrip_client::Connection;
use zerotrip_client::answered;

pub(super) const DAY: u64 = 86_400;
/// Time between two looks at who waits for admission.
const POLL: Duration = Duration::from_millis(250);
const NOT_CONFIRMED_EN: &str = "what the hub has not confirmed may not hold there: send it with `zerotrip authority refresh`";
const NOT_CONFIRMED_ZH: &str = "枢纽尚未确认的内容可能尚未生效：请执行 `zerotrip authority refresh` 重新发布";

/// The authority's folder.
#[derive(Args)]
pub(super) struct AuthorityDir {
    /// The authority's folder, as `zerotrip authority init` made it.
    #[arg(long, env = "ZEROTRIP_AUTHORITY_DIR")]
    pub(super) dir: PathBuf,
}

#[derive(Subcommand)]
pub(super) enum AuthorityCommand {
    /// Make a new authority: root, directory key, administrator's system, first directory. Keep the folder off the hub's machine.
    Init {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The trust domain, such as `city.example`: in every name that is ever signed.
        #[arg(long)]
        trust_domain: String,
        /// The hub's name.
        #[arg(long)]
        hub: String,
        /// Where the hub will listen: `https://<host>:<port>`.
        #[arg(long)]
        url: String,
        /// Hours that a published directory may be relied upon; renew it in time with `authority refresh`.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720))]
        directory_life: u64,
    },
    /// Certify the hub that wrote `enrolment.toml` into its folder, and write there what it needs to start.
    EnrolHub {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The hub's folder.
        #[arg(long)]
        hub_dir: PathBuf,
        /// A DNS name of the hub; repeat for each [default: localhost].
        #[arg(long)]
        dns: Vec<String>,
        /// An IP address of the hub; repeat for each [default: 127.0.0.1].
        #[arg(long)]
        ip: Vec<IpAddr>,
    },
    /// Renew the authority's own certificates in place, before they end or after. Needs no hub; `refresh` does it by itself when it is time.
    Renew {
        #[command(flatten)]
        authority: AuthorityDir,
    },
    /// Sign the directory anew and publish it, before the last one runs out; and publish the newest grants, if the hub has not got them.
    ///
    /// Also renews the certificates of active systems and the hub that ask for it in their last 60 days, unless `renew_by_hand = true` stands
    /// in authority.toml, and says what will end.
    Refresh {
        #[command(flatten)]
        authority: AuthorityDir,
        /// Write the files only; do not call the hub.
        #[arg(long)]
        offline: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum MemberCommand {
    /// Invite a member's system: announces the invitation at the hub and writes it to a file, to be handed over like a password.
    ///
    /// A system that was admitted before can be invited again: admitted with the new invitation, it has new keys and certificates, and its
    /// earlier signing keys and TLS certificate count no more from that moment on, not before. To renew no more than
    /// its certificate, let it `renew` instead: its keys, and all that they signed, stay.
    Invite {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The member's id: lower-case letters, digits and hyphens.
        #[arg(long)]
        member: String,
        /// The system's name within the member.
        #[arg(long)]
        system: String,
        /// The member's English name.
        #[arg(long)]
        name_en: Option<String>,
        /// The member's Chinese name.
        #[arg(long)]
        name_zh: Option<String>,
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
    /// Admit a system that used its invitation: certifies it and publishes the directory that names it.
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
    /// Renew the certificate of a system that asks for it, or of the hub: also one that has ended, or an administrator's. Its keys stay.
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

pub(super) async fn authority(command: AuthorityCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    match command {
        AuthorityCommand::Init { authority, trust_domain, hub, url, directory_life } => {
            let life = Duration::from_secs(directory_life * 3600);
            let made = Authority::init(&authority.dir, &trust_domain, &hub, &url, life, now)?;
            let shown = authority.dir.display();
            let text = match screen.language {
                Language::Zh => format!(
                    "已建立 {trust_domain} 的数据主管部门目录 {shown}\n请妥善保管其中的 ca.key 与 authority.key：它们是一切信任之本"
                ),
                _ => format!(
                    "made the authority of {trust_domain} in {shown}\nguard ca.key and authority.key in it: all trust rests on them"
                ),
            };
            screen.show(
                &text,
                &json!({ "authority": made.home().uri(), "hub": made.home().hub.uri(), "version": made.directory().version }),
            )?;
        }
        AuthorityCommand::EnrolHub { authority, hub_dir, dns, ip } => {
            let dns = if dns.is_empty() && ip.is_empty() { vec!["localhost".to_owned()] } else { dns };
            let ip = if ip.is_empty() && dns == ["localhost"] { vec![IpAddr::V4(Ipv4Addr::LOCALHOST)] } else { ip };
            let enrolled = Authority::open_for_change(&authority.dir)?.enrol_hub(&hub_dir, &dns, &ip, now)?;
            let text = match screen.language {
                Language::Zh => format!("已登记枢纽 {}（密钥目录第 {} 版），可以启动", enrolled.uri, enrolled.version),
                _ => format!("enrolled {} (directory version {}); it can start", enrolled.uri, enrolled.version),
            };
            screen.show(&text, &json!({ "hub": enrolled.uri, "version": enrolled.version }))?;
        }
        AuthorityCommand::Renew { authority } => renewals::renew_own(&authority.dir, screen)?,
        AuthorityCommand::Refresh { authority, offline } => {
            let mut opened = Authority::open_for_change(&authority.dir)?;
            renewals::renew_own_if_due(&mut opened, screen)?;
            let connection = if offline { None } else { Some(Connection::open(opened.home()).await) };
            if let Some(Ok(connection)) = &connection
                && let Err(mut behind) = not_behind(&mut opened, connection).await
            {
                // The grants are asked about all the same: they may be behind as well, or ahead.
                if let Err(grants) = grants::send_newest(&opened, connection, screen).await {
                    behind.en.push_str(&format!("\n{}", grants.en));
                    behind.zh.push_str(&format!("\n{}", grants.zh));
                }
                return Err(behind);
            }
            if let Some(Ok(connection)) = &connection {
                renewals::renew_by_rule(&mut opened, connection, screen).await?;
            }
            renewals::note(&opened.endings(now)?, now, screen);
            let envelope = opened.sign_directory(now)?;
            let version = opened.directory().version;
            let Some(connection) = connection else {
                let text = match screen.language {
                    Language::Zh => format!("已签发密钥目录第 {version} 版（未发布）"),
                    _ => format!("signed directory version {version}; not published"),
                };
                screen.show(&text, &json!({ "version": version, "published": false }))?;
                return Ok(ExitCode::SUCCESS);
            };
            let connection = connection.map_err(|error| kept_directory(error.into()))?;
            let published = publish_directory(&opened, &connection, envelope).await;
            // Whatever became of the directory: a revocation must not wait for it.
            let sent = grants::send_newest(&opened, &connection, screen).await;
            show_directory(screen, version, &published?)?;
            sent?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn member(command: MemberCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        MemberCommand::Invite { authority, member, system, name_en, name_zh, admin, days, out } => {
            let (name_en, name_zh) = (name_en.as_deref(), name_zh.as_deref());
            let new = NewMember { member: &member, system: &system, name_en, name_zh, administrator: admin };
            invite(&authority.dir, &new, days, &out, screen).await?;
        }
        MemberCommand::Admit { authority, member, system, wait } => {
            return admit(&authority.dir, &member, &system, Duration::from_secs(wait), screen).await;
        }
        MemberCommand::Renew { authority, member, system, hub, wait } => {
            let named = match (hub, member, system) {
                (false, Some(member), Some(system)) => Some((member, system)),
                _ => None,
            };
            renew(&authority.dir, named, Duration::from_secs(wait), screen).await?;
        }
        MemberCommand::List { authority } => {
            let opened = Authority::open(&authority.dir)?;
            // Where the hub can be asked, an older copy does not pass for the newest.
            let behind = match Connection::open(opened.home()).await {
                Ok(connection) => connection.directory_envelope().await.ok().map(|theirs| opened.behind(&theirs)).transpose()?.flatten(),
                Err(_) => None,
            };
            list_members(&opened, behind.as_ref(), screen)?;
        }
        MemberCommand::Suspend { authority, member } => set_status(&authority.dir, &member, Status::Suspended, screen).await?,
        MemberCommand::Resume { authority, member } => set_status(&authority.dir, &member, Status::Active, screen).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn invite(dir: &Path, new: &NewMember<'_>, days: u64, out: &Path, screen: &Screen) -> Result<(), Failure> {
    let now = SystemTime::now();
    let mut authority = Authority::open_for_change(dir)?;
    let mut file = NewFile::reserve(out)?;
    let invited = authority.invite(new, Duration::from_secs(days * DAY), now)?;
    let uri = invited.invitation.system.uri();
    let connection = Connection::open(authority.home()).await?;
    let announcement = InviteRequest {
        token_digest: invited.invitation.token_digest().to_vec(),
        system: uri.clone(),
        expires_at: Some(to_timestamp(invited.expires_at)),
    };
    file.fill(format!("{}\n", invited.invitation).as_bytes())?;
    answered(connection.authority().invite(announcement)).await?;
    authority.keep_invitation(&invited, now)?;
    file.place().map_err(|NotPlaced { part, error }| {
        let (part, out) = (part.display(), out.display());
        let en = format!("the invitation lies in `{part}`: it could not be given the name `{out}`: {error}; move it yourself");
        Failure::new(USAGE, en, format!("邀请现存于 `{part}`，未能改名为 `{out}`：{error}；请自行移动该文件"))
    })?;
    let (file, until) = (out.display(), screen.time(invited.expires_at));
    let mut text = match screen.language {
        Language::Zh => format!("已邀请 {uri}，有效至 {until}；邀请在 {file}，请像密码一样交付"),
        _ => format!("invited {uri} until {until}; the invitation is in {file}: hand it over like a password"),
    };
    if invited.again {
        text.push_str(screen.pick(
            "\n  note: this system is in the directory already. Its signing keys of today hold until it is admitted with this invitation, \
             and are revoked then, and its TLS certificate counts no more then; if you meant another system, do not hand the invitation \
             over, and invite that one",
            "\n  注意：该系统已在密钥目录中。其现有签名密钥在凭此邀请获准入之前继续有效，准入时即被撤销，其 TLS 证书亦同时失效；如本意是邀请另一系统，请勿交付此邀请，另行邀请",
        ));
    }
    if invited.suspended {
        text.push_str(screen.pick(
            "\n  note: its member is suspended, and stays so when the system is admitted; `zerotrip member resume` ends that",
            "\n  注意：该成员单位已被暂停，系统准入后仍然如此；可用 `zerotrip member resume` 恢复",
        ));
    }
    let value = json!({
        "invited": uri, "expires_at": rfc3339(invited.expires_at), "file": out.display().to_string(), "known_already": invited.again,
        "member_suspended": invited.suspended,
    });
    screen.show(&text, &value)
}

async fn admit(dir: &Path, member: &str, system: &str, wait: Duration, screen: &Screen) -> Result<ExitCode, Failure> {
    // Without the lock: waiting must not keep anybody from suspending a member.
    let authority = Authority::open(dir)?;
    let identity = Identity::system(&authority.directory().trust_domain, member, system);
    let uri = identity.map_err(|error| Failure::usage(&error, "名称有误"))?.uri();
    let connection = Connection::open(authority.home()).await?;
    let awaited = authority.awaited(&uri, SystemTime::now())?;
    let Some(pending) = wait_for(&connection, &uri, &awaited, wait).await? else {
        let en = format!("`{uri}` does not wait for admission; let it `join` with its invitation, or give `--wait`");
        return Err(Failure::new(NOT_SO, en, format!("`{uri}` 尚未申请接入；请其用邀请执行 `join`，或加 `--wait` 等待")));
    };
    let mut authority = Authority::open_for_change(dir)?;
    not_behind(&mut authority, &connection).await?;
    let admission = authority.admit(&pending, SystemTime::now())?;
    let reply = publish_directory(&authority, &connection, admission.directory).await?;
    let chain = admission.certificate_chain.iter().map(|certificate| certificate.to_vec()).collect();
    answered(connection.authority().admit(AdmitRequest { system: uri.clone(), certificate_chain: chain, token_digest: awaited.to_vec() }))
        .await?;
    let revoked = admission.revoked;
    let text = match (revoked, screen.language) {
        (0, Language::Zh) => format!("已准入 {uri}（密钥目录第 {} 版）", admission.version),
        (0, _) => format!("admitted {uri} (directory version {})", admission.version),
        (_, Language::Zh) => {
            format!("已准入 {uri}（密钥目录第 {} 版）；其原有的 {revoked} 个签名密钥已撤销，原 TLS 证书已失效", admission.version)
        }
        (_, _) => format!(
            "admitted {uri} (directory version {}); its {revoked} earlier signing keys are revoked, and its earlier TLS certificate counts \
             no more",
            admission.version
        ),
    };
    let value = json!({
        "admitted": uri, "version": admission.version, "revoked_keys": revoked, "confirmed": reply.confirmed,
        "unconfirmed": reply.unconfirmed,
    });
    screen.show(&text, &value)?;
    Ok(ExitCode::SUCCESS)
}

/// Of this member and system, or the hub's own.
async fn renew(dir: &Path, named: Option<(String, String)>, wait: Duration, screen: &Screen) -> Result<(), Failure> {
    let authority = Authority::open(dir)?;
    let (holder, connection) = match named {
        Some((member, system)) => {
            let holder = Identity::system(&authority.directory().trust_domain, &member, &system)
                .map_err(|error| Failure::usage(&error, "名称有误"))?;
            (holder, Connection::open(authority.home()).await?)
        }
        // The hub's own certificate may have ended: that is what brings one here.
        None => (authority.home().hub.clone(), Connection::open_to_ended_hub(authority.home()).await?),
    };
    let envelope = renewals::wait_for(&authority, &connection, &holder, wait).await?;
    let mut authority = Authority::open_for_change(dir)?;
    not_behind(&mut authority, &connection).await?;
    let renewed = renewals::renew_by_hand(&mut authority, &connection, &envelope).await?;
    let envelope = authority.sign_directory(SystemTime::now())?;
    let reply = publish_directory(&authority, &connection, envelope).await?;
    let until = screen.time(renewed.ends);
    let en = format!("renewed {} until {until}; its keys are the same, and it takes the certificate up by itself", renewed.holder);
    let zh = format!("已为 {} 续期至 {until}；其密钥不变，并将自动取用新证书", renewed.holder);
    screen.note(screen.pick(&en, &zh));
    show_directory(screen, authority.directory().version, &reply)
}

/// The join that used exactly this invitation: an older one of the same system may wait beside it.
async fn wait_for(connection: &Connection, uri: &str, awaited: &Digest, wait: Duration) -> Result<Option<PendingJoin>, Failure> {
    let started = Instant::now();
    loop {
        let joins = answered(connection.authority().list_joins(ListJoinsRequest {})).await?.joins;
        if let Some(pending) = joins.into_iter().find(|join| join.system == uri && join.token_digest == awaited) {
            return Ok(Some(pending));
        }
        if started.elapsed() >= wait {
            return Ok(None);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn set_status(dir: &Path, member: &str, status: Status, screen: &Screen) -> Result<(), Failure> {
    let mut authority = Authority::open_for_change(dir)?;
    let connection = Connection::open(authority.home()).await;
    if let Ok(connection) = &connection {
        not_behind(&mut authority, connection).await?;
    }
    let stands = authority.status(member)? == status
        && authority.confirmed_directory()?.is_some_and(|confirmed| stands_in(&confirmed, member, status));
    if stands {
        // What the hub confirmed once it may have lost since, restored from an older copy: its own word decides whether there is news.
        let connection = connection.map_err(|error| unasked(member, status, error.into()))?;
        let theirs = connection.key_directory().await.map_err(|error| unasked(member, status, error.into()))?;
        if stands_in(&theirs, member, status) {
            return show_unchanged(screen, member, status, &theirs);
        }
        let envelope = authority.set_status(member, status, SystemTime::now())?;
        return publish_status(&authority, &connection, (member, status), envelope, screen).await;
    }
    // Signed and kept even where the hub cannot be reached.
    let envelope = authority.set_status(member, status, SystemTime::now())?;
    let connection = connection.map_err(|error| kept_directory(error.into()))?;
    publish_status(&authority, &connection, (member, status), envelope, screen).await
}

/// Before anything is signed: a folder that is an older copy takes over what the hub has, says what differs, and changes nothing.
async fn not_behind(authority: &mut Authority, connection: &Connection) -> Result<(), Failure> {
    let theirs = connection.directory_envelope().await?;
    match authority.follow_directory(&theirs)? {
        Some(behind) => Err(older_folder(&behind)),
        None => Ok(()),
    }
}

fn older_folder(behind: &Behind) -> Failure {
    let Behind { version, differs } = behind;
    let en: String = differs.iter().map(|(en, _)| format!("\n  {en}")).collect();
    let zh: String = differs.iter().map(|(_, zh)| format!("\n  {zh}")).collect();
    Failure::new(
        USAGE,
        format!(
            "the hub has version {version} of the key directory, which this folder never signed: the folder is an older copy of the \
             authority's. The hub's directory is taken over into it, nothing is published, and your change is not made: look at `zerotrip \
             member list`, then give the command again. What differed:{en}"
        ),
        format!(
            "枢纽的密钥目录为第 {version} 版，并非本目录所签发，说明本目录是旧副本。现已改用枢纽的密钥目录，未发布任何内容，您的变更未执行：请查看 `zerotrip member list` 后重新执行。差异：{zh}"
        ),
    )
}

async fn publish_status(
    authority: &Authority,
    connection: &Connection,
    (member, status): (&str, Status),
    envelope: Envelope,
    screen: &Screen,
) -> Result<(), Failure> {
    let reply = publish_directory(authority, connection, envelope).await?;
    let (en, zh) = match status {
        Status::Suspended => (format!("suspended {member}"), format!("已暂停 {member}")),
        _ => (format!("resumed {member}"), format!("已恢复 {member}")),
    };
    screen.note(screen.pick(&en, &zh));
    show_directory(screen, authority.directory().version, &reply)
}

fn stands_in(directory: &KeyDirectory, member: &str, status: Status) -> bool {
    directory.members.iter().any(|known| known.id == member && known.status() == status)
}

fn status_words(status: Status) -> (&'static str, &'static str) {
    if status == Status::Suspended { ("suspended", "已被暂停") } else { ("active", "状态正常") }
}

/// The hub confirmed it before, and cannot be asked whether that still holds.
fn unasked(member: &str, status: Status, failure: Failure) -> Failure {
    let (en, zh) = status_words(status);
    let Failure { exit, en: why, zh: why_zh } = failure;
    Failure::new(
        exit,
        format!(
            "`{member}` is {en} already, as the hub has confirmed; whether it still knows could not be asked: {why}. Nothing has changed"
        ),
        format!("`{member}` 此前{zh}并经枢纽确认；现无法再次核实（{why_zh}）。未作任何变更"),
    )
}

fn show_unchanged(screen: &Screen, member: &str, status: Status, directory: &KeyDirectory) -> Result<(), Failure> {
    let (version, issued) = (directory.version, from_timestamp(directory.issued_at.as_ref()));
    let (en, zh) = status_words(status);
    let since = issued.map(|time| screen.time(time)).unwrap_or_default();
    let text = match screen.language {
        Language::Zh => format!("{member} 此前{zh}：枢纽现行的密钥目录第 {version} 版（{since} 签发）即如此；未作任何变更"),
        _ => format!("{member} is {en} already: so says directory version {version} of {since}, in force at the hub; nothing has changed"),
    };
    let value = json!({
        "published": Value::Null, "changed": false, "member": member, "active": status == Status::Active, "version": version,
        "issued_at": issued.map(rfc3339),
    });
    screen.show(&text, &value)
}

async fn publish_directory(authority: &Authority, connection: &Connection, envelope: Envelope) -> Result<PublishReply, Failure> {
    let request = PublishRequest { bundle: Some(envelope.clone()) };
    let reply = answered(connection.authority().publish_directory(request)).await.map_err(|error| kept_directory(error.into()))?;
    authority.directory_confirmed(&envelope)?;
    Ok(reply)
}

fn kept_directory(mut failure: Failure) -> Failure {
    failure.en.push_str(
        "; the new directory is signed, but the hub has not got it and goes by the old one: give the same command again, or \
         `zerotrip authority refresh`, once the hub answers",
    );
    failure
        .zh
        .push_str("；新密钥目录已签发，但枢纽尚未收到，仍按旧目录办理：请待枢纽恢复后重复本命令，或执行 `zerotrip authority refresh`");
    failure
}

fn show_directory(screen: &Screen, version: u64, reply: &PublishReply) -> Result<(), Failure> {
    let confirmed = reply.confirmed;
    let mut text = match screen.language {
        Language::Zh => format!("密钥目录第 {version} 版已生效，{confirmed} 个连接器已确认"),
        _ => format!("directory version {version} is in force; confirmed by {confirmed} connectors"),
    };
    for connector in &reply.unconfirmed {
        text.push_str(&format!("\n  {} {connector}", screen.pick("NOT confirmed by", "未确认：")));
    }
    let value = json!({ "published": "directory", "version": version, "confirmed": confirmed, "unconfirmed": reply.unconfirmed });
    screen.show(&text, &value)
}

/// Whether the hub has confirmed that this member is suspended, or that it is not.
fn hub_knows(confirmed: Option<&KeyDirectory>, member: &Member) -> bool {
    let known = confirmed.and_then(|directory| directory.members.iter().find(|known| known.id == member.id));
    // A member that the hub does not know at all is active there in no sense; only its suspension would be news.
    known.map_or(member.status() == Status::Active, |known| known.status() == member.status())
}

fn list_members(authority: &Authority, behind: Option<&Behind>, screen: &Screen) -> Result<(), Failure> {
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
        let not_there = if known { "" } else { screen.pick("; THE HUB HAS NOT CONFIRMED THIS", "；枢纽尚未确认") };
        lines.push(format!("{}  {}  {}{not_there}", member.id, screen.pick(&member.name_en, &member.name_zh), state(member.status())));
        for system in &member.systems {
            let keys = system.keys.iter().filter(|key| key.revoked_at.is_none());
            let usages: Vec<String> = keys
                .map(|key| match screen.language {
                    Language::Zh => zh::usage(key.usage()).to_owned(),
                    _ => key.usage().as_str_name().to_ascii_lowercase(),
                })
                .collect();
            let administrator = if system.administrator { screen.pick(", administrator", "，管理员") } else { "" };
            lines.push(format!("  {}  {}  ({}{administrator})", system.uri, state(system.status()), usages.join(", ")));
        }
        let systems: Vec<&str> = member.systems.iter().map(|system| system.uri.as_str()).collect();
        let active = member.status() == Status::Active;
        values.push(json!({ "id": member.id, "name_en": member.name_en, "name_zh": member.name_zh, "active": active, "confirmed": known, "systems": systems }));
    }
    if values.iter().any(|value| value.get("confirmed") == Some(&Value::Bool(false))) {
        lines.push(screen.pick(NOT_CONFIRMED_EN, NOT_CONFIRMED_ZH).to_owned());
    }
    let invited = authority.invited(SystemTime::now())?;
    lines.extend(invited.iter().map(|uri| format!("{} {uri}", screen.pick("invited, not admitted yet:", "已邀请，尚未准入："))));
    if let Some(Behind { version, differs }) = behind {
        lines.push(match screen.language {
            Language::Zh => format!("警告：枢纽的密钥目录为第 {version} 版，并非本目录所签发：本目录是旧副本，以上内容已过时；请执行 `zerotrip authority refresh`"),
            _ => format!(
                "WARNING: the hub has version {version} of the key directory, which this folder never signed: the folder is an older copy, and \
                 this list is out of date; run `zerotrip authority refresh`"
            ),
        });
        lines.extend(differs.iter().map(|(en, zh)| format!("  {}", screen.pick(en, zh))));
    }
    let behind = behind.map(|behind| behind.version);
    let now = SystemTime::now();
    let endings = authority.endings(now)?;
    lines.extend(renewals::lines(&endings, now, screen));
    let ends = renewals::values(&endings, now);
    let value = json!({ "version": directory.version, "members": values, "invited": invited, "behind": behind, "ends": ends });
    screen.show(&lines.join("\n"), &value)
}
