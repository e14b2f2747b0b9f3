//! A genuine QR, with what it is good for: as a card, as JSON, and the exit code.

use serde_json::{Value, json};
use zerotrip_qr::{FactText, Judged, Record, Unit, VerifiedQr};
use zerotrip_text::shown;

use super::names::{name_en, name_zh};
use super::screen::{Screen, rfc3339};
use super::verdict::{exit_of, insert, said};

/// What is shown of it.
pub(crate) fn qr_verdict(judged: &Judged, screen: &Screen) -> (String, Value, u8) {
    let (en, zh) = said(&judged.verdict, judged.status, screen);
    let text = format!("{}\n{}", screen.pick(&en, &zh), card(&judged.qr, screen));
    let mut value = qr_json(&judged.qr);
    insert(&mut value, (&judged.verdict, judged.status), (&en, &zh));
    (text, value, exit_of(judged.verdict.kind()))
}

fn card(qr: &VerifiedQr, screen: &Screen) -> String {
    let VerifiedQr { issuer, record } = qr;
    let mut lines = vec!["─".repeat(72)];
    let mut line = |en: &str, zh: &str, value: String| {
        lines.push(format!("  {} {value}", screen.pick(en, zh)))
    };
    line("QR of a certificate on:", "电子证明二维码，事项：", question(record));
    let named = |name: &str, value: &str| {
        format!("{} {}", screen.pick(name_en(name), name_zh(name)), shown(value))
    };
    for (name, values) in [("regions", &record.regions), ("asked", &record.asked)] {
        if !values.is_empty() {
            line("within:", "限于：", named(name, &values.join(", ")));
        }
    }
    let subject = record.subject.as_ref();
    let shows = subject
        .map(|subject| (subject.name.as_str(), &subject.id))
        .into_iter()
        .chain(record.purpose.as_ref().map(|purpose| ("purpose", purpose)))
        .chain(record.case_number.as_ref().map(|case| ("case_number", case)));
    for (name, value) in shows {
        line("shown:", "出示：", named(name, value));
    }
    for (name, value) in &record.facts {
        line("proven:", "已证明：", format!("{name}: {}", in_words(value, screen)));
    }
    if subject.is_none() {
        let nobody = screen.pick(
            "it shows nothing of whom it is about: by itself it proves nothing about the person \
             who presents it",
            "未出示任何有关当事人的内容：仅凭此件不能证明出示人的任何情况",
        );
        line("WARNING:", "警告：", nobody.to_owned());
    }
    line("oldest source:", "最早数据时点：", screen.time(record.as_of));
    let sealed_by = issuer.name.as_ref().map_or_else(
        || issuer.uri.clone(),
        |name| format!("{} ({})", screen.pick(&name.en, &name.zh), issuer.uri),
    );
    line("sealed by:", "签发单位：", sealed_by);
    if issuer.active == Some(false) {
        let note = screen.pick("the issuer is suspended today", "签发单位现已暂停");
        line("note:", "注意：", note.to_owned());
    }
    if let Some((serial, place)) = &record.listed {
        line("number:", "证明编号：", serial.to_string());
        line("status list:", "状态名单：", format!("{} #{}", place.uri, place.place));
    }
    line("valid from:", "有效期自：", screen.time(record.valid_from));
    line("valid until:", "有效期至：", screen.time(record.valid_until));
    line("of the certificate:", "所属电子证明：", hex::encode(record.digest));
    line("seal:", "签章：", screen.pick("verified", "已验证").to_owned());
    let evidence = screen.pick(
        "none: the certificate itself has it, and says more",
        "无：证据在电子证明中，内容以电子证明为准",
    );
    line("evidence:", "交换证据：", evidence.to_owned());
    lines.push("─".repeat(72));
    lines.join("\n")
}

fn in_words(value: &FactText, screen: &Screen) -> String {
    match value {
        FactText::Text(text) => shown(text),
        FactText::Number(months, Unit::Months) => {
            format!("{months} {}", screen.pick("months", "个月"))
        }
        FactText::Number(fen, Unit::Fen) => format!("CNY {}.{:02}", fen / 100, fen % 100),
        FactText::Number(count, Unit::Count) => count.to_string(),
        FactText::None => screen.pick("none on record", "无记录").to_owned(),
    }
}

fn question(record: &Record) -> String {
    format!("{}/{}", record.check, record.variant)
}

fn qr_json(qr: &VerifiedQr) -> Value {
    let VerifiedQr { issuer, record } = qr;
    let facts = record.facts.iter().map(|(name, value)| {
        let (value, unit) = match value {
            FactText::Text(text) => (Value::from(text.clone()), None),
            FactText::Number(number, unit) => (Value::from(*number), Some(unit.name())),
            FactText::None => (Value::Null, None),
        };
        json!({ "name": name, "value": value, "unit": unit })
    });
    json!({
        "form": "qr",
        "issuer": { "uri": issuer.uri, "active": issuer.active, "key_id": issuer.key_id },
        "vct": record.vct(),
        "check": record.check,
        "variant": record.variant,
        "scope": { "regions": record.regions, "asked": record.asked },
        "subject": record.subject.as_ref().map(|one| json!({ "name": one.name, "id": one.id })),
        "names_subject": record.subject.is_some(),
        "purpose": record.purpose,
        "case_number": record.case_number,
        "facts": facts.collect::<Vec<_>>(),
        "serial": record.listed.as_ref().map(|(serial, _)| serial.as_str()),
        "status_list": record.listed.as_ref().map(|(_, place)| {
            json!({ "uri": place.uri, "idx": place.place })
        }),
        "oldest_source": rfc3339(record.as_of),
        "sealed_at": rfc3339(record.sealed_at),
        "valid_from": rfc3339(record.valid_from),
        "valid_until": rfc3339(record.valid_until),
        "certificate_digest": hex::encode(record.digest),
    })
}
