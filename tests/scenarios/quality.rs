//! What the catalog shows of what is wrong with the data: numbers by column and kind that the
//! department's connector signed, and nothing else.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use zerotrip_client::Connection;
use zerotrip_datasets::quality::told as in_tens;
use zerotrip_proto::v1::{
    ColumnQuality, DatasetQuality, DatasetStatement, Envelope, ListDatasetsRequest, QualityKind,
};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_tests::deployment::{FUND, run, values, wait_until};
use zerotrip_trust::dsse;

use crate::faults::{DeployedWithLiar, deploy_with_liar};
use crate::support::{DeployedCity, deploy, runtime};

fn listed(town: &DeployedCity, dataset: &str) -> Value {
    let listed = town
        .deployment
        .zerotrip(&["--json", "catalog", "list", "--dir", &town.deployment.path(FUND)])
        .unwrap()
        .expect(0)
        .unwrap();
    values(&listed.output).into_iter().find(|value| value["dataset"] == dataset).unwrap_or_default()
}

#[test]
fn the_catalog_counts_what_is_wrong_with_each_dataset_and_shows_none_of_it() {
    let town = deploy(400, 13);
    let mut quality = Value::Null;
    wait_until(
        Duration::from_secs(60),
        "every connector has looked at its rows, and the hub has asked",
        || {
            quality = listed(&town, "estate.ownership")["quality"].clone();
            let all = ["police.household", "civil.marriage", "housing.presale"];
            Ok(quality.is_object()
                && all.iter().all(|dataset| listed(&town, dataset)["quality"].is_object()))
        },
    )
    .unwrap();
    // What the owner sees at its own desk is what is said, in tens.
    let file = town.deployment.path("city/estate/ownership.toml");
    let checked = run("zerotrip-connector", &["--json", "check", &file], &town.deployment.folder)
        .unwrap()
        .expect(0)
        .unwrap();
    let checked: Value = serde_json::from_str(checked.output.trim()).unwrap();
    assert_eq!(
        quality["rows"].as_u64().unwrap(),
        zerotrip_connector::quality::rounded(checked["rows"].as_u64().unwrap())
    );
    assert_eq!(
        quality["spoilt_rows"].as_u64().unwrap(),
        in_tens(checked["spoilt_rows"].as_u64().unwrap())
    );
    let findings = checked["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    assert_eq!(quality["findings"].as_array().unwrap().len(), findings.len());
    for finding in findings {
        let same =
            |told: &&Value| told["column"] == finding["column"] && told["kind"] == finding["kind"];
        let told = quality["findings"].as_array().unwrap().iter().find(same).unwrap();
        assert_eq!(
            told["count"].as_u64().unwrap(),
            in_tens(finding["count"].as_u64().unwrap()),
            "{told} {finding}"
        );
    }
    // No example, masked or not, and no row's place leaves the department.
    let reply = runtime().block_on(async {
        let connection = Connection::open(&town.home(FUND)).await.unwrap();
        connection.catalog().list_datasets(ListDatasetsRequest {}).await.unwrap().into_inner()
    });
    let shown = format!(
        "{quality} {:?}",
        reply.datasets.iter().map(|entry| payload(entry.quality.as_ref())).collect::<Vec<_>>()
    );
    let examples = findings
        .iter()
        .flat_map(|finding| finding["examples"].as_array().unwrap())
        .map(|text| text.as_str().unwrap());
    for example in examples {
        assert!(!shown.contains(example), "{example}");
    }
    assert!(!shown.contains("****") && !shown.contains("row "), "{shown}");
    // For people, in both languages; of a few only the bound is known, and no share.
    let said = |language: &str| {
        let arguments =
            ["--lang", language, "catalog", "list", "--dir", &town.deployment.path(FUND)];
        town.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap().output
    };
    assert!(
        said("en").contains("at most 10 could make an answer unavailable\n")
            && said("en").contains("owner_id: "),
        "{}",
        said("en")
    );
    assert!(said("zh").contains("不超过 10 行可能使答复不可用\n"), "{}", said("zh"));
    town.deployment.stop().unwrap();
}

fn payload(envelope: Option<&Envelope>) -> String {
    envelope
        .map(|envelope| String::from_utf8_lossy(&envelope.payload).into_owned())
        .unwrap_or_default()
}

#[test]
fn what_a_connector_says_of_quality_is_shown_only_if_it_says_no_more_than_it_may() {
    let runtime = runtime();
    let DeployedWithLiar { town, told, .. } = deploy_with_liar(&runtime);
    let home = town.home("civil");
    let signed =
        std::fs::read(town.deployment.folder.join("civil/signed/civil.marriage.dsse")).unwrap();
    let statement: Envelope = prost::Message::decode(signed.as_slice()).unwrap();
    let (text, _) = dsse::peek(&statement, payload_type::DATASET).unwrap();
    let column = dsse::decode::<DatasetStatement>(text).unwrap().columns[0].name.clone();
    let now = Some(to_timestamp(SystemTime::now()));
    let good = |rows: u64| DatasetQuality {
        dataset: "civil.marriage".into(),
        connector: home.uri(),
        statement_digest: dsse::payload_digest(&statement).to_vec(),
        as_of: now,
        looked_at: now,
        rows,
        spoilt_rows: 10,
        entries: vec![ColumnQuality {
            column: column.clone(),
            kind: QualityKind::Unreadable.into(),
            count: 10,
        }],
        proves_nothing: false,
    };
    let sealed = |quality: &DatasetQuality, member: &str| {
        dsse::seal(payload_type::QUALITY, quality, &town.home(member).sign).unwrap()
    };
    let mut other = good(0);
    other.entries[0].column = "330106199001011234".into();
    let mut exact = good(0);
    exact.entries[0].count = 17;
    // Of several on one dataset the last is kept; none of those after the first may be.
    *told.lock().unwrap() = vec![
        sealed(&good(1000), "civil"),
        sealed(&other, "civil"),
        sealed(&exact, "civil"),
        sealed(&DatasetQuality { statement_digest: vec![0; 32], ..good(0) }, "civil"),
        sealed(&DatasetQuality { connector: town.home("estate").uri(), ..good(0) }, "civil"),
        sealed(&DatasetQuality { dataset: "estate.ownership".into(), ..good(0) }, "civil"),
        sealed(&good(0), "estate"),
    ];
    wait_until(Duration::from_secs(40), "the hub has asked again", || {
        Ok(listed(&town, "civil.marriage")["quality"]["rows"] == 1000)
    })
    .unwrap();
    assert_ne!(listed(&town, "estate.ownership")["quality"]["rows"], 0);
    let log = std::fs::read_to_string(town.deployment.folder.join("logs/hub.log")).unwrap();
    for why in [
        "names a column that the dataset does not have",
        "counts otherwise than in steps of 10",
        "under another statement",
        "another system's",
        "for which it does not answer",
    ] {
        assert!(log.contains(why), "{why}: {log}");
    }
    assert!(!log.contains("330106199001011234"));
    town.deployment.stop().unwrap();
}
