//! What is wrong with a definition: every fault at once, each naming the thing and the remedy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use zerotrip_datasets::file::{SEMANTIC_TYPES, semantic_type};
use zerotrip_proto::v1::SemanticType;
use zerotrip_text::{cut, shown};

use super::{
    Code, Definition, DefinitionError, MOST_MEANINGS, MOST_SCANS, MOST_STEPS, Origin, Raw, Scan,
    Step, StepKind, Variant,
};
use zerotrip_text::Bilingual;

/// Longest type of a certificate, in bytes.
const MOST_VCT: usize = 256;
/// Longest life, in years.
const MOST_YEARS: u32 = 120;
/// Most characters of a text that people read.
const MOST_WORDS: usize = 1000;

/// What was found so far.
pub(super) struct Faults<'a> {
    origin: &'a str,
    found: Vec<String>,
}

impl<'a> Faults<'a> {
    /// `origin` names the file.
    pub(super) fn new(origin: &'a str) -> Self {
        Self { origin, found: Vec::new() }
    }

    /// The definition, if nothing was found in it.
    pub(super) fn none_in(self, definition: Definition) -> Result<Definition, DefinitionError> {
        if self.found.is_empty() { Ok(definition) } else { Err(DefinitionError(self.found)) }
    }

    /// A definition's own words stand in some faults, and none of them may move what is read on a
    /// terminal.
    pub(super) fn add(&mut self, fault: String) {
        self.found.push(shown(&format!("{}: {fault}", self.origin)));
    }

    /// What people read, and what goes into certificates and answers under the check's name.
    pub(super) fn check_words(&mut self, definition: &Definition) {
        self.text("check.title", &definition.title);
        for variant in &definition.variants {
            self.text(&format!("variant `{}`: title", cut(&variant.name)), &variant.title);
        }
        for reason in &definition.reasons {
            let at = format!("reason `{}`", cut(&reason.code));
            for code in [Some(&reason.code), reason.requester_code.as_ref()]
                .into_iter()
                .flatten()
                .filter(|code| !is_code(code))
            {
                self.add(format!(
                    "{at}: `{}` is not a code; use upper-case letters, digits and `_`, at most \
                     64, a letter first",
                    cut(code)
                ));
            }
            self.text(&format!("{at}: requester"), &reason.requester);
            self.text(&format!("{at}: citizen"), &reason.citizen);
        }
        self.text("certificate.statement", &definition.certificate.statement);
        let vct = &definition.certificate.vct;
        if !(1..=MOST_VCT).contains(&vct.len()) || !vct.bytes().all(|byte| byte.is_ascii_graphic())
        {
            self.add(format!(
                "certificate.vct: `{}` is not a type; use 1 to {MOST_VCT} visible ASCII \
                 characters, no blanks",
                cut(vct)
            ));
        }
    }

    fn text(&mut self, key: &str, text: &Bilingual) {
        for (language, text) in [("en", &text.en), ("zh", &text.zh)] {
            if text.trim().is_empty()
                || text.chars().count() > MOST_WORDS
                || text.chars().any(char::is_control)
            {
                self.add(format!(
                    "{key}.{language}: write 1 to {MOST_WORDS} characters in one line"
                ));
            }
        }
    }

    pub(super) fn name(&mut self, key: &str, name: &str) {
        if !is_name(name) {
            self.add(format!(
                "{key}: `{name}` is not a name; use lower-case letters, digits, `-` and `_`, at \
                 most 64, a letter first"
            ));
        }
    }

    pub(super) fn duration(&mut self, key: &str, text: &str, most: Duration) -> Duration {
        match zerotrip_text::duration(text) {
            Some(duration) if !duration.is_zero() && duration <= most => duration,
            _ => {
                self.add(format!(
                    "{key}: `{text}` is not a duration of 1s to {}s; write for example `10s` or \
                     `30d`",
                    most.as_secs()
                ));
                Duration::ZERO
            }
        }
    }

