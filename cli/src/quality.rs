//! What a department's connector says is wrong with a dataset, as the catalog shows it: numbers by
//! column and kind.

use std::time::SystemTime;

use serde_json::{Value, json};
use zerotrip_datasets::quality::{STEP, validate};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{DatasetEntry, DatasetQuality, DatasetStatement, Envelope, QualityKind};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;

use crate::render::{Language, Screen, rfc3339};

/// What a system of the dataset's own member signed about its quality, under the statement that is
/// shown. `None` where it does not verify, or says more than it may.
pub(super) fn verified(
    envelope: &Envelope,
    entry: &DatasetEntry,
    statement: &DatasetStatement,
    directory: &Directory,
) -> Option<DatasetQuality> {
    let (quality, holder) =
        directory.open_signed::<DatasetQuality>(envelope, SystemTime::now()).ok()?;
    let owner = directory.owner_of(&statement.id)?;
    let ours =
        holder.member.as_deref() == Some(owner.id.as_str()) && holder.uri == quality.connector;
    let digest = dsse::payload_digest(entry.statement.as_ref()?);
    (ours
        && quality.statement_digest == digest
        && validate(&quality, &envelope.payload, statement).is_ok())
    .then_some(quality)
}

/// For people.
pub(super) fn lines(quality: &DatasetQuality, screen: &Screen) -> Vec<String> {
    let as_of =
        from_timestamp(quality.as_of.as_ref()).map(|time| screen.time(time)).unwrap_or_default();
    let (rows, spoilt) = (quality.rows, quality.spoilt_rows);
    let head = match (spoilt, screen.language) {
        (0, Language::Zh) => {
            format!("    数据质量：约 {rows} 行，截至 {as_of}；没有会使答复不可用的行")
        }
        (0, _) => format!(
            "    quality: about {rows} rows as of {as_of}; none could make an answer unavailable"
        ),
        (_, Language::Zh) => {
            format!(
                "    数据质量：约 {rows} 行，截至 {as_of}；{} 行可能使答复不可用{}",
                number(spoilt, screen),
                share(spoilt, rows, screen)
            )
        }
        (_, _) => {
            format!(
                "    quality: about {rows} rows as of {as_of}; {} could make an answer \
                 unavailable{}",
                number(spoilt, screen),
                share(spoilt, rows, screen)
            )
        }
    };
    let said = quality.entries.iter().map(|entry| {
        let place =
            if entry.column.is_empty() { screen.pick("rows", "整行") } else { &entry.column };
        let (en, zh) = words(entry.kind());
        let (number, share) = (number(entry.count, screen), share(entry.count, rows, screen));
        match screen.language {
            Language::Zh => format!("      {place}：{number} 处{zh}{share}"),
            _ => format!("      {place}: {number} {en}{share}"),
        }
    });
    let nothing = quality.proves_nothing.then(|| {
        let said = screen.pick(
            "      no yes can be given about any person: some rows could be about anyone, until \
             their owner corrects, declares or adjudicates them",
            "      对任何人都不能作出肯定答复：有记录可能属于任何人，须由数据提供单位更正、\
             声明或裁定",
        );
        said.to_owned()
    });
    std::iter::once(head).chain(nothing).chain(said).collect()
}

/// For machines.
pub(super) fn value(quality: &DatasetQuality) -> Value {
    let time = |time| from_timestamp(time).map(rfc3339);
    let findings: Vec<Value> = quality
        .entries
        .iter()
        .map(|entry| {
            json!({
                "column": entry.column, "kind": name(entry.kind()), "count": entry.count,
                "at_most": entry.count > 0,
                "rate": rate(entry.count, quality.rows),
            })
        })
        .collect();
    json!({
        "connector": quality.connector, "as_of": time(quality.as_of.as_ref()),
        "looked_at": time(quality.looked_at.as_ref()),
        "proves_nothing": quality.proves_nothing, "rows": quality.rows,
        "spoilt_rows": quality.spoilt_rows,
        "at_most": quality.spoilt_rows > 0,
        "spoilt_rate": rate(quality.spoilt_rows, quality.rows), "findings": findings,
    })
}

