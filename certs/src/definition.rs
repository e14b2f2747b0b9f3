//! Reads a check's definition: the text that owners and the authority review, and the only place that says what a check asks,
//! of whom, and what an absence in it means. Refuses what it does not know; whether the SQL is admissible is the hub's
//! `PreparedCheck` to say, for it has the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use zerotrip_proto::v1;
use zerotrip_trust::digest::{Digest, sha256};

/// Most steps of one variant.
pub const MOST_STEPS: usize = 32;
/// Most meanings of one column's codes.
pub const MOST_MEANINGS: usize = 1000;
/// Longest definition text, in bytes.
pub const MOST_TEXT: usize = 256 << 10;

/// A text that people read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// A check as its owners approved it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name in the catalog.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// Longest time from request to answer.
    pub deadline: Duration,
    /// What the requester must say.
    pub parameters: Vec<Parameter>,
    /// The question's forms, each with its own steps.
    pub variants: Vec<Variant>,
    /// What the codes of the datasets' columns may mean.
    pub codes: Vec<Code>,
    /// Owners' coverage statements that the check can test.
    pub coverage: Vec<CoverageRule>,
    /// Registers between which a record travels.
    pub hand_overs: Vec<HandOver>,
    /// Every reason that it can give.
    pub reasons: Vec<ReasonText>,
    /// What a true answer may be sealed as.
    pub certificate: CertificateTerms,
    /// SHA-256 of the text.
    pub digest: Digest,
    /// The text.
    pub text: String,
}

/// One thing the requester must say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its semantic type; `resident_id` today.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One form of the question.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name, such as `family`.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// In the order they run.
    pub steps: Vec<Step>,
}

/// One step: its rows are a table for the steps after it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The table's name.
    pub name: String,
    /// How its rows come to be.
    pub kind: StepKind,
}

/// How a step's rows come to be.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Asked of a department.
    Scan(Scan),
    /// Joined from what is there.
    Sql(String),
}

/// One question to one department.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Of which dataset.
    pub dataset: String,
    /// By which look-up.
    pub lookup: String,
    /// Which columns, after the look-up's own.
    pub columns: Vec<String>,
    /// Columns where a NULL makes the row unreadable.
    #[serde(default)]
    pub required: Vec<String>,
    /// About whom: `request.<parameter>` or `<step>.<column>`.
    pub keys: Vec<Reference>,
    /// For whom an absence of rows is a conclusion: each of them must be covered. A true answer is one that nothing speaks
    /// against, so every scan concludes from absence and none may leave this out.
    #[serde(default)]
    pub absence_for: Vec<Reference>,
    /// Where the keys may come from.
    pub origins: Vec<Origin>,
    /// Which columns may travel on as keys.
    #[serde(default)]
    pub supplies: Vec<String>,
    /// The age from which on a person's whole life must lie within the register's `since`: 0 to 120; without it only today counts.
    #[serde(default)]
    pub lifetime_from: Option<u32>,
    /// Whether every delivered row must have a verdict: a row that the SQL leaves out settles nothing.
    #[serde(default)]
    pub judged: bool,
    /// Most keys of one scan.
    pub most_keys: u32,
    /// Most rows of one scan.
    pub most_rows: u64,
}

/// `<step>.<column>`; the step `request` holds the parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reference {
    /// The step.
    pub step: String,
    /// The column of its table.
    pub column: String,
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((step, column)) if is_name(step) && is_name(column) => Ok(Self { step: step.into(), column: column.into() }),
            _ => Err(format!("`{text}` is not of the form `<step>.<column>`")),
        }
    }
}

/// Where keys may come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Origin {
    /// A parameter of the request.
    Parameter {
        /// Its name.
        parameter: String,
    },
    /// A column that another department delivered.
    Column {
        /// Of which dataset.
        dataset: String,
        /// Which column.
        column: String,
    },
}

/// What the codes of one column may mean: every word that the check's SQL knows. A dataset with another is not asked, for a word that
/// no condition names would hide what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
    /// The words.
    pub meanings: BTreeSet<String>,
}

/// How to test an owner's statement of which persons its dataset knows about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageRule {
    /// The statement, as in the dataset's coverage: `registered_in:<dataset>`.
    pub statement: String,
    /// The step and column that list the registered persons.
    pub registered: Reference,
}

