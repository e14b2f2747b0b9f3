//! Small helpers that several modules share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::Utc;
use prost::Message as _;
use tempfile::TempDir;
use zerotrip_channel::SystemHome;
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::Conclusion;
use zerotrip_client::{CheckQuestion, Errand, Outcome, Session};
use zerotrip_datasets::DatasetFile;
use zerotrip_hub::engine::PreparedCheck;
use zerotrip_proto::DESCRIPTORS;
use zerotrip_proto::v1::{DatasetStatement, ErrorCode, ExchangeFact, GetFactRequest};
use zerotrip_tests::city::births::births;
use zerotrip_tests::city::contributions::contributions;
use zerotrip_tests::city::enterprises::enterprises;
use zerotrip_tests::city::fund::fund;
use zerotrip_tests::city::graduates::graduates;
use zerotrip_tests::city::grants::grants;
use zerotrip_tests::city::income_tax::income_tax;
use zerotrip_tests::city::licences::licences;
use zerotrip_tests::city::medical::medical;
use zerotrip_tests::city::purchase::buyers;
use zerotrip_tests::city::vessels::vessels;
use zerotrip_tests::city::{
    Answer, City, Outcome as Expected, SYSTEMS, Spec, System, Variant, day_in_china, imagine_asked,
    stated_day,
};
use zerotrip_tests::deployment::{BASIS, CITIES, FUND, PURPOSE, Plan, TestDeployment};

/// Every `/package.Service/Method` of our protos.
pub fn described_calls() -> BTreeSet<String> {
    let set = prost_types::FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut calls = BTreeSet::new();
    for file in &set.file {
        for service in &file.service {
            calls.extend(
                service.method.iter().map(|method| {
                    format!("/{}.{}/{}", file.package(), service.name(), method.name())
                }),
            );
        }
    }
    calls
}

/// A deployment in a folder of its own, which goes with it, and the city that it serves.
pub struct DeployedCity {
    pub deployment: TestDeployment,
    pub city: City,
    pub spec: Spec,
    _folder: TempDir,
}

/// Starts a whole installation over an invented city.
pub fn deploy(residents: usize, seed: u64) -> DeployedCity {
    deploy_in(residents, seed, SYSTEMS)
}

/// The same, with the four registers in these systems.
pub fn deploy_in(residents: usize, seed: u64, systems: [System; 4]) -> DeployedCity {
    let mut plan = Plan {
        hub_settings: "subject_per_hour = 1000000\nmember_per_minute = 10000000\n".into(),
        ..Plan::now(residents, seed)
    };
    plan.spec.systems = systems;
    start(plan)
}

/// The same, with this for `hub.toml`.
pub fn deploy_with(residents: usize, seed: u64, settings: &str) -> DeployedCity {
    start(Plan { hub_settings: settings.into(), ..Plan::now(residents, seed) })
}

fn start(plan: Plan) -> DeployedCity {
    let of = (plan.spec.residents, plan.spec.seed);
    assert!(
        CITIES.contains(&of),
        "{of:?} is tried on no other day than this one; add it to `CITIES`"
    );
    zerotrip_trust::tls::install_provider();
    let folder = tempfile::tempdir().unwrap();
    let deployment = TestDeployment::start(folder.path(), &plan, &mut |_| {}).unwrap();
    // The same spec gives the same city: this one is only read for its key.
    let city = zerotrip_tests::city::imagine(&plan.spec).unwrap();
    DeployedCity { deployment, city, spec: plan.spec, _folder: folder }
}

impl DeployedCity {
    /// The answer keys of every day on which it may have been asked by now: of two, where midnight
    /// has passed in China.
    pub fn keys(&self) -> Vec<City> {
        let days = self.spec.today.iter_days().take_while(|day| *day <= day_in_china(Utc::now()));
        days.map(|day| imagine_asked(&self.spec, day).unwrap()).collect()
    }

    pub fn cast(&self, role: &str) -> (String, &'static str) {
        let member = &self.city.cast[role];
        (member.applicant.as_str().to_owned(), member.variant.name())
    }

