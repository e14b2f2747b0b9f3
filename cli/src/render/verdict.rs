//! What a certificate is good for: in words, by a word for programs, and as an exit code.

use serde_json::{Value, json};
use zerotrip_certificates::status::KnownStatus;
use zerotrip_certificates::{Judged, NoStatus, NotHolder, Verdict, VerdictKind};
use zerotrip_text::{Explain as _, shown};

use super::card::{card, certificate_json};
use super::screen::{Screen, rfc3339};

/// How `verify` ends.
pub(crate) fn exit_of(kind: VerdictKind) -> u8 {
    match kind {
        VerdictKind::Valid => 0,
        VerdictKind::Revoked => 10,
        VerdictKind::Suspended => 11,
        VerdictKind::Superseded => 12,
        VerdictKind::Expired => 13,
        VerdictKind::NotYetValid => 14,
        VerdictKind::UnknownStatus => 15,
        VerdictKind::WrongPurpose => 16,
        VerdictKind::WrongProfile => 17,
        VerdictKind::NotHolder => 18,
    }
}

/// What a verdict says in English and Chinese.
pub(super) fn said(
    verdict: &Verdict,
    status: Option<KnownStatus>,
    screen: &Screen,
) -> (String, String) {
    let as_of = status.map(|known| screen.time(known.as_of)).unwrap_or_default();
    let by_list = |en: &str, zh: &str| {
        let en = format!("{en} (by the issuer's list of {as_of})");
        (en, format!("{zh}（据签发单位 {as_of} 的名单）"))
    };
    let plain = |en: &str, zh: &str| (en.to_owned(), zh.to_owned());
    match verdict {
        Verdict::Valid if status.is_some() => by_list("VALID", "有效"),
        Verdict::Valid => {
            plain("VALID; it is of a kind that cannot be revoked", "有效；此类证明不能撤销")
        }
        Verdict::Revoked => by_list("REVOKED, for ever", "已撤销，不可恢复"),
        Verdict::Suspended => by_list("SUSPENDED, until that is lifted", "已暂停，待恢复"),
        Verdict::Superseded => by_list(
            "SUPERSEDED: another certificate, or what was registered later, has taken its place",
            "已被替代：已另发证明，或登记情况其后已有变化",
        ),
        Verdict::Expired => plain("EXPIRED", "已过有效期"),
        Verdict::NotYetValid => plain("NOT VALID YET", "尚未生效"),
        Verdict::UnknownStatus(why) => {
            let (en, zh) = match why {
                NoStatus::NoList => (
                    "no status list was given (`--status`)".to_owned(),
                    "未提供状态名单（`--status`）".to_owned(),
                ),
                NoStatus::List(error) => {
                    let what = error.explain().what;
                    (what.en, what.zh)
                }
            };
            (
                format!("UNKNOWN STATUS: whether it was revoked is not known: {en}"),
                format!("状态未知：不能确定是否已撤销：{zh}"),
            )
        }
        Verdict::WrongPurpose { shown: Some(found) } => {
            let found = shown(found);
            let en = format!("WRONG PURPOSE: it is for `{found}`");
            (en, format!("用途不符：此证明用于 `{found}`"))
        }
        Verdict::WrongPurpose { shown: None } => {
            plain("WRONG PURPOSE: it does not show what it is for", "用途不符：未出示其用途")
        }
        Verdict::NotHolder(why) => {
            let (en, zh) = match why {
                NotHolder::Unbound => ("it is bound to no key", "此证明未绑定密钥"),
                NotHolder::NoProof => ("there is no proof", "没有持有证明"),
                NotHolder::OtherAudience => {
                    ("the proof is for another verifier", "持有证明是给其他验证者的")
                }
                NotHolder::OtherNonce => ("the proof has another nonce", "持有证明中的随机数不符"),
                NotHolder::NotFresh => ("the proof is not of now", "持有证明不是此时所作"),
            };
            let en = format!("NOT THE HOLDER, as far as is shown: {en}");
            (en, format!("不能证明出示人就是持有人：{zh}"))
        }
        Verdict::WrongProfile { found } => {
            let found = found.map_or("-", zerotrip_certificates::Profile::name);
            let en = format!("WRONG PROFILE: it is of `{found}`");
            (en, format!("规范不符：此证明属于 `{found}`"))
        }
    }
}

/// A genuine certificate with its verdict: as a card, as JSON, and the exit code.
pub(crate) fn verdict(judged: &Judged, screen: &Screen) -> (String, Value, u8) {
    let (en, zh) = said(&judged.verdict, judged.status, screen);
    let text = format!("{}\n{}", screen.pick(&en, &zh), card(&judged.certificate, screen));
    let mut value = certificate_json(&judged.certificate);
    insert(&mut value, (&judged.verdict, judged.status), (&en, &zh));
    (text, value, exit_of(judged.verdict.kind()))
}

/// A verdict among what is said to programs.
pub(super) fn insert(
    value: &mut Value,
    (verdict, status): (&Verdict, Option<KnownStatus>),
    (en, zh): (&str, &str),
) {
    let status = status.map(|known| {
        json!({
            "value": known.value.word(), "as_of": rfc3339(known.as_of),
            "until": rfc3339(known.until),
        })
    });
    if let Some(members) = value.as_object_mut() {
        // For programs that look no further: only what counts is verified.
        members.insert("verified".to_owned(), (*verdict == Verdict::Valid).into());
        members.insert("verdict".to_owned(), verdict.kind().word().into());
        members.insert("reason".to_owned(), json!({ "en": en, "zh": zh }));
        members.insert("status".to_owned(), status.into());
    }
}
