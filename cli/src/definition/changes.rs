//! What changed between two lists, or two templates, in words.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use zerotrip_datasets::file::type_name;
use zerotrip_identification::Level;
use zerotrip_proto::v1::{ScanTemplate, key_origin::From as Origin};
use zerotrip_text::Bilingual;

/// What came to a list, and what went. `what` is the word for one of it.
pub(super) fn listed(
    what: (&str, &str),
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Vec<Bilingual> {
    let (en, zh) = what;
    let came = new
        .difference(old)
        .map(|name| Bilingual::new(format!("{en} `{name}` is new"), format!("新增{zh} `{name}`")));
    let went = old
        .difference(new)
        .map(|name| Bilingual::new(format!("{en} `{name}` is gone"), format!("取消{zh} `{name}`")));
    came.chain(went).collect()
}

/// How the person must have been identified, in the words of a definition.
fn identity(template: &ScanTemplate) -> String {
    let Some(terms) = &template.identity else { return "not asked".to_owned() };
    let level = Level::from_wire(terms.level).map_or("unknown", Level::name);
    format!("`{}` at {level} within {} s", terms.parameter, terms.within_seconds)
}

/// What an owner is asked to approve that is not what was approved.
pub(super) fn template_changes(old: &ScanTemplate, new: &ScanTemplate) -> Vec<Bilingual> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    let origins = |template: &ScanTemplate| -> BTreeSet<String> {
        let from = template.origins.iter().filter_map(|origin| origin.from.as_ref());
        from.map(|from| match from {
            Origin::Parameter(name) => name.clone(),
            Origin::Column(column) => format!("{} {}", column.dataset, column.column),
        })
        .collect()
    };
    let meanings = |template: &ScanTemplate| -> BTreeSet<String> {
        let known = template.meanings.iter();
        known
            .flat_map(|known| known.meanings.iter().map(|word| format!("{} {word}", known.column)))
            .collect()
    };
    let types = |template: &ScanTemplate| -> BTreeSet<String> {
        let types = template.types.iter();
        types
            .map(|typed| {
                let age = typed.least_age.map(|age| age.to_string());
                let first = typed.not_before.and_then(NaiveDate::from_epoch_days);
                format!(
                    "{} {} {} {} {} {} {}",
                    typed.column,
                    type_name(typed.r#type()),
                    typed.role().as_str_name(),
                    typed.persons.join(" "),
                    age.unwrap_or_default(),
                    typed.parents.join(" "),
                    first.map(|day| day.to_string()).unwrap_or_default(),
                )
            })
            .collect()
    };
    let claims = |template: &ScanTemplate| -> BTreeSet<String> {
        let claims = template.claims.iter();
        claims
            .map(|claim| format!("{} {} {}", claim.name, claim.r#type, claim.columns.join(" ")))
            .collect()
    };
    let parameters = |template: &ScanTemplate| -> BTreeSet<String> {
        let parameters = template.parameters.iter();
        parameters.map(|terms| format!("{} {:?}", terms.name, terms.r#type)).collect()
    };
    let mut found = Vec::new();
    for (what, old, new) in [
        (("column", "列"), set(&old.columns), set(&new.columns)),
        (("optional column", "可选列"), set(&old.optional), set(&new.optional)),
        (("origin of keys", "查询号码的来源"), origins(old), origins(new)),
        (("supplied column", "对外提供号码的列"), set(&old.supplies), set(&new.supplies)),
        (("value told to the requester", "告知查询方的内容"), claims(old), claims(new)),
        (("parameter of the request", "请求的参数"), parameters(old), parameters(new)),
        (("meaning", "代码含义"), meanings(old), meanings(new)),
        (("type or role", "类型或日期含义"), types(old), types(new)),
        (("look-up column", "检索列"), set(&old.lookup_columns), set(&new.lookup_columns)),
    ] {
        found.extend(listed(what, &old, &new));
    }
    let mut becomes = |en: &str, zh: &str, old: String, new: String| {
        if old != new {
            found.push(Bilingual::new(
                format!("{en} was {old}, is {new}"),
                format!("{zh}由 {old} 改为 {new}"),
            ));
        }
    };
    becomes("the identification", "身份核验要求", identity(old), identity(new));
    becomes("the check", "核验事项", old.check.clone(), new.check.clone());
    becomes("the look-up", "检索方式", old.lookup.clone(), new.lookup.clone());
    becomes("most persons", "最多人数", old.max_keys.to_string(), new.max_keys.to_string());
    becomes("most rows", "最多行数", old.max_rows.to_string(), new.max_rows.to_string());
    if old.rules_digest != new.rules_digest {
        found.push(Bilingual::new(
            "what the check makes of the rows: its SQL or its text changes",
            "核验如何使用记录：其 SQL 或定义文本有变化",
        ));
    }
    if found.is_empty() {
        found.push(Bilingual::new(
            "the order of its columns or origins, or a title, changes",
            "列或来源的顺序，或名称有变化",
        ));
    }
    found
}
