//! A verified certificate: as a card that a person at a counter can read, and as JSON.

use serde_json::{Value, json};
use zerotrip_certificates::{
    Among, Disclosed, Finding, Holder, Profile, Serial, VerifiedCertificate,
};
use zerotrip_text::{Bilingual, shown};

use super::names::{name_en, name_zh};
use super::outcome::{fact_line, facts_json};
use super::screen::{Language, Screen, rfc3339};

/// The certificate as a card.
pub(crate) fn card(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let pick = |text: &Bilingual| screen.pick(&text.en, &text.zh).to_owned();
    let mut lines = vec!["─".repeat(72), format!("  {}", pick(&certificate.title)), "─".repeat(72)];
    let mut line = |en: &str, zh: &str, value: String| {
        lines.push(format!("  {} {value}", screen.pick(en, zh)))
    };
    line("states:", "证明内容：", pick(&certificate.statement));
    line("asked about:", "查询范围：", pick(&certificate.persons));
    for (name, values) in &certificate.scope {
        let label = screen.pick(name_en(name), name_zh(name));
        line("within:", "限于：", format!("{label} {}", values.join(", ")));
    }
    if let Some(moment) = holds_as_of(certificate) {
        line("holds as of:", "结论时点：", moment.to_owned());
    }
    for (name, value) in &certificate.disclosed.claims {
        line(
            "shown:",
            "出示：",
            format!("{} {}", screen.pick(name_en(name), name_zh(name)), shown(value)),
        );
    }
    for fact in &certificate.disclosed.facts {
        line("proven:", "已证明：", fact_line(fact, screen).trim().to_owned());
    }
    let withheld = withheld(&certificate.disclosed, screen);
    if !withheld.is_empty() {
        line("withheld:", "未出示：", withheld.join(screen.pick(", ", "、")));
    }
    if !certificate.disclosed.names_subject() {
        line(
            "WARNING:",
            "警告：",
            screen
                .pick(
                    "it shows nothing of whom it is about: by itself it proves nothing about the \
                     person who presents it; ask for the disclosure",
                    "未出示任何有关当事人的内容：仅凭此件不能证明出示人的任何情况；请要求出示",
                )
                .to_owned(),
        );
    }
    for source in &certificate.sources {
        let coverage = screen.pick(&source.coverage_en, &source.coverage_zh);
        line(
            "source:",
            "数据源：",
            format!(
                "{} ({}) {} {}; {coverage}",
                source.dataset,
                source.owner,
                screen.pick("as of", "数据时点"),
                source.as_of
            ),
        );
    }
    let issuer = &certificate.issuer;
    // Offline only its URI is known.
    let sealed_by = issuer
        .name
        .as_ref()
        .map_or_else(|| issuer.uri.clone(), |name| format!("{} ({})", pick(name), issuer.uri));
    line("sealed by:", "签发单位：", sealed_by);
    if issuer.active == Some(false) {
        line(
            "note:",
            "注意：",
            screen
                .pick(
                    "the issuer is suspended today; it was not when it sealed this",
                    "签发单位现已暂停；签发时有效",
                )
                .to_owned(),
        );
    }
    if let Some(serial) = &certificate.serial {
        line("number:", "证明编号：", serial.to_string());
    }
    if let Some(profile) = certificate.profile {
        line("profile:", "规范：", profile.to_string());
    }
    if let Some(place) = &certificate.status {
        line("status list:", "状态名单：", format!("{} #{}", place.uri, place.place));
    }
    if let Some(holder) = &certificate.holder {
        let key = holder.key.key().id();
        let proven = match &holder.bound {
            None => screen.pick("not proven here", "未作持有证明").to_owned(),
            Some(proof) => {
                let (audience, nonce) = (shown(&proof.audience), shown(&proof.nonce));
                let made = screen.time(proof.made_at);
                match screen.language {
                    Language::Zh => format!("{made} 向 {audience} 证明（随机数 {nonce}）"),
                    _ => format!("proven to {audience} at {made} (nonce {nonce})"),
                }
            }
        };
        line("holder's key:", "持有人密钥：", format!("{key}; {proven}"));
    }
    line("issued:", "签发时间：", screen.time(certificate.issued_at));
    line("valid until:", "有效期至：", screen.time(certificate.valid_until));
    line("seal:", "签章：", screen.pick("verified", "已验证").to_owned());
    line("evidence:", "交换证据：", evidence(certificate, screen));
    lines.push("─".repeat(72));
    lines.join("\n")
}

