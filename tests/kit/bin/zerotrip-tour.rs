//! `zerotrip-tour`: what `./run` starts. Sets up the whole installation, runs the errands, and says
//! in plain words what happened.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::Value;
use zerotrip_tests::city::System;
use zerotrip_tests::deployment::{
    BASIS, FUND, Failure, Finished, PURPOSE, Plan, TRANSIT, TestDeployment, fail,
};

/// Run the no-property errand over four legacy departments, for real, on this machine.
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
    errands.run(&mut town)?;
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

struct Errands {
    cast: Value,
}

/// What an errand must come to: the exit code, and a word that its JSON must hold.
struct Expected(i32, &'static str);

impl Errands {
    fn run(&self, town: &mut TestDeployment) -> Result<(), Failure> {
        self.errand(
            town,
            1,
            "A tenant who owns nothing",
            "nothing_owned",
            "issue",
            FUND,
            &Expected(0, "true"),
        )?;
        self.errand(
            town,
            2,
            "A home on record under a 15-digit id",
            "old_id_home",
            "issue",
            FUND,
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.errand(
            town,
            3,
            "The spouse has a pre-sale contract",
            "spouse_presale",
            "issue",
            FUND,
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.errand(
            town,
            4,
            "A minor child is a co-owner",
            "child_co_owner",
            "issue",
            FUND,
            &Expected(1, "PROPERTY_FOUND"),
        )?;
        self.errand(
            town,
            5,
            "Divorced last year from an owner",
            "divorced_last_year",
            "issue",
            FUND,
            &Expected(0, "true"),
        )?;
        self.errand(
            town,
            6,
            "A migrant, in no household register here",
            "migrant",
            "issue",
            FUND,
            &Expected(4, "UNSETTLED"),
        )?;
        self.errand(
            town,
            7,
            "Handed over after last night's extract",
            "hand_over_gap",
            "issue",
            FUND,
            &Expected(4, "UNSETTLED"),
        )?;
        self.errand(
            town,
            8,
            "An unreadable row that could be theirs",
            "unreadable_row",
            "issue",
            FUND,
            &Expected(4, "UNSETTLED"),
        )?;
        self.errand(
            town,
            9,
            "An issuer without a grant",
            "nothing_owned",
            "check",
            TRANSIT,
            &Expected(3, "no-grant"),
        )?;
        let authority = town.path("authority");
        town.zerotrip(&["member", "suspend", "--dir", &authority, "--member", FUND])?.expect(0)?;
        println!(
            "    (the authority has just suspended member `fund`; its new key directory is in \
             force)"
        );
        self.errand(
            town,
            10,
            "A suspended member",
            "nothing_owned",
            "check",
            FUND,
            &Expected(3, "MEMBER_SUSPENDED"),
        )?;
        town.zerotrip(&["member", "resume", "--dir", &authority, "--member", FUND])?.expect(0)?;
        town.stop_connector("estate")?;
        town.wait_detached("estate.ownership")?;
        println!("    (fund is back; now the real-estate registry's connector has been stopped)");
        self.errand(
            town,
            11,
            "The first errand again",
            "nothing_owned",
            "issue",
            FUND,
            &Expected(4, "estate.ownership"),
        )?;
        town.start_connector("estate")?;
        town.wait_attached(&["estate.ownership"])
    }

    #[expect(clippy::too_many_arguments, reason = "a table's row")]
    fn errand(
        &self,
        town: &TestDeployment,
        number: u32,
        title: &str,
        role: &str,
        verb: &str,
        issuer: &str,
        expected: &Expected,
    ) -> Result<(), Failure> {
        let Some((applicant, variant)) = self.role(role) else {
            return fail(format!("the city's cast lacks `{role}`"));
        };
        let masked = format!(
            "{}********{}",
            applicant.get(..6).unwrap_or(""),
            applicant.get(14..).unwrap_or("")
        );
        println!("{number:>2}. {title}: {masked}, variant `{variant}`, asked by `{issuer}`");
        let out = town.path(&format!("certificates/{number:02}-{role}.sdjwt"));
        let more: &[&str] = if verb == "issue" { &["--out", &out] } else { &[] };
        if verb == "issue" && fs::exists(&out)? {
            fs::remove_file(&out)?; // of an earlier run in this folder; a new certificate rests on a new exchange
        }
        let begun = Instant::now();
        let finished = town.ask(verb, issuer, variant, applicant, more)?;
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

    fn role(&self, role: &str) -> Option<(&str, &str)> {
        let role = self.cast.get(role)?;
        Some((role.get("applicant")?.as_str()?, role.get("variant")?.as_str()?))
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
    let certificate = town.path("certificates/01-nothing_owned.sdjwt");
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