/// A record leaves one register for another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The scan it leaves.
    pub from: String,
    /// The scan where it must have arrived.
    pub to: String,
}

/// What a reason says, by audience.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonText {
    /// Its code, in the definition's SQL and in the hub's own record.
    pub code: String,
    /// The code that the requester hears, where the true one says too much.
    pub requester_code: Option<String>,
    /// For the requester: that, not which.
    pub requester: Bilingual,
    /// For the citizen.
    pub citizen: Bilingual,
}

/// What a true answer may be sealed as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateTerms {
    /// The SD-JWT VC type.
    pub vct: String,
    /// How long it is valid.
    pub validity: Duration,
    /// What it states.
    pub statement: Bilingual,
}

/// Every fault of a definition, each naming the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct DefinitionError(pub Vec<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    check: RawCheck,
    parameter: Vec<Parameter>,
    variant: Vec<RawVariant>,
    step: Vec<RawStep>,
    #[serde(default)]
    code: Vec<Code>,
    #[serde(default)]
    coverage: Vec<CoverageRule>,
    #[serde(default)]
    hand_over: Vec<HandOver>,
    #[serde(default)]
    reason: Vec<ReasonText>,
    certificate: RawCertificate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    name: String,
    #[serde(rename = "version")]
    _version: u32,
    title: Bilingual,
    deadline: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVariant {
    name: String,
    title: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    name: String,
    #[serde(default)]
    variants: Vec<String>,
    scan: Option<Scan>,
    sql: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCertificate {
    vct: String,
    validity: String,
    statement: Bilingual,
}

impl Definition {
    /// Reads a definition; `origin` names the file in errors. All faults are reported at once.
    pub fn parse(text: &str, origin: &str) -> Result<Self, DefinitionError> {
        if text.len() > MOST_TEXT {
            return Err(DefinitionError(vec![format!("{origin}: over {MOST_TEXT} bytes; a definition is a page that people review")]));
        }
        let raw: Raw = toml::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| DefinitionError(vec![format!("{origin}: {}", error.to_string().trim_end())]))?;
        Self::validate(raw, text, origin)
    }

    /// The variant of that name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    fn validate(raw: Raw, text: &str, origin: &str) -> Result<Self, DefinitionError> {
        let mut faults = Faults { origin, found: Vec::new() };
        faults.name("check.name", &raw.check.name);
        let deadline = faults.duration("check.deadline", &raw.check.deadline, Duration::from_secs(60));
        let validity = faults.duration("certificate.validity", &raw.certificate.validity, Duration::from_secs(366 * 86_400));
        for parameter in &raw.parameter {
            faults.name("parameter.name", &parameter.name);
            if parameter.kind != "resident_id" {
                faults.add(format!("parameter `{}`: type `{}` is not known; use `resident_id`", parameter.name, parameter.kind));
            }
        }
        let variants = faults.variants(&raw);
        let definition = Self {
            name: raw.check.name,
            title: raw.check.title,
            deadline,
            parameters: raw.parameter,
            variants,
            codes: raw.code,
            coverage: raw.coverage,
            hand_overs: raw.hand_over,
            reasons: raw.reason,
            certificate: CertificateTerms { vct: raw.certificate.vct, validity, statement: raw.certificate.statement },
            digest: sha256(text.as_bytes()),
            text: text.to_owned(),
        };
        faults.check_codes(&definition);
        for variant in &definition.variants {
            faults.check_variant(&definition, variant);
        }
        if faults.found.is_empty() { Ok(definition) } else { Err(DefinitionError(faults.found)) }
    }
}

impl Variant {
    /// The scan step of that name.
    pub fn scan(&self, name: &str) -> Option<&Scan> {
        self.steps.iter().find_map(|step| match &step.kind {
            StepKind::Scan(scan) if step.name == name => Some(scan),
            _ => None,
        })
    }

    /// Scans with their step names, in order.
    pub fn scans(&self) -> impl Iterator<Item = (&str, &Scan)> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Scan(scan) => Some((step.name.as_str(), scan)),
            StepKind::Sql(_) => None,
        })
    }
}