    /// How the fund's check about the one who owns nothing ends.
    pub fn exit_code(&self, variant: &str) -> i32 {
        let (applicant, _) = self.cast("nothing_owned");
        self.deployment.ask("check", FUND, variant, &applicant, &[]).unwrap().code
    }

    pub fn home(&self, member: &str) -> SystemHome {
        SystemHome::load(&self.deployment.folder.join(member)).unwrap()
    }

    pub async fn session(&self) -> Session {
        Session::connect(&self.home(FUND)).await.unwrap()
    }
}

pub fn errand() -> Errand {
    Errand {
        official: "0471".into(),
        service_item: "rent-withdrawal-330100".into(),
        purpose: PURPOSE.into(),
        legal_basis: BASIS.into(),
        case_number: "HZ-2026-000417".into(),
    }
}

pub fn question(variant: &str, applicant: &str) -> CheckQuestion {
    CheckQuestion {
        check: "no-property".into(),
        variant: variant.into(),
        parameters: vec![("applicant".into(), applicant.into())],
    }
}

/// An outcome in the words of the answer key: outcome, code, dataset.
pub fn in_words(outcome: &Outcome) -> (&'static str, String, String) {
    // Which registers could be read would tell why.
    let rests_on = match outcome {
        Outcome::Affirmed(_) => 0,
        Outcome::Negative(negative) => negative.proven.answer().sources.len(),
        Outcome::Unavailable(why) => why.proven.answer().sources.len(),
        Outcome::Denied(why) => why.proven.answer().sources.len(),
    };
    assert_eq!(rests_on, 0, "only a yes rests on sources");
    match outcome {
        Outcome::Affirmed(_) => ("true", String::new(), String::new()),
        Outcome::Negative(negative) => ("false", negative.reasons[0].code.clone(), String::new()),
        Outcome::Unavailable(why) => {
            ("unavailable", why.code.name().to_owned(), why.dataset.clone())
        }
        Outcome::Denied(why) => ("denied", why.code.name().to_owned(), String::new()),
    }
}

/// The answer key's entry in the same words.
pub fn expected(city: &City, applicant: &str, variant: Variant) -> (&'static str, String, String) {
    let id = zerotrip_datasets::ResidentId::new_strict(applicant).unwrap();
    let Answer { outcome, code, dataset, .. } = city.key[&(id, variant)];
    let word = match outcome {
        Expected::True => "true",
        Expected::False => "false",
        Expected::Unavailable => "unavailable",
    };
    // Why exactly is not the requester's to hear.
    let code = match code {
        "APPLICANT_DECEASED" => "NOT_ELIGIBLE",
        "SOURCE_UNREADABLE" | "OUTSIDE_COVERAGE" | "HAND_OVER_GAP" | "NO_COMMON_MOMENT"
        | "UNDATED" | "UNDETERMINED" => "UNSETTLED",
        other => other,
    };
    (word, code.to_string(), dataset.to_string())
}

/// What an exchange came to in full, as the authority reads it: code and dataset.
pub async fn fact(authority: &Session, exchange: &str) -> (String, String) {
    let request = GetFactRequest { exchange_id: exchange.to_owned(), place: None };
    let reply = authority.connection().ledger().get_fact(request).await.unwrap().into_inner();
    let fact = ExchangeFact::decode(reply.fact.as_slice()).unwrap();
    (fact.code().name().to_owned(), fact.dataset)
}

/// The answer key's fact: code and dataset.
pub fn expected_fact(city: &City, applicant: &str, variant: Variant) -> (String, String) {
    let id = zerotrip_datasets::ResidentId::new_strict(applicant).unwrap();
    let Answer { code, dataset, .. } = city.key[&(id, variant)];
    (code.to_string(), dataset.to_string())
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Every line of a department's journal.
pub fn journal(folder: &Path, member: &str) -> String {
    let mut text = String::new();
    let mut files: Vec<_> = std::fs::read_dir(folder.join(member).join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        text.push_str(&std::fs::read_to_string(file).unwrap());
    }
    text
}

/// The code of a refusal that came as a gRPC status.
pub fn code_of(status: &tonic::Status) -> ErrorCode {
    zerotrip_proto::Refusal::from_status(status).code
}

/// A small deterministic source of dice.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// True once in so many.
    pub fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }
}