    pub(super) fn variants(&mut self, raw: &Raw) -> Vec<Variant> {
        let known: BTreeSet<&str> =
            raw.variant.iter().map(|variant| variant.name.as_str()).collect();
        if known.is_empty() || known.len() != raw.variant.len() {
            self.add("variant: at least one, and each name once".into());
        }
        for step in &raw.step {
            self.name("step.name", &step.name);
            for variant in step.variants.iter().filter(|name| !known.contains(name.as_str())) {
                self.add(format!(
                    "step `{}`: no variant `{variant}`; known are {known:?}",
                    step.name
                ));
            }
            if step.scan.is_some() == step.sql.is_some() {
                self.add(format!("step `{}`: give it either `sql` or a `scan`", step.name));
            }
        }
        let steps_of = |name: &String| {
            let steps = raw
                .step
                .iter()
                .filter(|step| step.variants.is_empty() || step.variants.contains(name));
            let made = steps.filter_map(|step| match (&step.scan, &step.sql) {
                (Some(scan), None) => Some(Step {
                    name: step.name.clone(),
                    kind: StepKind::Scan(Box::new(scan.clone())),
                }),
                (None, Some(sql)) => {
                    Some(Step { name: step.name.clone(), kind: StepKind::Sql(sql.clone()) })
                }
                _ => None,
            });
            made.collect()
        };
        let variants = raw.variant.iter();
        variants
            .map(|raw| Variant {
                name: raw.name.clone(),
                title: raw.title.clone(),
                steps: steps_of(&raw.name),
            })
            .collect()
    }

    pub(super) fn check_shapes(&mut self, definition: &Definition) {
        let mut seen = BTreeSet::new();
        for shape in &definition.datasets {
            if !seen.insert(&shape.id) {
                self.add(format!("dataset `{}`: it stands twice; describe it once", shape.id));
            }
            for (column, name) in
                shape.columns.iter().filter(|(_, name)| semantic_type(name).is_none())
            {
                let known: Vec<&str> = SEMANTIC_TYPES.iter().map(|(name, _)| *name).collect();
                self.add(format!(
                    "dataset `{}`: `{name}` of `{column}` is no type; there are {}",
                    shape.id,
                    known.join(", ")
                ));
            }
        }
        let scans = || definition.variants.iter().flat_map(Variant::scans).map(|(_, scan)| scan);
        for shape in &definition.datasets {
            for name in shape.lookup.keys().filter(|name| {
                !scans().any(|scan| scan.dataset == shape.id && scan.lookup == **name)
            }) {
                self.add(format!(
                    "dataset `{}`: no scan looks anything up by `{name}`; name the look-up as the \
                     scans do",
                    shape.id
                ));
            }
        }
        let (mut untyped, mut unbound) = (BTreeSet::new(), BTreeSet::new());
        for scan in scans() {
            let shape = definition.datasets.iter().find(|shape| shape.id == scan.dataset);
            let typed =
                |column: &&String| shape.is_some_and(|shape| shape.columns.contains_key(*column));
            let columns = scan.columns.iter().chain(&scan.optional);
            untyped.extend(
                columns.filter(|column| !typed(column)).map(|column| (&scan.dataset, column)),
            );
            if shape.is_none_or(|shape| {
                shape.lookup.get(&scan.lookup).is_none_or(|columns| columns.is_empty())
            }) {
                unbound.insert((&scan.dataset, &scan.lookup));
            }
        }
        for (dataset, lookup) in unbound {
            self.add(format!(
                "dataset `{dataset}`: say in which columns `{lookup}` must look, in the `lookup` \
                 of a `[[dataset]]`"
            ));
        }
        for (dataset, column) in untyped {
            self.add(format!(
                "dataset `{dataset}`: say of which type `{column}` is, in the `columns` of a \
                 `[[dataset]]`"
            ));
        }
    }