impl Scan {
    /// What the dataset's owner approves.
    pub fn template(&self, definition: &Definition, variant: &str, name: &str) -> v1::ScanTemplate {
        use v1::key_origin::From as Source;
        let origins = self.origins.iter().map(|origin| v1::KeyOrigin {
            from: Some(match origin {
                Origin::Parameter { parameter } => Source::Parameter(parameter.clone()),
                Origin::Column { dataset, column } => Source::Column(v1::OriginColumn { dataset: dataset.clone(), column: column.clone() }),
            }),
        });
        let codes = definition.codes.iter().filter(|code| code.dataset == self.dataset && self.columns.contains(&code.column));
        let meanings =
            codes.map(|code| v1::KnownMeanings { column: code.column.clone(), meanings: code.meanings.iter().cloned().collect() });
        v1::ScanTemplate {
            check: format!("{}/{variant}", definition.name),
            scan: name.to_owned(),
            dataset: self.dataset.clone(),
            lookup: self.lookup.clone(),
            columns: self.columns.clone(),
            origins: origins.collect(),
            supplies: self.supplies.clone(),
            max_keys: self.most_keys,
            max_rows: self.most_rows,
            meanings: meanings.collect(),
        }
    }
}

struct Faults<'a> {
    origin: &'a str,
    found: Vec<String>,
}

