//! `zerotrip-city`: writes an invented city with its answer key, for demos, tests and measurements.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{Datelike as _, NaiveDate, NaiveTime, Utc};
use clap::Parser;
use zerotrip_tests::city::truth::{Figure, truths};
use zerotrip_tests::city::{self, City, Spec, Variant};
use zerotrip_tests::deployment::Failure;
use zerotrip_tests::inquiry::Asker;

/// Answers that are not the key's, and are listed.
const SHOWN: usize = 10;

/// Write an invented city: four departments' untidy registers, and the right answer of the
/// no-property check for everybody in it.
///
/// The same residents, seed and day give the same files, byte for byte, if --today is given.
#[derive(Parser)]
#[command(name = "zerotrip-city", version)]
struct Arguments {
    /// Persons in the city's households (50 to 2000000); a twentieth more are migrants.
    #[arg(long, default_value_t = 20_000)]
    residents: usize,
    /// The lot: another seed, another city.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The folder to write to; made if it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The day asked, 2000-01-01 to 2099-12-31 [default: today at UTC+8, with files dated now].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    today: Option<NaiveDate>,
    /// When on that day the ownership register's extract began [default: 00:30].
    #[arg(long, value_name = "HH:MM", requires = "today")]
    extracted: Option<NaiveTime>,
    /// Ask the check about everybody, in every variant and in this process, and print how often it
    /// was unavailable though the truth was clear. The day must not be one to come.
    #[arg(long, conflicts_with = "json")]
    ask: bool,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

/// People's ids hold four digits of their year of birth, and the ids of those who are older than
/// the registers are not invented.
fn day(text: &str) -> Result<NaiveDate, String> {
    let day: NaiveDate = text.parse().map_err(|_| "write a day as `2026-11-22`".to_owned())?;
    if (2000..2100).contains(&day.year()) {
        Ok(day)
    } else {
        Err("give a day of 2000-01-01 to 2099-12-31".to_owned())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let spec = match arguments.today {
        Some(today) => Spec::on(arguments.residents, arguments.seed, today),
        None => Spec::at(arguments.residents, arguments.seed, Utc::now()),
    };
    let spec = arguments.extracted.map_or(spec.clone(), |time| spec.extracted(time));
    let begun = Instant::now();
    let mut tell = |stage: &str| {
        if begun.elapsed() > Duration::from_secs(2) {
            eprintln!("{stage} … ({} s)", begun.elapsed().as_secs());
        }
    };
    match city::generate_telling(&spec, &arguments.out, &city::Servers::default(), &mut tell) {
        Ok(city) => {
            let text = match arguments.ask {
                true => asked(&city, &spec, &arguments)
                    .unwrap_or_else(|error| format!("nobody could be asked: {error}")),
                false if arguments.json => as_json(&city, &spec),
                false => as_text(&city, &arguments),
            };
            match writeln!(std::io::stdout(), "{text}") {
                // Whoever read it has read enough; the files are written.
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    eprintln!(
                        "zerotrip-city: the files are written, but nothing could be printed: \
                         {error}"
                    );
                    ExitCode::from(2)
                }
                _ => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("zerotrip-city: {error}");
            ExitCode::from(2)
        }
    }
}

/// Everybody asked, and held against the truth.
fn asked(city: &City, spec: &Spec, arguments: &Arguments) -> Result<String, Failure> {
    let truths = truths(spec)?;
    let state = arguments.out.join("state");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut figure = Figure::default();
    let mut others = Vec::new();
    runtime.block_on(async {
        let asker = Asker::new(&arguments.out).await?;
        let registers = asker.open(&arguments.out, &state, spec.written_at.into(), spec.today)?;
        for id in &city.ids {
            for variant in Variant::ALL {
                let Some(truth) = truths.get(&(*id, variant)) else { continue };
                let (word, code, dataset) = asker.ask(&registers, id, variant).await?;
                figure.count(*truth, (word, &code, &dataset));
                if let Some(key) = city
                    .key
                    .get(&(*id, variant))
                    .filter(|key| key.in_words() != (word, code.as_str(), dataset.as_str()))
                {
                    others.push(format!(
                        "  {id} {}: {word} {code} {dataset}; the key: {}",
                        variant.name(),
                        key.told()
                    ));
                }
            }
        }
        Ok::<(), Failure>(())
    })?;
    std::fs::remove_dir_all(&state)?;
    let count = others.len();
    others.truncate(SHOWN);
    others.insert(0, format!("{}\nanswers that are not the key's: {count}", figure.in_words()));
    Ok(others.join("\n"))
}

fn as_json(city: &City, spec: &Spec) -> String {
    let outcomes: Vec<_> = city
        .tally()
        .into_iter()
        .map(|((variant, answer), persons)| serde_json::json!({ "variant": variant, "answer": answer, "persons": persons }))
        .collect();
    let (extracted_at, written_at) = (spec.extracted_at.to_rfc3339(), spec.written_at.to_rfc3339());
    serde_json::json!({
        "residents": spec.residents, "seed": spec.seed, "today": spec.today.to_string(), "extracted_at": extracted_at, "written_at": written_at,
        "persons": city.ids.len(), "rows": city.rows, "outcomes": outcomes, "cast": city.cast,
    })
    .to_string()
}

fn as_text(city: &City, arguments: &Arguments) -> String {
    let mut lines =
        vec![format!("{} persons written to {}", city.ids.len(), arguments.out.display())];
    lines.extend(city.rows.iter().map(|(dataset, rows)| format!("  {dataset:<18} {rows:>9} rows")));
    lines.push("answers".to_owned());
    for ((variant, answer), persons) in city.tally() {
        let outcome = format!("{:?}", answer.outcome).to_lowercase();
        lines.push(format!(
            "  {:<10} {outcome:<12} {:<19} {:<18} {persons:>9}",
            variant.name(),
            answer.code,
            answer.dataset
        ));
    }
    lines.push("cast".to_owned());
    lines.extend(
        city.cast
            .iter()
            .map(|(role, member)| format!("  {role:<22} {} {}", member.applicant, member.name)),
    );
    lines.join("\n")
}
