#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;

use zerotrip_hub::state::DefinitionFolder;

use super::kinds::Kind;
use super::{explanation, text};

/// The explanation of the shipped definition, in Chinese and in English.
fn shipped() -> (zerotrip_checks::definition::Definition, [String; 2]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions/no-property");
    let definition = DefinitionFolder::read(&folder).unwrap().definition().unwrap();
    let sections = explanation(&definition);
    let both = [text(&sections, |text| &text.zh), text(&sections, |text| &text.en)];
    (definition, both)
}

#[test]
fn a_lawyer_reads_of_every_register_meaning_and_kind_of_statement() {
    let (definition, [zh, en]) = shipped();
    for shape in &definition.datasets {
        let title = shape.title.as_ref().unwrap();
        assert!(zh.contains(&title.zh) && en.contains(&title.en), "{}", shape.id);
        let columns = shape.columns.keys().chain(shape.lookup.values().flatten());
        for column in columns {
            let words = &shape.words[column];
            assert!(zh.contains(&words.zh) && en.contains(&words.en), "{} {column}", shape.id);
        }
        // Each register has a part, and in it a line of each kind that it needs.
        let part = |text: &str, title: &str| {
            let from = text.find(title).unwrap();
            text[from..].split("\n\n").next().unwrap().to_owned()
        };
        let (zh, en) = (
            part(&zh, &format!("{}（`{}`）的数据提供单位须确认的内容", title.zh, shape.id)),
            part(&en, &format!("What the owner of {} (`{}`) must mean", title.en, shape.id)),
        );
        for kind in Kind::ALL {
            let has_optional = shape.id.starts_with("estate") || shape.id.starts_with("housing");
            if matches!(kind, Kind::Optional | Kind::HandedOver) && !has_optional {
                continue;
            }
            let name = kind.name();
            assert!(zh.contains(&format!("- {}：", name.zh)), "{} {kind:?}", shape.id);
            assert!(en.contains(&format!("- {}: ", name.en)), "{} {kind:?}", shape.id);
        }
    }
    for code in &definition.codes {
        let shape = definition.datasets.iter().find(|shape| shape.id == code.dataset).unwrap();
        for meaning in &code.meanings {
            let words = &shape.words[&format!("{}.{meaning}", code.column)];
            assert!(zh.contains(&format!("{}（`{meaning}`）", words.zh)), "{meaning}");
            assert!(en.contains(&format!("{} (`{meaning}`)", words.en)), "{meaning}");
        }
    }
    for variant in &definition.variants {
        assert!(zh.contains(&variant.title.zh) && en.contains(&variant.title.en));
        for (name, scan) in variant.scans() {
            assert!(en.contains(&format!("`{name}` asks")), "{name}");
            for key in scan.keys.iter().filter(|key| key.step != "request") {
                let step = variant.steps.iter().find(|step| step.name == key.step).unwrap();
                let title = step.title.as_ref().unwrap();
                assert!(en.contains(&title.en) && zh.contains(&title.zh), "{}", step.name);
            }
        }
    }
    for reason in &definition.reasons {
        assert!(zh.contains(&reason.citizen.zh) && en.contains(&reason.citizen.en));
    }
    assert!(!en.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
}

#[test]
fn what_is_concluded_from_silence_is_said_for_each_variant() {
    let (_, [zh, en]) = shipped();
    for said in [
        "it is concluded that in their whole life there was none",
        "it is concluded that in their life from the age of 15 on there was none",
        "it is concluded that in the last 18 years there was none",
        "Nothing is concluded from its silence",
        "is taken for proof that there is nothing",
    ] {
        assert!(en.contains(said), "{said}");
    }
    for said in ["即认定其自出生以来没有此类情形", "近 18 年内", "无记录时不作任何结论"]
    {
        assert!(zh.contains(said), "{said}");
    }
}

/// Whoever reads a shipped definition reads by which law it asks, and where somebody objects.
#[test]
fn every_shipped_definition_names_its_law_and_where_to_object() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions");
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = DefinitionFolder::read(&entry.unwrap().path()).unwrap();
        let definition = folder.definition().unwrap();
        let sections = explanation(&definition);
        let zh = text(&sections, |text| &text.zh);
        let en = text(&sections, |text| &text.en);
        assert!(!definition.basis.is_empty(), "{}", folder.origin);
        for law in &definition.basis {
            assert!(zh.contains(&law.zh) && en.contains(&law.en), "{}", folder.origin);
        }
        let objection = definition.objection.as_ref().unwrap();
        assert!(zh.contains(&objection.zh) && en.contains(&objection.en), "{}", folder.origin);
    }
}
