//! `authority`: the data authority's folder, made, and kept in force at the hub.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use serde_json::json;
use zerotrip_authority::Authority;
use zerotrip_authority::publishing::{self, Progress, Published};
use zerotrip_text::{Bilingual, Explain as _};

use crate::folders::AuthorityDir;
use crate::grants::show_in_force;
use crate::render::{Failure, Language, Screen, rfc3339};
use crate::renewals;

#[derive(Subcommand)]
pub(super) enum AuthorityCommand {
    /// Make a new authority: root, directory key, administrator's system, first directory. Keep the
    /// folder off the hub's machine.
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
        /// Hours that a published directory may be relied upon; renew it in time with `authority
        /// refresh`.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720))]
        directory_life: u64,
    },
    /// Certify the hub that wrote `enrolment.toml` into its folder, and write there what it needs
    /// to start.
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
    /// Renew the authority's own certificates in place, before they end or after. Needs no hub;
    /// `refresh` does it by itself when it is time.
    Renew {
        #[command(flatten)]
        authority: AuthorityDir,
    },
    /// Sign the directory anew and publish it, before the last one runs out; and publish the newest
    /// grants, if the hub has not got them.
    ///
    /// Also renews the certificates of active systems and the hub that ask for it in their last 60
    /// days, unless authority.toml says `renew_by_hand = true`; and says what will end.
    Refresh {
        #[command(flatten)]
        authority: AuthorityDir,
        /// Write the files only; do not call the hub.
        #[arg(long)]
        offline: bool,
    },
}

pub(super) async fn authority(
    command: AuthorityCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    match command {
        AuthorityCommand::Init { authority, trust_domain, hub, url, directory_life } => {
            let life = Duration::from_secs(directory_life * 3600);
            let made = Authority::init(&authority.dir, &trust_domain, &hub, &url, life, now)?;
            let shown = authority.dir.display();
            let text = match screen.language {
                Language::Zh => format!(
                    "已建立 {trust_domain} 的数据主管部门目录 {shown}\n请妥善保管其中的 ca.key 与 \
                     authority.key：它们是一切信任之本"
                ),
                _ => format!(
                    "made the authority of {trust_domain} in {shown}\nguard ca.key and \
                     authority.key in it: all trust rests on them"
                ),
            };
            screen.show(
                &text,
                &json!({
                    "authority": made.home().uri(), "hub": made.home().hub.uri(),
                    "version": made.directory().version,
                }),
            )?;
        }
        AuthorityCommand::EnrolHub { authority, hub_dir, dns, ip } => {
            let dns =
                if dns.is_empty() && ip.is_empty() { vec!["localhost".to_owned()] } else { dns };
            let ip = if ip.is_empty() && dns == ["localhost"] {
                vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]
            } else {
                ip
            };
            let enrolled =
                Authority::open_for_change(&authority.dir)?.enrol_hub(&hub_dir, &dns, &ip, now)?;
            let text = match screen.language {
                Language::Zh => format!(
                    "已登记枢纽 {}（密钥目录第 {} 版），可以启动",
                    enrolled.uri, enrolled.version
                ),
                _ => format!(
                    "enrolled {} (directory version {}); it can start",
                    enrolled.uri, enrolled.version
                ),
            };
            screen.show(&text, &json!({ "hub": enrolled.uri, "version": enrolled.version }))?;
        }
        AuthorityCommand::Renew { authority } => {
            let mut authority = Authority::open_for_change(&authority.dir)?;
            let ends = authority.renew_own(now)?;
            let (uri, until) = (authority.home().uri(), screen.time(ends));
            let text = match screen.language {
                Language::Zh => format!(
                    "已续期数据主管部门自身的证书：{uri} 有效至 {until}；请执行 `zerotrip \
                     authority refresh` 发布"
                ),
                _ => format!(
                    "renewed the authority's own certificates: {uri} until {until}; publish with \
                     `zerotrip authority refresh`"
                ),
            };
            screen.show(&text, &json!({ "renewed": uri, "until": rfc3339(ends) }))?;
        }
        AuthorityCommand::Refresh { authority, offline } => {
            let refreshed =
                publishing::refresh(&authority.dir, offline, &mut |event| note(event, screen))
                    .await?;
            match refreshed.published {
                None => {
                    let version = refreshed.version;
                    let text = match screen.language {
                        Language::Zh => format!("已签发密钥目录第 {version} 版（未发布）"),
                        _ => format!("signed directory version {version}; not published"),
                    };
                    screen.show(&text, &json!({ "version": version, "published": false }))?;
                }
                Some((directory, grants)) => {
                    // Each result is shown, also where the other one failed.
                    let grants = grants.map(|grants| show_in_force(&grants, screen));
                    show_published(&directory?, screen)?;
                    grants??;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a refresh does on the way.
fn note(event: Progress, screen: &Screen) {
    let (en, zh) = match event {
        Progress::Endings(endings) => return renewals::note(&endings, SystemTime::now(), screen),
        Progress::OwnRenewed(ends) => {
            let until = screen.time(ends);
            (
                format!("renewed the authority's own certificates, until {until}"),
                format!("已自动续期数据主管部门自身的证书，有效至 {until}"),
            )
        }
        Progress::NotGranted(why) => (
            format!("a request for renewal is not granted: {why}"),
            format!("有一项续期申请未予办理：{why}"),
        ),
        Progress::NeedsHand { holder, why } => (
            format!(
                "{holder} asks for renewal, which the rule does not grant: {why}; grant it with \
                 `zerotrip member renew`"
            ),
            format!(
                "{holder} 申请续期，但不符合自动办理的条件（{why}）；如同意请执行 `zerotrip \
                 member renew`"
            ),
        ),
        Progress::Renewed { holder, ends } => {
            let until = screen.time(ends);
            (format!("renewed {holder} until {until}"), format!("已为 {holder} 续期至 {until}"))
        }
        Progress::NotHandedOver { holder, why } => {
            let zerotrip_text::Failure { what: Bilingual { en, zh }, remedy } = why.explain();
            let (then_en, then_zh) = remedy
                .map(|remedy| (format!("; {}", remedy.en), format!("；{}", remedy.zh)))
                .unwrap_or_default();
            (
                format!("{holder} could not be renewed: {en}{then_en}"),
                format!("未能为 {holder} 续期：{zh}{then_zh}"),
            )
        }
    };
    screen.note(screen.pick(&en, &zh));
}

pub(super) fn show_published(published: &Published, screen: &Screen) -> Result<(), Failure> {
    let Published { version, confirmed, unconfirmed } = published;
    let mut text = match screen.language {
        Language::Zh => format!("密钥目录第 {version} 版已生效，{confirmed} 个连接器已确认"),
        _ => {
            format!("directory version {version} is in force; confirmed by {confirmed} connectors")
        }
    };
    for connector in unconfirmed {
        text.push_str(&format!("\n  {} {connector}", screen.pick("NOT confirmed by", "未确认：")));
    }
    let value = json!({
        "published": "directory", "version": version, "confirmed": confirmed,
        "unconfirmed": unconfirmed,
    });
    screen.show(&text, &value)
}
