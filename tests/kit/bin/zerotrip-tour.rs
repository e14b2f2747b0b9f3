//! `zerotrip-tour`: what `./run` starts. Sets up the whole installation, runs the errands, and says
//! in plain words what happened.

mod more;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::Value;
use zerotrip_tests::city::System;
use zerotrip_tests::deployment::{
    BASIS, FUND, Failure, Finished, PURPOSE, Plan, TRANSIT, TestDeployment, fail, wait_until,
};

use crate::more::{MORE, More};

/// Run the no-property errand over four legacy departments, and the other checks over fourteen
/// more, for real, on this machine.
#[derive(Parser)]
#[command(name = "run", version)]
struct Arguments {
    /// Folder for all state and outputs; used again if it was set up before.
    #[arg(long, default_value = "zerotrip-data")]
    dir: PathBuf,
    /// Residents of the invented city.
    #[arg(long, default_value_t = 20_000)]
    residents: usize,
    /// Which invented city.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where the registers of police, civil affairs, real estate and housing live, in this order:
    /// sqlite, csv, xlsx, xls, dbf, parquet, postgres, mysql, odbc or rest each (real estate:
    /// not rest). Servers are started for it, with throw-away data, and end with it.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,csv,sqlite,csv")]
    sources: Vec<System>,
    /// Show these checks alone, such as `no-property`. Left out: the eleven errands of the
    /// no-property proof, and then a question or two of every other check.
    #[arg(long, value_delimiter = ',', value_parser = checks())]
    only: Vec<String>,
    /// Run the errands and exit.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match tour(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tour(arguments: &Arguments) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut plan = Plan {
        hub_settings: "subject_per_hour = 1000\n".into(),
        ..Plan::now(arguments.residents, arguments.seed)
    };
    let four = <[System; 4]>::try_from(arguments.sources.as_slice());
    plan.spec.systems = four.map_err(|_| {
        "`--sources` names four kinds, such as `postgres,xlsx,mysql,csv`: one for each register"
    })?;
    let [police, civil, estate, housing] = plan.spec.systems;
    println!(
        "· the registers: police in {police}, civil affairs in {civil}, real estate in {estate}, \
         housing in {housing}"
    );
    let mut town = TestDeployment::start(&arguments.dir, &plan, &mut |line| println!("· {line}"))?;
    println!(
        "· ready after {:.1} s: hub at {}, four departments attached\n",
        begun.elapsed().as_secs_f64(),
        town.url
    );
    println!("The Provident fund centre (fund) asks for no-property proofs.");
    println!("Purpose: {PURPOSE}. Legal basis: {BASIS}.\n");
    let cast: Value =
        serde_json::from_str(&fs::read_to_string(town.folder.join("city/cast.json"))?)?;
    fs::create_dir_all(town.folder.join("certificates"))?; // `issue` makes no folders
    let errands = Errands { cast };
    let is_shown =
        |check: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == check);
    if is_shown(FIRST) {
        errands.run(&mut town)?;
    }
    let others: Vec<&Other> = OTHERS.iter().filter(|other| is_shown(other.check)).collect();
    errands.others(&town, &others)?;
    let questions: Vec<&More> = MORE.iter().filter(|more| is_shown(more.check)).collect();
    let mut number = 12 + u32::try_from(OTHERS.len())?;
    more::run(&mut town, &plan.spec, &questions, |town, more, variant, subject| {
        let asked = (more.check, variant);
        let title = (number, more.title(), more.check);
        number += 1;
        errands.about(town, title, (FUND, "issue"), asked, subject, &Expected(0, "issued"))
    })?;
    finish(&town)?;
    if arguments.once {
        return town.stop();
    }
    println!("Everything stays up. Stop with Ctrl-C.");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended,
            _ = terminate.recv() => Ok(()),
        }
    })?;
    println!("stopping");
    town.stop()
}

/// The check of the eleven errands.
const FIRST: &str = "no-property";

/// A question of another check.
struct Other {
    check: &'static str,
    variant: &'static str,
    title: &'static str,
    role: &'static str,
    expected: Expected,
}

const OTHERS: [Other; 6] = [
    Other {
        check: "marriage-status",
        variant: "married",
        title: "Married, and since when",
        role: "nothing_owned",
        expected: Expected(0, "married_since"),
    },
    Other {
        check: "marriage-status",
        variant: "unmarried",
        title: "Divorced last year: not married now",
        role: "divorced_last_year",
        expected: Expected(0, "unmarried"),
    },
    Other {
        check: "household-membership",
        variant: "registered",
        title: "Registered in a household here",
        role: "nothing_owned",
        expected: Expected(0, "born_on"),
    },
    Other {
        check: "household-membership",
        variant: "registered-60",
        title: "Registered here and at least 60, and not yet that old",
        role: "nothing_owned",
        expected: Expected(1, "TOO_YOUNG"),
    },
    Other {
        check: "household-membership",
        variant: "registered",
        title: "A migrant: the register knows only of whom it has",
        role: "migrant",
        expected: Expected(4, "UNSETTLED"),
    },
    Other {
        check: "marriage-status",
        variant: "unmarried",
        title: "A migrant: this city's marriage register does not know of him",
        role: "migrant",
        expected: Expected(4, "UNSETTLED"),
    },
];