/// What the certificate could show and this presentation does not.
fn withheld(disclosed: &Disclosed, screen: &Screen) -> Vec<String> {
    let named =
        disclosed.withheld.iter().map(|name| screen.pick(name_en(name), name_zh(name)).to_owned());
    let parameters = match (disclosed.withheld_parameters, screen.language) {
        (0, _) => None,
        (count, Language::Zh) => Some(format!("{count} 项查询参数（如申请人）")),
        (1, _) => Some("1 parameter of the question (such as the applicant)".to_owned()),
        (count, _) => Some(format!("{count} parameters of the question (such as the applicant)")),
    };
    let facts = match (disclosed.withheld_facts, screen.language) {
        (0, _) => None,
        (count, Language::Zh) => Some(format!("{count} 项证明内容的具体数值")),
        (1, _) => Some("1 value of what is proven".to_owned()),
        (count, _) => Some(format!("{count} values of what is proven")),
    };
    parameters.into_iter().chain(facts).chain(named).collect()
}

fn evidence(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let Finding { hub, request_id, answered_at, index, tree_size, directory_issued_at, among } =
        &certificate.evidence;
    let among = match (among, screen.language) {
        (None, _) => String::new(),
        (Some(Among { place, subjects }), Language::Zh) => {
            format!("；批量核验 {subjects} 人中的一人，序位 {place}")
        }
        (Some(Among { place, subjects }), _) => {
            format!("; one of {subjects} subjects of that exchange, in place {place}")
        }
    };
    let about = match certificate.disclosed.request {
        true => screen.pick(
            "; the answer is about exactly the person and purpose shown",
            "；答复确系针对所出示的人员与用途",
        ),
        false => screen.pick(
            "; the answer is about exactly what is shown and what is withheld",
            "；答复确系针对所出示及未出示的内容",
        ),
    };
    let answered = screen.time(*answered_at);
    let as_of = match (directory_issued_at, screen.language) {
        (Some(time), Language::Zh) => format!("密钥目录时点 {}", screen.time(*time)),
        (Some(time), _) => format!("keys as of the directory of {}", screen.time(*time)),
        (None, Language::Zh) => "公钥取自公钥集文件".to_owned(),
        (None, _) => "keys as of the key set's file".to_owned(),
    };
    match screen.language {
        Language::Zh => format!(
            "{hub} 于 {answered} 签名答复（交换编号 {request_id}），存证台账第 {index} 条（树大小 \
             {tree_size}）已验证{among}；{as_of}{about}"
        ),
        _ => format!(
            "signed by {hub} at {answered} (exchange {request_id}); in its ledger as entry \
             {index} of a signed tree of {tree_size}{among}; {as_of}{about}"
        ),
    }
}

/// The one moment that it is about: the earliest at which a source was read.
fn holds_as_of(certificate: &VerifiedCertificate) -> Option<&str> {
    let times = certificate.sources.iter().map(|source| source.as_of.as_str());
    times
        .filter_map(|text| Some((chrono::DateTime::parse_from_rfc3339(text).ok()?, text)))
        .min()
        .map(|(_, text)| text)
}

fn holder_json(holder: &Holder) -> Value {
    let bound = holder.bound.as_ref().map(|proof| {
        json!({
            "audience": proof.audience, "nonce": proof.nonce, "at": rfc3339(proof.made_at),
        })
    });
    json!({ "key_id": holder.key.key().id(), "proof": bound })
}

