//! Renewing: what a system asks for (`renew`), what the authority renews (`authority renew`, `member renew`, and by rule with `authority
//! refresh`), and what is said beforehand of what ends.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use zerotrip_channel::SystemHome;
use zerotrip_proto::v1::{AdmitRenewalRequest, Envelope, ErrorCode, ListRenewalsRequest};
use zerotrip_trust::ending::{Ending, Said};
use zerotrip_trust::identity::Identity;

use super::screen::{Failure, NOT_SO, Screen, rfc3339};
use zerotrip_authority::{Authority, Renewed};
use zerotrip_client::answered;
use zerotrip_client::{Connection, SessionError};

/// Time between two looks at whether the authority has renewed, or at who waits.
const POLL: Duration = Duration::from_millis(500);

/// A system's folder; what of it ends soon, or has ended, is said on the way.
pub(super) fn open_home(dir: &Path, screen: &Screen) -> Result<SystemHome, Failure> {
    let home = SystemHome::load(dir).map_err(SessionError::from)?;
    let now = SystemTime::now();
    // One that has run out is replaced by the hub's newest before anything rests upon it.
    let directory = home.directory(now).ok();
    note(&home.endings(directory.as_ref()), now, screen);
    Ok(home)
}

/// Says on standard error what ends.
pub(super) fn note(endings: &[Ending], now: SystemTime, screen: &Screen) {
    for line in lines(endings, now, screen) {
        screen.note(&line);
    }
}

/// What is to be said of what ends, a line each.
pub(super) fn lines(endings: &[Ending], now: SystemTime, screen: &Screen) -> Vec<String> {
    let said = |Said { text, .. }: Said| format!("{}{}", screen.pick("WARNING: ", "警告："), screen.pick(&text.en, &text.zh));
    endings.iter().filter_map(|ending| ending.in_words(now)).map(said).collect()
}

/// The same for programs.
pub(super) fn values(endings: &[Ending], now: SystemTime) -> Vec<Value> {
    let due = endings.iter().filter(|ending| ending.is_due(now));
    due.map(|ending| json!({ "what": ending.what.en, "ends": rfc3339(ending.ends), "ended": ending.ends <= now })).collect()
}

