//! Type metadata (SD-JWT VC, 4): what a wallet shows of certificates on a check, in both languages.
//! The type is a URN, so that no wallet fetches anything by it: the organ hands the document out.

use serde_json::{Value, json};
use zerotrip_checks::definition::Definition;
use zerotrip_text::Bilingual;

use crate::identified::identified_titles;

/// What every certificate has, with its label, and whether its holder can leave it out.
const COMMON: [(&str, &str, &str, bool); 11] = [
    ("title", "certificate", "证明名称", false),
    ("statement", "what it states", "证明内容", false),
    ("persons", "asked about", "查询范围", false),
    ("scope", "within", "限于", false),
    ("sources", "registers", "数据源", false),
    ("serial", "number", "证明编号", false),
    ("check", "check", "核验事项", false),
    ("variant", "variant", "核验范围", false),
    ("case_number", "case", "办件号", true),
    ("purpose", "purpose", "用途", true),
    ("request", "the signed request", "签名的请求", true),
];

/// The document of a check's certificate type.
pub fn type_metadata(definition: &Definition) -> Value {
    let both = |text: &Bilingual, name: &str| {
        json!([
            { "locale": "en", name: text.en },
            { "locale": "zh-CN", name: text.zh },
        ])
    };
    let claim = |name: &str, label: &Bilingual, can_withhold: bool| {
        json!({
            "path": [name],
            "display": both(label, "label"),
            "sd": if can_withhold { "always" } else { "never" },
        })
    };
    let named = |name: &str| Bilingual::new(name, name);
    let common = COMMON
        .iter()
        .map(|(name, en, zh, withhold)| claim(name, &Bilingual::new(*en, *zh), *withhold));
    // What was asked beside the person is in `scope`.
    let subjects = definition.parameters.iter();
    let subjects = subjects.filter(|one| definition.subject(&one.name).is_some()).map(|one| {
        let person = || Bilingual::new("applicant", "申请人");
        let label = one.title.clone().unwrap_or_else(|| match one.name.as_str() {
            "applicant" => person(),
            other => named(other),
        });
        claim(&one.name, &label, true)
    });
    let values = definition.claims.iter().map(|one| claim(&one.name, &one.title, true));
    let identified = identified_titles().into_iter().filter(|_| definition.identity.is_some());
    let values = values.chain(identified.map(|(name, title)| claim(name, &title, true)));
    let (title, statement) = (&definition.title, &definition.certificate.statement);
    json!({
        "vct": definition.certificate.vct,
        "name": title.en,
        "description": statement.en,
        "display": [
            { "locale": "en", "name": title.en, "description": statement.en },
            { "locale": "zh-CN", "name": title.zh, "description": statement.zh },
        ],
        "claims": subjects.chain(values).chain(common).collect::<Vec<_>>(),
    })
}
