//! Texts: JSON of HTTP interfaces, dataset files and their manifests, check definitions.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use zerotrip_checks::definition::{Definition, is_part, pack};
use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::{DatasetFile, Manifest};
use zerotrip_sources::fuzzing;

use crate::repository;

/// An interface's answer: what is accepted is JSON to any other reader too.
pub fn json(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(rows) = fuzzing::json(text) else { return false };
    assert!(rows <= data.len());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "no JSON: {text}");
    true
}

pub fn json_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "{\"rows\":[{\"id\":\"330106199001011234\",\"n\":-1.50e+3,\"x\":null},\
         {\"id\":\"\\u738b\\ud83d\\ude00\"}],\"next\":\"/p?n=2\",\"total\":2}",
        r#"{"data":{"rows":[]},"ok":true,"e":[[],{},""]}"#,
        r#"["c2FsdA","name",{"a":[1,2.5,null,true,"\u738b"]}]"#,
        r#"["c2FsdA","name",18446744073709551615]"#,
        "[[[[[[[[1]]]]]]]]",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A dataset file: what is accepted can be stated.
pub fn dataset(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    match DatasetFile::parse(text, "dataset.toml") {
        Ok(file) => {
            let statement = file.to_statement(std::time::SystemTime::UNIX_EPOCH);
            assert!(statement.columns.len() <= MOST_COLUMNS);
            assert_eq!(statement.columns.len(), file.columns.len());
            assert!(zerotrip_proto::names::is_member(file.member()));
            true
        }
        Err(error) => {
            assert!(!error.faults.is_empty() && !error.to_string().is_empty());
            false
        }
    }
}

pub fn dataset_seeds() -> Vec<Vec<u8>> {
    let sources = [
        "kind = \"sqlite\"\npath = \"data/household.db\"\ntable = \"T_RK\"\nas_of = { table = \
         \"extract\", column = \"began_at\" }\n",
        "kind = \"csv\"\npath = \"a-*.csv\"\nencoding = \"gb18030\"\nas_of = \"modified\"\n",
    ];
    let file = |source: &&str| DATASET.replace("SOURCE\n", source).into_bytes();
    sources.iter().map(file).collect()
}

const DATASET: &str = r#"
[dataset]
id = "police.household"
name = { zh = "户籍登记", en = "Household register" }
sharing = "conditional"
most_age = "36h"
row_floor = 1000

[source]
SOURCE

[coverage]
regions = ["330100"]
since = "1984-01-01"
subjects = "registered_in:police.household"
text = { zh = "杭州市户籍人口", en = "residents registered in Hangzhou" }

[[column]]
name = "resident_id"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "father_id"
field = "FQSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = { "1" = "registered", "正常" = "registered", "2" = "moved_out" }

[[lookup]]
name = "kin"
columns = ["resident_id", "father_id"]
may_be_blank = ["father_id"]
"#;

/// What lies beside a drop.
pub fn manifest(data: &[u8]) -> bool {
    let Ok(manifest) = Manifest::read(data, "a.csv.manifest.toml") else { return false };
    let printed = manifest.to_text();
    assert_eq!(Manifest::read(printed.as_bytes(), "again").unwrap(), manifest);
    true
}

pub fn manifest_seeds() -> Vec<Vec<u8>> {
    let text = format!(
        "as_of = \"2026-11-22T00:30:00+08:00\"\nrows = 12\nsha256 = \"{}\"\n",
        "0a".repeat(32)
    );
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes);
    let wide = [0xff, 0xfe].into_iter().chain(wide).collect();
    vec![text.into_bytes(), wide]
}

/// A check's definition: every scan of what is accepted has its template.
pub fn definition(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(definition) = Definition::parse(text, "check") else { return false };
    for variant in &definition.variants {
        for (name, scan) in variant.scans() {
            let template = scan.template(&definition, &variant.name, name);
            assert_eq!(template.dataset, scan.dataset);
        }
    }
    true
}

pub fn definition_seeds() -> Vec<Vec<u8>> {
    let folder = repository::root().join("certs/definitions/no-property");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if is_part(&name) {
            files.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    vec![pack(&files, "no-property").unwrap().into_bytes()]
}