/// The certificate for machines.
pub(crate) fn certificate_json(certificate: &VerifiedCertificate) -> Value {
    let both = |text: &Bilingual| json!({ "en": text.en, "zh": text.zh });
    let Finding { hub, request_id, answered_at, index, tree_size, directory_issued_at, among } =
        &certificate.evidence;
    let among = among.map(|among| json!({ "place": among.place, "subjects": among.subjects }));
    let evidence = json!({
        "checked": true, "hub": hub, "request_id": request_id,
        "answered_at": rfc3339(*answered_at), "ledger_index": index,
        "tree_size": tree_size, "directory_issued_at": directory_issued_at.map(rfc3339),
        "among": among,
    });
    json!({
        "verified": true,
        "title": both(&certificate.title),
        "check": certificate.check,
        "variant": certificate.variant,
        "vct": certificate.vct,
        "statement": both(&certificate.statement),
        "persons": both(&certificate.persons),
        "scope": certificate.scope,
        "holds_as_of": holds_as_of(certificate),
        "sources": certificate.sources,
        "issuer": {
            "uri": certificate.issuer.uri, "active": certificate.issuer.active,
            "key_id": certificate.issuer.key_id,
        },
        "serial": certificate.serial.as_ref().map(Serial::as_str),
        "profile": certificate.profile.map(Profile::name),
        "status_list": certificate.status.as_ref().map(|place| {
            json!({ "uri": place.uri, "idx": place.place })
        }),
        "holder": certificate.holder.as_ref().map(holder_json),
        "issued_at": rfc3339(certificate.issued_at),
        "valid_from": rfc3339(certificate.valid_from),
        "valid_until": rfc3339(certificate.valid_until),
        "disclosed": certificate.disclosed.claims,
        "facts": facts_json(&certificate.disclosed.facts),
        "withheld_facts": certificate.disclosed.withheld_facts,
        "request_disclosed": certificate.disclosed.request,
        "names_subject": certificate.disclosed.names_subject(),
        "withheld": certificate.disclosed.withheld,
        "withheld_parameters": certificate.disclosed.withheld_parameters,
        "definition_digest": certificate.definition_digest,
        "policies": certificate.policies,
        "evidence": evidence,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::time::SystemTime;

    use zerotrip_certificates::Issuer;

    use super::*;

    fn certificate(disclosed: Disclosed) -> VerifiedCertificate {
        let text = |en: &str| Bilingual { en: en.into(), zh: "无".into() };
        let (issued_at, uri) =
            (SystemTime::UNIX_EPOCH, "spiffe://c.example/member/fund/system/window".to_owned());
        VerifiedCertificate {
            issuer: Issuer { uri, name: None, active: None, key_id: "k".into() },
            profile: None,
            serial: None,
            status: None,
            holder: None,
            leaf: None,
            issued_at,
            valid_from: issued_at,
            valid_until: issued_at,
            vct: "v".into(),
            check: "no-property".into(),
            variant: "couple".into(),
            title: text("t"),
            persons: text("p"),
            statement: text("s"),
            scope: [("regions".to_owned(), vec!["330100".to_owned()])].into(),
            sources: Vec::new(),
            definition_digest: String::new(),
            policies: Vec::new(),
            disclosed,
            evidence: Finding {
                hub: "h".into(),
                request_id: "r".into(),
                answered_at: issued_at,
                index: 0,
                tree_size: 1,
                directory_issued_at: None,
                among: None,
            },
        }
    }

    #[test]
    fn a_certificate_that_names_nobody_says_so() {
        let withheld = vec!["case_number".to_owned(), "purpose".into(), "request".into()];
        let bare =
            certificate(Disclosed { withheld, withheld_parameters: 1, ..Disclosed::default() });
        let said = |certificate: &VerifiedCertificate, language| {
            card(certificate, &Screen { json: false, language })
        };
        let (en, zh) = (said(&bare, Language::En), said(&bare, Language::Zh));
        for part in [
            "withheld: 1 parameter of the question (such as the applicant), case, purpose, the \
             signed request",
            "WARNING: it shows nothing of whom it is about",
        ] {
            assert!(en.contains(part), "{part}: {en}");
        }
        for part in [
            "未出示： 1 项查询参数（如申请人）、办件号、用途、签名的请求",
            "警告： 未出示任何有关当事人的内容",
            "限于： 地区 330100",
        ] {
            assert!(zh.contains(part), "{part}: {zh}");
        }
        let value = certificate_json(&bare);
        assert_eq!(
            (value["names_subject"].as_bool(), value["withheld_parameters"].as_u64()),
            (Some(false), Some(1))
        );
        assert_eq!(value["withheld"][2], "request");
        let claims = [("applicant".to_owned(), "X".to_owned())].into();
        let whole = certificate(Disclosed { claims, request: true, ..Disclosed::default() });
        for language in [Language::En, Language::Zh] {
            let card = said(&whole, language);
            assert!(
                !["WARNING", "withheld", "警告", "未出示"].iter().any(|word| card.contains(word)),
                "{card}"
            );
        }
        assert_eq!(certificate_json(&whole)["names_subject"].as_bool(), Some(true));
    }
}