    pub(super) fn check_codes(&mut self, definition: &Definition) {
        let scans = || definition.variants.iter().flat_map(Variant::scans).map(|(_, scan)| scan);
        let mut seen = BTreeSet::new();
        for Code { dataset, column, meanings } in &definition.codes {
            if !seen.insert((dataset, column)) {
                self.add(format!(
                    "code `{dataset}` `{column}`: it stands twice; list its meanings once"
                ));
            }
            if meanings.is_empty() || meanings.len() > MOST_MEANINGS {
                self.add(format!(
                    "code `{dataset}` `{column}`: list 1 to {MOST_MEANINGS} meanings"
                ));
            }
            if !scans().any(|scan| scan.dataset == *dataset && scan.columns.contains(column)) {
                self.add(format!("code `{dataset}` `{column}`: no scan asks for that column"));
            }
        }
    }

    /// A date that could be any day would be believed as soon as it can be read.
    pub(super) fn check_dates(&mut self, definition: &Definition) {
        let scans = || definition.variants.iter().flat_map(Variant::scans).map(|(_, scan)| scan);
        let mut seen = BTreeSet::new();
        for date in &definition.dates {
            let at = format!("date `{}` `{}`", date.dataset, date.column);
            if !seen.insert((&date.dataset, &date.column)) {
                self.add(format!("{at}: it stands twice; say once what it dates"));
            }
            if date.least_age > MOST_YEARS {
                self.add(format!("{at}: least_age is 0 to {MOST_YEARS}"));
            }
            let asking = || {
                scans().filter(|scan| {
                    scan.dataset == date.dataset
                        && columns(scan).any(|column| *column == date.column)
                })
            };
            for person in date
                .persons
                .iter()
                .filter(|person| asking().any(|scan| !scan.columns.contains(person)))
            {
                self.add(format!(
                    "{at}: `{person}` is not among the columns of every scan that asks for it"
                ));
            }
            if asking().next().is_none() {
                self.add(format!("{at}: no scan asks for that column"));
            }
        }
        for shape in &definition.datasets {
            let dates = shape
                .columns
                .iter()
                .filter(|(_, name)| semantic_type(name) == Some(SemanticType::Date))
                .map(|(column, _)| column);
            for column in dates.filter(|column| !seen.contains(&(&shape.id, *column))) {
                self.add(format!(
                    "dataset `{}`: say in a `[[date]]` what `{column}` is the date of",
                    shape.id
                ));
            }
        }
    }

