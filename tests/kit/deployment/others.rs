//! The departments of the checks beside the first: fourteen more, with registers of their own
//! kinds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use zerotrip_datasets::Key;

use crate::city::births::births;
use crate::city::contributions::contributions;
use crate::city::enterprises::{Enterprises, enterprises};
use crate::city::fund::fund;
use crate::city::graduates::graduates;
use crate::city::grants::grants;
use crate::city::income_tax::income_tax;
use crate::city::licences::licences;
use crate::city::medical::medical;
use crate::city::purchase::buyers;
use crate::city::vessels::{Vessel, vessels};
use crate::city::{Spec, System};

use super::{FUND, Failure, TestDeployment, run};

/// A department, its names, and the files of its datasets.
type Department = (&'static str, &'static str, &'static str, &'static [&'static str]);

pub const OTHERS: [Department; 13] = [
    ("civil", "", "", &["allowance.toml", "minimum_living.toml"]),
    (FUND, "", "", &["deposit.toml", "account.toml"]),
    (
        "social",
        "Social insurance agency",
        "社会保险经办机构",
        &["contribution.toml", "injury_care.toml"],
    ),
    ("tax", "Tax office", "税务局", &["income.toml"]),
    ("medical", "Medical insurance office", "医疗保障局", &["insured.toml"]),
    ("talent", "Talent office", "人才服务中心", &["certificate.toml"]),
    ("court", "Court", "人民法院", &["restriction.toml", "vessel_arrest.toml"]),
    ("disabled", "Disabled persons' federation", "残疾人联合会", &["certificate.toml"]),
    ("traffic", "Traffic police", "交通警察支队", &["licence.toml", "measure.toml"]),
    ("health", "Health commission", "卫生健康委员会", &["birth.toml"]),
    ("veterans", "Veterans affairs bureau", "退役军人事务局", &["person.toml"]),
    ("education", "Education bureau", "教育局", &["graduate.toml"]),
    ("employment", "Employment service", "就业服务中心", &["registration.toml"]),
];
/// Market supervision: of enterprises.
const MARKET: Department = (
    "market",
    "Market supervision administration",
    "市场监督管理局",
    &["registration.toml", "abnormal.toml", "serious.toml"],
);
/// How many enterprises there are.
const ENTERPRISES: usize = 200;

/// Those of vessels.
const VESSELS: [Department; 3] = [
    (
        "maritime",
        "Maritime safety administration",
        "海事局",
        &["vessel.toml", "certificate.toml", "detention.toml"],
    ),
    ("survey", "Ship survey body", "船舶检验中心", &["certificate.toml"]),
    ("transport", "Transport authority", "交通运输局", &["vessel_permit.toml"]),
];
/// The court, of vessels alone.
const ARRESTING: Department = ("court", "Court", "人民法院", &["vessel_arrest.toml"]);
/// How many vessels there are.
const MOST_VESSELS: usize = 120;

/// What is true of the enterprises and vessels of the other departments' registers.
#[derive(Debug)]
pub struct Others {
    pub enterprises: Enterprises,
    pub vessels: BTreeMap<Key, Vessel>,
}

/// Every department beside the first four, and those of these that have more registers.
pub(super) fn departments() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    all().map(|(member, _, _, files)| (*member, *files))
}

fn all() -> impl Iterator<Item = &'static Department> {
    OTHERS.iter().chain([&MARKET]).chain(&VESSELS)
}

impl TestDeployment {
    /// Makes the registers of all other departments, admits these where they are new, has each sign
    /// its datasets, and starts their connectors. Returns what is true of enterprises and vessels.
    pub fn join_others(
        &mut self,
        spec: &Spec,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Others, Failure> {
        tell("making the registers of fourteen more departments");
        let city = self.folder.join("city");
        let (one, two, three) = (System::Sqlite, [System::Sqlite; 2], [System::Sqlite; 3]);
        contributions(spec, one, &city)?;
        fund(spec, two, &city)?;
        income_tax(spec, one, &city)?;
        medical(spec, one, &city)?;
        buyers(spec, two, &city)?;
        grants(spec, one, &city)?;
        licences(spec, one, &city)?;
        births(spec, one, &city)?;
        graduates(spec, one, &city)?;
        let enterprises = enterprises(spec, three, ENTERPRISES, &city)?;
        let vessels = vessels(spec, two, MOST_VESSELS, &city)?;
        tell("inviting and admitting them; each signs its datasets");
        self.join(all())?;
        Ok(Others { enterprises, vessels })
    }

    /// The same of the departments that are asked about vessels, and of nothing else.
    pub fn join_vessels(&mut self, spec: &Spec) -> Result<BTreeMap<Key, Vessel>, Failure> {
        let vessels = vessels(spec, [System::Sqlite; 2], MOST_VESSELS, &self.folder.join("city"))?;
        self.join(VESSELS.iter().chain([&ARRESTING]))?;
        Ok(vessels)
    }

    fn join<'a>(
        &mut self,
        departments: impl Iterator<Item = &'a Department>,
    ) -> Result<(), Failure> {
        let city = self.folder.join("city");
        let mut attached = Vec::new();
        for (member, en, zh, files) in departments {
            let folder = front(member);
            let has_joined = self.folder.join(&folder).exists();
            if !has_joined {
                self.admit_front(member, (en, zh), &folder)?;
            }
            let counts = self.folder.join(&folder).join("state/rows");
            if counts.exists() && !self.connectors.contains_key(&folder) {
                fs::remove_dir_all(counts)?;
            }
            for file in *files {
                accept(&city.join(member).join(file))?;
            }
            let dir = self.path(&folder);
            let mut sign = vec!["sign".to_owned(), "--dir".to_owned(), dir];
            sign.extend(files.iter().map(|file| self.path(&format!("city/{member}/{file}"))));
            let sign: Vec<&str> = sign.iter().map(String::as_str).collect();
            run("zerotrip-connector", &sign, &self.folder)?.expect(0)?;
            if !self.connectors.contains_key(&folder) {
                self.start_connector(&folder)?;
            }
            attached.extend(files.iter().map(|file| {
                let name = file.trim_end_matches(".toml");
                format!("{member}.{name}")
            }));
        }
        let attached: Vec<&str> = attached.iter().map(String::as_str).collect();
        self.wait_attached(&attached)
    }

    fn admit_front(
        &self,
        member: &str,
        (en, zh): (&str, &str),
        folder: &str,
    ) -> Result<(), Failure> {
        // The fund is a member already: it gets a second system.
        let (en, zh) = if member == FUND {
            ("Provident fund centre", "住房公积金管理中心")
        } else {
            (en, zh)
        };
        self.admit_connector_in(member, (en, zh), folder)
    }
}

/// Says why rows that speak against a statement do not refute it.
fn accept(file: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(file)?;
    let word = "since_gap = \"the first year had few entries\"\nformer_numbers = \"the program \
                keeps what clerks once typed\"";
    if !text.contains("[accepted]") {
        fs::write(file, format!("{text}\n[accepted]\n{word}\n"))?;
    }
    Ok(())
}

/// The folder of a member's connector: the fund's own is that of its issuing system.
pub(super) fn front(member: &str) -> String {
    if member == FUND { format!("{FUND}-front") } else { member.to_owned() }
}