/// What the owners of a city's registers state, but for `recorded_on`.
pub fn statements() -> BTreeMap<String, DatasetStatement> {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec::on(60, 1, stated_day());
    zerotrip_tests::city::generate(&spec, folder.path()).unwrap();
    contributions(&spec, System::Sqlite, folder.path()).unwrap();
    fund(&spec, [System::Sqlite; 2], folder.path()).unwrap();
    income_tax(&spec, System::Sqlite, folder.path()).unwrap();
    medical(&spec, System::Sqlite, folder.path()).unwrap();
    buyers(&spec, [System::Sqlite; 2], folder.path()).unwrap();
    grants(&spec, System::Sqlite, folder.path()).unwrap();
    licences(&spec, System::Sqlite, folder.path()).unwrap();
    births(&spec, System::Sqlite, folder.path()).unwrap();
    graduates(&spec, System::Sqlite, folder.path()).unwrap();
    enterprises(&spec, [System::Sqlite; 3], 60, folder.path()).unwrap();
    vessels(&spec, [System::Sqlite; 2], 60, folder.path()).unwrap();
    let files = [
        "police/household.toml",
        "civil/marriage.toml",
        "estate/ownership.toml",
        "housing/presale.toml",
        "social/contribution.toml",
        "fund/deposit.toml",
        "fund/account.toml",
        "tax/income.toml",
        "medical/insured.toml",
        "talent/certificate.toml",
        "court/restriction.toml",
        "civil/allowance.toml",
        "civil/minimum_living.toml",
        "social/injury_care.toml",
        "disabled/certificate.toml",
        "traffic/licence.toml",
        "traffic/measure.toml",
        "health/birth.toml",
        "veterans/person.toml",
        "education/graduate.toml",
        "employment/registration.toml",
        "market/registration.toml",
        "market/abnormal.toml",
        "market/serious.toml",
        "maritime/vessel.toml",
        "maritime/certificate.toml",
        "maritime/detention.toml",
        "survey/certificate.toml",
        "transport/vessel_permit.toml",
        "court/vessel_arrest.toml",
    ];
    let read = |file: &&str| {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        let mut dataset = DatasetFile::parse(&text, file).unwrap();
        // No register of the oracles says when a row got its present status.
        dataset.columns.retain(|column| column.name != "recorded_on");
        (dataset.id.clone(), dataset.to_statement(SystemTime::UNIX_EPOCH))
    };
    files.iter().map(read).collect()
}

/// The no-property check over a city's statements.
pub async fn prepared() -> PreparedCheck {
    prepared_from(|text| text).await
}

/// The same, after a change to the definition's text.
pub async fn prepared_from(change: impl FnOnce(String) -> String) -> PreparedCheck {
    let text = zerotrip_tests::deployment::no_property().unwrap();
    let definition = Definition::parse(&change(text), "no-property").unwrap();
    PreparedCheck::try_new(Arc::new(definition), &statements()).await.unwrap()
}

/// The same, over registers that do not state that column.
pub async fn prepared_without(column: &str) -> PreparedCheck {
    let text = zerotrip_tests::deployment::no_property().unwrap();
    let definition = Definition::parse(&text, "no-property").unwrap();
    let mut statements = statements();
    for statement in statements.values_mut() {
        statement.columns.retain(|stated| stated.name != column);
    }
    PreparedCheck::try_new(Arc::new(definition), &statements).await.unwrap()
}

/// `true`, `false PROPERTY_FOUND`, `unavailable UNDETERMINED`.
pub fn as_words(conclusion: &Conclusion) -> String {
    match conclusion {
        Conclusion::Proven(_) => "true".into(),
        Conclusion::Refuted(code) => format!("false {code}"),
        Conclusion::Unavailable(why) => format!("unavailable {}", why.code.name()),
    }
}

/// A folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, to).unwrap();
        }
    }
}