impl Faults<'_> {
    fn add(&mut self, fault: String) {
        self.found.push(format!("{}: {fault}", self.origin));
    }

    fn name(&mut self, key: &str, name: &str) {
        if !is_name(name) {
            self.add(format!("{key}: `{name}` is not a name; use lower-case letters, digits, `-` and `_`, at most 64, a letter first"));
        }
    }

    fn duration(&mut self, key: &str, text: &str, most: Duration) -> Duration {
        match parse_duration(text) {
            Some(duration) if !duration.is_zero() && duration <= most => duration,
            _ => {
                self.add(format!("{key}: `{text}` is not a duration of 1s to {}s; write for example `10s` or `30d`", most.as_secs()));
                Duration::ZERO
            }
        }
    }

    fn variants(&mut self, raw: &Raw) -> Vec<Variant> {
        let known: BTreeSet<&str> = raw.variant.iter().map(|variant| variant.name.as_str()).collect();
        if known.is_empty() || known.len() != raw.variant.len() {
            self.add("variant: at least one, and each name once".into());
        }
        for step in &raw.step {
            self.name("step.name", &step.name);
            for variant in step.variants.iter().filter(|name| !known.contains(name.as_str())) {
                self.add(format!("step `{}`: no variant `{variant}`; known are {known:?}", step.name));
            }
            if step.scan.is_some() == step.sql.is_some() {
                self.add(format!("step `{}`: give it either `sql` or a `scan`", step.name));
            }
        }
        let steps_of = |name: &String| {
            let steps = raw.step.iter().filter(|step| step.variants.is_empty() || step.variants.contains(name));
            let made = steps.filter_map(|step| match (&step.scan, &step.sql) {
                (Some(scan), None) => Some(Step { name: step.name.clone(), kind: StepKind::Scan(scan.clone()) }),
                (None, Some(sql)) => Some(Step { name: step.name.clone(), kind: StepKind::Sql(sql.clone()) }),
                _ => None,
            });
            made.collect()
        };
        let variants = raw.variant.iter();
        variants.map(|raw| Variant { name: raw.name.clone(), title: raw.title.clone(), steps: steps_of(&raw.name) }).collect()
    }

    fn check_codes(&mut self, definition: &Definition) {
        let scans = || definition.variants.iter().flat_map(Variant::scans).map(|(_, scan)| scan);
        let mut seen = BTreeSet::new();
        for Code { dataset, column, meanings } in &definition.codes {
            if !seen.insert((dataset, column)) {
                self.add(format!("code `{dataset}` `{column}`: it stands twice; list its meanings once"));
            }
            if meanings.is_empty() || meanings.len() > MOST_MEANINGS {
                self.add(format!("code `{dataset}` `{column}`: list 1 to {MOST_MEANINGS} meanings"));
            }
            if !scans().any(|scan| scan.dataset == *dataset && scan.columns.contains(column)) {
                self.add(format!("code `{dataset}` `{column}`: no scan asks for that column"));
            }
        }
    }

    fn check_variant(&mut self, definition: &Definition, variant: &Variant) {
        let place = &variant.name;
        let mut before: BTreeSet<&str> = BTreeSet::from(["request"]);
        let mut supplied: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        if variant.steps.len() > MOST_STEPS {
            self.add(format!("variant `{place}`: over {MOST_STEPS} steps"));
        }
        for step in &variant.steps {
            if let StepKind::Scan(scan) = &step.kind {
                self.check_scan(definition, place, &step.name, scan, &before, &supplied);
                supplied.entry(scan.dataset.as_str()).or_default().extend(scan.supplies.iter().map(String::as_str));
            }
            if !before.insert(step.name.as_str()) {
                self.add(format!("variant `{place}`: step `{}` stands twice; each table needs its own name", step.name));
            }
        }
        for (name, scan) in variant.scans() {
            for key in scan.absence_for.iter().filter(|key| !before.contains(key.step.as_str())) {
                self.add(format!("variant `{place}`, scan `{name}`: absence_for names no step: `{}.{}`", key.step, key.column));
            }
        }
        for rule in definition.coverage.iter().filter(|rule| rule.registered.step != "request") {
            let tested = variant.scans().any(|(_, scan)| rule.statement.ends_with(&format!(":{}", scan.dataset)));
            if tested && !before.contains(rule.registered.step.as_str()) {
                self.add(format!("coverage: variant `{place}` has no step `{}`", rule.registered.step));
            }
        }
        if variant.scans().next().is_none() {
            self.add(format!("variant `{place}`: it asks nobody; give it a scan"));
        }
        match variant.steps.last() {
            Some(Step { name, kind: StepKind::Sql(_) }) if name == "verdict" => {}
            _ => self.add(format!("variant `{place}`: its last step must be the SQL step `verdict`")),
        }
        for pair in &definition.hand_overs {
            for end in [&pair.from, &pair.to] {
                if variant.scan(end).is_none() {
                    self.add(format!("hand_over: variant `{place}` has no scan `{end}`"));
                }
            }
        }
    }

    fn check_scan(
        &mut self,
        definition: &Definition,
        place: &str,
        name: &str,
        scan: &Scan,
        before: &BTreeSet<&str>,
        supplied: &BTreeMap<&str, BTreeSet<&str>>,
    ) {
        let at = format!("variant `{place}`, scan `{name}`");
        if scan.keys.is_empty() || scan.most_keys == 0 {
            self.add(format!("{at}: unbound; it names nobody to ask about, so it would ask for the whole register. Give it `keys`"));
        }
        if scan.absence_for.is_empty() {
            self.add(format!("{at}: undeclared absence; a true answer rests on its finding nothing, so say for whom in `absence_for`"));
        }
        for key in &scan.keys {
            if !before.contains(key.step.as_str()) {
                self.add(format!("{at}: key `{}.{}` comes from a step that does not run before it", key.step, key.column));
            }
        }
        for key in scan.keys.iter().chain(&scan.absence_for).filter(|key| key.step == "request") {
            if !definition.parameters.iter().any(|parameter| parameter.name == key.column) {
                self.add(format!("{at}: no parameter `{}`", key.column));
            }
        }
        for origin in &scan.origins {
            match origin {
                Origin::Parameter { parameter } if !definition.parameters.iter().any(|known| known.name == *parameter) => {
                    self.add(format!("{at}: origin names no parameter: `{parameter}`"));
                }
                Origin::Column { dataset, column }
                    if !supplied.get(dataset.as_str()).is_some_and(|some| some.contains(column.as_str())) =>
                {
                    self.add(format!("{at}: origin `{dataset}` `{column}` is not in the `supplies` of a scan before it"));
                }
                _ => {}
            }
        }
        for column in scan.required.iter().chain(&scan.supplies).filter(|column| !scan.columns.contains(column)) {
            self.add(format!("{at}: `{column}` is not among its columns"));
        }
        if !(1..=4096).contains(&scan.most_keys) || !(1..=1_000_000).contains(&scan.most_rows) {
            self.add(format!("{at}: most_keys is 1 to 4096, most_rows 1 to 1000000"));
        }
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}