/// The checks that can be shown, for `--only`.
fn checks() -> clap::builder::PossibleValuesParser {
    let mut names = vec![FIRST];
    names.extend(OTHERS.iter().map(|other| other.check));
    names.extend(MORE.iter().map(|more| more.check));
    names.dedup();
    names.sort_unstable();
    names.dedup();
    names.into()
}

struct Errands {
    cast: Value,
}

/// What an errand must come to: the exit code, and a word that its JSON must hold.
struct Expected(i32, &'static str);

impl Errands {
    fn run(&self, town: &mut TestDeployment) -> Result<(), Failure> {
        self.first(
            town,
            (1, "A tenant who owns nothing", "nothing_owned"),
            (FUND, "issue"),
            &Expected(0, "true"),
        )?;
        self.first(
            town,
            (2, "A home on record under a 15-digit id", "old_id_home"),
            (FUND, "issue"),
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.first(
            town,
            (3, "The spouse has a pre-sale contract", "spouse_presale"),
            (FUND, "issue"),
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.first(
            town,
            (4, "A minor child is a co-owner", "child_co_owner"),
            (FUND, "issue"),
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.first(
            town,
            (5, "Divorced last year from an owner", "divorced_last_year"),
            (FUND, "issue"),
            &Expected(0, "true"),
        )?;
        self.first(
            town,
            (6, "A migrant, in no household register here", "migrant"),
            (FUND, "issue"),
            &Expected(4, "UNSETTLED"),
        )?;
        self.first(
            town,
            (7, "Handed over after last night's extract", "hand_over_gap"),
            (FUND, "issue"),
            &Expected(4, "UNSETTLED"),
        )?;
        self.first(
            town,
            (8, "An unreadable row that could be theirs", "unreadable_row"),
            (FUND, "issue"),
            &Expected(4, "UNSETTLED"),
        )?;
        self.first(
            town,
            (9, "An issuer without a grant", "nothing_owned"),
            (TRANSIT, "check"),
            &Expected(3, "no-grant"),
        )?;
        let authority = town.path("authority");
        town.zerotrip(&["member", "suspend", "--dir", &authority, "--member", FUND])?.expect(0)?;
        println!(
            "    (the authority has just suspended member `fund`; its new key directory is in \
             force)"
        );
        self.first(
            town,
            (10, "A suspended member", "nothing_owned"),
            (FUND, "check"),
            &Expected(3, "MEMBER_SUSPENDED"),
        )?;
        town.zerotrip(&["member", "resume", "--dir", &authority, "--member", FUND])?.expect(0)?;
        town.stop_connector("estate")?;
        town.wait_detached("estate.ownership")?;
        println!("    (fund is back; now the real-estate registry's connector has been stopped)");
        self.first(
            town,
            (11, "The first errand again", "nothing_owned"),
            (FUND, "issue"),
            &Expected(4, "estate.ownership"),
        )?;
        town.start_connector("estate")?;
        town.wait_attached(&["estate.ownership"])
    }

    /// Other checks of the same hub, over the same registers.
    fn others(&self, town: &TestDeployment, others: &[&Other]) -> Result<(), Failure> {
        if others.is_empty() {
            return Ok(());
        }
        println!("\nOther questions to the same registers, each a folder of text:");
        let mut checks: Vec<&str> = others.iter().map(|other| other.check).collect();
        checks.dedup();
        for check in checks {
            town.allow(check)?;
        }
        for (number, other) in (12..).zip(others) {
            let Other { check, variant, title, role, expected } = other;
            let applicant = self.role(role)?.0;
            // What an owner has just approved is in force within a second or so.
            wait_until(Duration::from_secs(20), "what its owners approved is in force", || {
                let said = town.ask_of("check", FUND, (check, variant), applicant, &[])?;
                Ok(!said.output.contains("GATE_REFUSED"))
            })?;
            self.errand(town, (number, title, role), (FUND, "issue"), (check, variant), expected)?;
        }
        Ok(())
    }

    /// One errand of the first check, in the variant of its role.
    fn first(
        &self,
        town: &TestDeployment,
        (number, title, role): (u32, &str, &str),
        (issuer, verb): (&str, &str),
        expected: &Expected,
    ) -> Result<(), Failure> {
        let variant = self.role(role)?.1;
        self.errand(town, (number, title, role), (issuer, verb), (FIRST, variant), expected)
    }

    fn errand(
        &self,
        town: &TestDeployment,
        (number, title, role): (u32, &str, &str),
        (issuer, verb): (&str, &str),
        question: (&str, &str),
        expected: &Expected,
    ) -> Result<(), Failure> {
        let applicant = self.role(role)?.0;
        self.about(town, (number, title, role), (issuer, verb), question, applicant, expected)
    }

    /// The same about anybody; `name` is part of the certificate's file.
    fn about(
        &self,
        town: &TestDeployment,
        (number, title, name): (u32, &str, &str),
        (issuer, verb): (&str, &str),
        question: (&str, &str),
        applicant: &str,
        expected: &Expected,
    ) -> Result<(), Failure> {
        let (check, variant) = question;
        let masked = format!(
            "{}********{}",
            applicant.get(..6).unwrap_or(""),
            applicant.get(14..).unwrap_or("")
        );
        println!("{number:>2}. {title}: {masked}, {check}/{variant}, asked by `{issuer}`");
        let out = town.path(&format!("certificates/{number:02}-{name}.sdjwt"));
        let more: &[&str] = if verb == "issue" { &["--out", &out] } else { &[] };
        if verb == "issue" && fs::exists(&out)? {
            fs::remove_file(&out)?; // of an earlier run in this folder; a new certificate rests on a new exchange
        }
        let begun = Instant::now();
        let finished = town.ask_of(verb, issuer, question, applicant, more)?;
        let took = begun.elapsed();
        let as_expected = finished.code == expected.0
            && (finished.output.contains(expected.1) || finished.errors.contains(expected.1));
        if !as_expected {
            return fail(format!(
                "errand {number} should have ended with {} and `{}`\n{finished:?}",
                expected.0, expected.1
            ));
        }
        narrate(&finished, took);
        Ok(())
    }

    /// Who has this role, and in which variant of the first check they are asked about.
    fn role(&self, role: &str) -> Result<(&str, &str), Failure> {
        let text = |key: &str| self.cast.get(role)?.get(key)?.as_str();
        match (text("applicant"), text("variant")) {
            (Some(applicant), Some(variant)) => Ok((applicant, variant)),
            _ => fail(format!("the city's cast lacks `{role}`")),
        }
    }
}

/// Says what the command's JSON says.
fn narrate(finished: &Finished, took: Duration) {
    let outcome = match finished.code {
        0 => "CERTIFICATE ISSUED",
        1 => "ANSWERED: NOT SO",
        3 => "DENIED",
        4 => "UNAVAILABLE",
        _ => "?",
    };
    println!("    → {outcome} ({} ms for the whole command)", took.as_millis());
    let text = if finished.output.trim().is_empty() { &finished.errors } else { &finished.output };
    let Ok(value) = serde_json::from_str::<Value>(text.trim()) else {
        println!("      {}", text.trim());
        return;
    };
    let at = |pointer: &str| value.pointer(pointer);
    let ids: Vec<&str> = at("/policies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !ids.is_empty() {
        println!(
            "      policy    {} ({})",
            if finished.code == 3 { "denies" } else { "allows" },
            ids.join(", ")
        );
    }
    for reason in at("/reasons").and_then(Value::as_array).into_iter().flatten() {
        println!("      because   {} ({})", field(reason, "text_en"), field(reason, "code"));
    }
    let explained =
        at("/reasons").and_then(Value::as_array).is_some_and(|reasons| !reasons.is_empty());
    if let Some(code) = at("/code").and_then(Value::as_str).filter(|_| !explained) {
        println!(
            "      because   {code} {} {}",
            at("/dataset").and_then(Value::as_str).unwrap_or(""),
            text_of(&value)
        );
    }
    if let Some(error) = at("/error").and_then(Value::as_str) {
        println!("      because   {error}");
    }
    for source in at("/sources").and_then(Value::as_array).into_iter().flatten() {
        println!("      source    {} as of {}", field(source, "dataset"), field(source, "as_of"));
    }
    if let Some(index) = at("/ledger_index").or_else(|| at("/record_index")) {
        println!("      recorded  ledger entry {index}");
    }
    if let Some(file) = at("/file").and_then(Value::as_str) {
        println!("      written   {file}");
    }
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

fn text_of(value: &Value) -> &str {
    ["text_en", "message", "error"]
        .iter()
        .map(|name| field(value, name))
        .find(|text| !text.is_empty())
        .unwrap_or("")
}

/// What a verifier and an auditor do with the results.
fn finish(town: &TestDeployment) -> Result<(), Failure> {
    println!("\nAnyone can verify, offline:");
    let certificates = fs::read_dir(town.folder.join("certificates"))?;
    let mut certificates: Vec<PathBuf> =
        certificates.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    certificates.sort();
    let Some(certificate) = certificates.first() else {
        return fail("no errand ended with a certificate");
    };
    let certificate = certificate.display().to_string();
    let keys = town.path("authority/jwks.json");
    let verified = town.zerotrip(&["verify", &certificate, "--jwks", &keys])?.expect(0)?;
    print!("{}", indented(&verified.output));
    println!("\nThe ledger, checked entry by entry:");
    let checked =
        town.zerotrip(&["ledger", "verify", "--dir", &town.path("authority")])?.expect(0)?;
    print!("{}", indented(&checked.output));
    println!("\nIn {}:", town.folder.display());
    println!(
        "    certificates/*.sdjwt   authority/jwks.json   ledger/   <department>/journal/   \
         logs/\n"
    );
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