/// `zerotrip renew`: files the request, and takes what the authority renewed. Exit code 1: asked, and not renewed yet.
pub(super) async fn renew(dir: &Path, wait: Duration, screen: &Screen) -> Result<ExitCode, Failure> {
    let home = SystemHome::load(dir).map_err(SessionError::from)?;
    let started = Instant::now();
    loop {
        if let Some(ends) = home.renew(SystemTime::now()).await.map_err(SessionError::from)? {
            let (uri, until) = (home.uri(), screen.time(ends));
            let (en, zh) =
                (format!("renewed: the certificate of {uri} holds until {until}"), format!("已续期：{uri} 的证书有效至 {until}"));
            screen.show(screen.pick(&en, &zh), &json!({ "renewed": uri, "until": rfc3339(ends) }))?;
            return Ok(ExitCode::SUCCESS);
        }
        if started.elapsed() >= wait {
            let text = screen.pick(
                "asked for, and not renewed yet: the authority renews it with `zerotrip authority refresh`, or with `zerotrip member renew`; then \
                 give the same command again",
                "已申请续期，尚未办理：请数据主管部门执行 `zerotrip authority refresh` 或 `zerotrip member renew`，然后重复本命令",
            );
            screen.show(text, &json!({ "renewed": Value::Null, "asked": home.uri() }))?;
            return Ok(ExitCode::from(NOT_SO));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// `zerotrip authority renew`.
pub(super) fn renew_own(dir: &Path, screen: &Screen) -> Result<(), Failure> {
    let mut authority = Authority::open_for_change(dir)?;
    let ends = authority.renew_own(SystemTime::now())?;
    tell_own(&authority, ends, screen)
}

fn tell_own(authority: &Authority, ends: SystemTime, screen: &Screen) -> Result<(), Failure> {
    let (uri, until) = (authority.home().uri(), screen.time(ends));
    let en = format!("renewed the authority's own certificates: {uri} until {until}; publish with `zerotrip authority refresh`");
    let zh = format!("已续期数据主管部门自身的证书：{uri} 有效至 {until}；请执行 `zerotrip authority refresh` 发布");
    screen.show(screen.pick(&en, &zh), &json!({ "renewed": uri, "until": rfc3339(ends) }))
}

/// For `refresh`, before the hub is called: with a desk whose certificate has ended it could not be.
pub(super) fn renew_own_if_due(authority: &mut Authority, screen: &Screen) -> Result<(), Failure> {
    let now = SystemTime::now();
    if authority.own_is_due(now)? {
        let ends = authority.renew_own(now)?;
        let until = screen.time(ends);
        let en = format!("renewed the authority's own certificates, until {until}");
        screen.note(screen.pick(&en, &format!("已自动续期数据主管部门自身的证书，有效至 {until}")));
    }
    Ok(())
}

/// For `refresh`: renews whoever waits and may be renewed by rule, and hands the certificates to the hub; says who waits for a hand. That
/// one cannot be renewed hinders no other, and no directory.
pub(super) async fn renew_by_rule(authority: &mut Authority, connection: &Connection, screen: &Screen) -> Result<(), Failure> {
    for envelope in waiting(connection).await? {
        let now = SystemTime::now();
        let asked = match authority.asked(&envelope, now) {
            Ok(asked) => asked,
            Err(error) => {
                let en = format!("a request for renewal is not granted: {error}");
                screen.note(screen.pick(&en, &format!("有一项续期申请未予办理：{error}")));
                continue;
            }
        };
        let holder = asked.holder.uri();
        if let Err(why) = authority.by_rule(&asked, now) {
            let en = format!("{holder} asks for renewal, which the rule does not grant: {why}; grant it with `zerotrip member renew`");
            let zh = format!("{holder} 申请续期，但不符合自动办理的条件（{why}）；如同意请执行 `zerotrip member renew`");
            screen.note(screen.pick(&en, &zh));
            continue;
        }
        let renewed = authority.renew(&asked, now)?;
        let (until, holder) = (screen.time(renewed.ends), renewed.holder.clone());
        match hand_over(connection, renewed).await {
            Ok(()) => {
                let en = format!("renewed {holder} until {until}");
                screen.note(screen.pick(&en, &format!("已为 {holder} 续期至 {until}")));
            }
            Err(error) => {
                let Failure { en, zh, .. } = error;
                screen.note(screen.pick(&format!("{holder} could not be renewed: {en}"), &format!("未能为 {holder} 续期：{zh}")));
            }
        }
    }
    Ok(())
}

/// The request of one who asks, once it is there. Without the folder's lock: waiting must not keep anybody from suspending a member.
pub(super) async fn wait_for(
    authority: &Authority,
    connection: &Connection,
    holder: &Identity,
    wait: Duration,
) -> Result<Envelope, Failure> {
    let started = Instant::now();
    loop {
        for envelope in waiting(connection).await? {
            if authority.asked(&envelope, SystemTime::now()).is_ok_and(|asked| asked.holder == *holder) {
                return Ok(envelope);
            }
        }
        if started.elapsed() >= wait {
            let uri = holder.uri();
            let en = format!(
                "`{uri}` does not ask for renewal with a key that holds; let it `renew` (a connector that serves asks by itself), or give \
                 `--wait`. Where its signing keys were revoked or have ended, invite it again"
            );
            let zh = format!(
                "`{uri}` 没有用有效的密钥申请续期；请其执行 `renew`（运行中的连接器会自动申请），或加 `--wait` 等待；如其签名密钥已撤销或到期，请重新邀请"
            );
            return Err(Failure::new(NOT_SO, en, zh));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// `zerotrip member renew`: renews it by hand, and hands it over.
pub(super) async fn renew_by_hand(authority: &mut Authority, connection: &Connection, envelope: &Envelope) -> Result<Renewed, Failure> {
    let now = SystemTime::now();
    let asked = authority.asked(envelope, now)?;
    let renewed = authority.renew(&asked, now)?;
    hand_over(connection, renewed.clone()).await?;
    Ok(renewed)
}

async fn waiting(connection: &Connection) -> Result<Vec<Envelope>, Failure> {
    match answered(connection.authority().list_renewals(ListRenewalsRequest {})).await {
        Ok(reply) => Ok(reply.renewals),
        // While its directory has ended the hub takes nothing but a newer one; they are renewed with the next refresh.
        Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::StaleBundle => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

async fn hand_over(connection: &Connection, renewed: Renewed) -> Result<(), Failure> {
    let certificate_chain = renewed.chain.iter().map(|certificate| certificate.to_vec()).collect();
    let request = AdmitRenewalRequest { holder: renewed.holder, certificate_chain };
    answered(connection.authority().admit_renewal(request)).await?;
    Ok(())
}