    pub(super) fn check_variant(&mut self, definition: &Definition, variant: &Variant) {
        let place = &variant.name;
        let mut before: BTreeSet<&str> = BTreeSet::from(["request"]);
        let mut supplied: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        if variant.steps.len() > MOST_STEPS {
            self.add(format!("variant `{place}`: over {MOST_STEPS} steps"));
        }
        for (name, scan) in variant.scans().filter(|(_, scan)| scan.only_doubts) {
            if !variant
                .scans()
                .any(|(_, other)| other.dataset == scan.dataset && !other.absence_for.is_empty())
            {
                self.add(format!(
                    "variant `{place}`, scan `{name}`: `{}` is asked for doubts alone; no scan of \
                     it says for whom it must know",
                    scan.dataset
                ));
            }
        }
        if variant.scans().count() > MOST_SCANS {
            self.add(format!("variant `{place}`: over {MOST_SCANS} scans"));
        }
        for step in &variant.steps {
            if let StepKind::Scan(scan) = &step.kind {
                self.check_scan(definition, place, &step.name, scan, &before, &supplied);
                supplied
                    .entry(scan.dataset.as_str())
                    .or_default()
                    .extend(scan.supplies.iter().map(String::as_str));
            }
            if !before.insert(step.name.as_str()) {
                self.add(format!(
                    "variant `{place}`: step `{}` stands twice; each table needs its own name",
                    step.name
                ));
            }
        }
        for (name, scan) in variant.scans() {
            for key in scan.absence_for.iter().filter(|key| !before.contains(key.step.as_str())) {
                self.add(format!(
                    "variant `{place}`, scan `{name}`: absence_for names no step: `{}.{}`",
                    key.step, key.column
                ));
            }
        }
        if !before.contains(definition.certain.step.as_str()) {
            self.add(format!(
                "check.certain: variant `{place}` has no step `{}`",
                definition.certain.step
            ));
        }
        for rule in definition.coverage.iter().filter(|rule| rule.registered.step != "request") {
            let tested = variant
                .scans()
                .any(|(_, scan)| rule.statement.ends_with(&format!(":{}", scan.dataset)));
            if tested && !before.contains(rule.registered.step.as_str()) {
                self.add(format!(
                    "coverage: variant `{place}` has no step `{}`",
                    rule.registered.step
                ));
            }
        }
        if variant.scans().next().is_none() {
            self.add(format!("variant `{place}`: it asks nobody; give it a scan"));
        }
        match variant.steps.last() {
            Some(Step { name, kind: StepKind::Sql(_) }) if name == "verdict" => {}
            _ => {
                self.add(format!("variant `{place}`: its last step must be the SQL step `verdict`"))
            }
        }
        for pair in &definition.hand_overs {
            for end in [&pair.from, &pair.to] {
                match (variant.scan(end), &pair.by) {
                    (None, _) => {
                        self.add(format!("hand_over: variant `{place}` has no scan `{end}`"))
                    }
                    (Some(scan), Some(by)) if !columns(scan).any(|column| column == by) => {
                        self.add(format!(
                            "hand_over: variant `{place}`, scan `{end}`: `{by}` is not among its \
                             columns"
                        ));
                    }
                    _ => {}
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
            self.add(format!(
                "{at}: unbound; it names nobody to ask about, so it would ask for the whole \
                 register. Give it `keys`"
            ));
        }
        if scan.only_doubts && (scan.judged || !scan.absence_for.is_empty()) {
            self.add(format!(
                "{at}: what only raises doubts proves no absence and is not judged; drop \
                 `only_doubts`, or the others"
            ));
        }
        if scan.absence_for.is_empty() && !scan.only_doubts {
            self.add(format!(
                "{at}: undeclared absence; a true answer rests on its finding nothing, so say for \
                 whom in `absence_for`"
            ));
        }
        for key in &scan.keys {
            if !before.contains(key.step.as_str()) {
                self.add(format!(
                    "{at}: key `{}.{}` comes from a step that does not run before it",
                    key.step, key.column
                ));
            }
        }
        for key in scan.keys.iter().chain(&scan.absence_for).filter(|key| key.step == "request") {
            if !definition.parameters.iter().any(|parameter| parameter.name == key.column) {
                self.add(format!("{at}: no parameter `{}`", key.column));
            }
        }
        for origin in &scan.origins {
            match origin {
                Origin::Parameter { parameter }
                    if !definition.parameters.iter().any(|known| known.name == *parameter) =>
                {
                    self.add(format!("{at}: origin names no parameter: `{parameter}`"));
                }
                Origin::Column { dataset, column }
                    if !supplied
                        .get(dataset.as_str())
                        .is_some_and(|some| some.contains(column.as_str())) =>
                {
                    self.add(format!(
                        "{at}: origin `{dataset}` `{column}` is not in the `supplies` of a scan \
                         before it"
                    ));
                }
                _ => {}
            }
        }
        for column in scan
            .required
            .iter()
            .chain(&scan.supplies)
            .filter(|column| !scan.columns.contains(column))
        {
            self.add(format!("{at}: `{column}` is not among its columns"));
        }
        for column in scan.optional.iter().filter(|column| scan.columns.contains(column)) {
            self.add(format!("{at}: `{column}` is asked for anyway; drop it from `optional`"));
        }
        match (scan.lifetime_from, scan.last_years) {
            (Some(years), None) | (None, Some(years)) if years <= MOST_YEARS => {}
            _ => self.add(format!(
                "{at}: say how far back the register must know: `lifetime_from`, an age, or \
                 `last_years`; one of them, 0 to {MOST_YEARS}"
            )),
        }
        if !(1..=4096).contains(&scan.most_keys) || !(1..=1_000_000).contains(&scan.most_rows) {
            self.add(format!("{at}: most_keys is 1 to 4096, most_rows 1 to 1000000"));
        }
    }
}

fn columns(scan: &Scan) -> impl Iterator<Item = &String> {
    scan.columns.iter().chain(&scan.optional)
}

pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
        })
}

/// A reason's code, as answers and the ledger carry it.
fn is_code(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