/// A bound, as the numbers are rounded up to tens.
fn number(count: u64, screen: &Screen) -> String {
    match screen.language {
        Language::Zh => format!("不超过 {count}"),
        _ => format!("at most {count}"),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate for people; registers are far below 2^52 rows"
)]
fn rate(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The least share that it can be, both numbers being rounded up; nothing of a few, which may be
/// one.
fn share(part: u64, whole: u64, screen: &Screen) -> String {
    let hundredths = part.saturating_sub(STEP - 1).saturating_mul(10_000) / whole.max(1);
    let share = format!("{}.{:02} %", hundredths / 100, hundredths % 100);
    match screen.language {
        _ if part <= STEP => String::new(),
        Language::Zh => format!("（至少 {share}）"),
        _ => format!(" (at least {share})"),
    }
}

fn name(kind: QualityKind) -> String {
    kind.as_str_name().trim_start_matches("QUALITY_KIND_").to_ascii_lowercase()
}

fn words(kind: QualityKind) -> (&'static str, &'static str) {
    match kind {
        QualityKind::Unreadable => ("cannot be read", "无法识读"),
        QualityKind::UnknownCode => ("hold a code that is not in the list", "代码不在清单内"),
        QualityKind::BlankCode => ("hold no code", "缺少代码"),
        QualityKind::LostId => ("hold no id, where one is expected", "缺少应有的证件号码"),
        QualityKind::IrregularId => {
            ("are spelled irregularly; they are found all the same", "写法不规范，仍可查得")
        }
        QualityKind::RoundedId => ("may have been rounded by a spreadsheet", "可能被电子表格取整"),
        QualityKind::NamedBeside => {
            ("name a person outside the look-ups", "在查询列之外出现身份号码")
        }
        QualityKind::ImplausibleDate => ("are days on which it cannot have been", "日期不可能为真"),
        QualityKind::EndOfCurrent => {
            ("say that something ended that goes on", "现势记录却有终止日期")
        }
        QualityKind::RaggedRow => ("have another width than the header", "列数与表头不符"),
        QualityKind::Unspecified => ("are of no known kind", "类别不明"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use zerotrip_proto::to_timestamp;
    use zerotrip_proto::v1::ColumnQuality;

    use super::*;

    #[test]
    fn it_is_said_in_both_languages_as_bounds_and_a_few_stay_a_few() {
        let when = Some(to_timestamp(SystemTime::UNIX_EPOCH));
        let entry = |column: &str, kind: QualityKind, count| ColumnQuality {
            column: column.into(),
            kind: kind.into(),
            count,
        };
        let quality = DatasetQuality {
            rows: 6300,
            spoilt_rows: 60,
            as_of: when,
            looked_at: when,
            entries: vec![
                entry("owner_id", QualityKind::Unreadable, 20),
                entry("", QualityKind::RaggedRow, 10),
            ],
            ..DatasetQuality::default()
        };
        let said = |language| lines(&quality, &Screen { json: false, language }).join("\n");
        let (en, zh) = (said(Language::En), said(Language::Zh));
        for part in [
            "6300 rows as of",
            "at most 60 could make an answer unavailable (at least 0.80 %)",
            "owner_id: at most 20 cannot be read (at least 0.17 %)",
            "rows: at most 10 have another width than the header",
        ] {
            assert!(en.contains(part), "{part}: {en}");
        }
        assert!(en.ends_with("than the header"), "of a few no least share is known: {en}");
        for part in [
            "6300 行",
            "不超过 60 行可能使答复不可用（至少 0.80 %）",
            "owner_id：不超过 20 处无法识读（至少 0.17 %）",
            "整行：不超过 10 处列数与表头不符",
        ] {
            assert!(zh.contains(part), "{part}: {zh}");
        }
        let value = value(&quality);
        assert_eq!(
            (value["findings"][1]["kind"].as_str(), value["findings"][1]["at_most"].as_bool()),
            (Some("ragged_row"), Some(true))
        );
        assert_eq!(
            (value["findings"][0]["at_most"].as_bool(), value["at_most"].as_bool()),
            (Some(true), Some(true))
        );
    }
}
