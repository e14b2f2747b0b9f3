//! `zerotrip-city`: writes an invented city with its answer key, for demos, tests and measurements.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use clap::Parser;
use zerotrip_tests::city::{self, City, Spec};

/// Write an invented city: four departments' untidy registers, and the right answer of the no-property check for everybody in it.
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
    /// The day asked [default: today at UTC+8, with files dated now].
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<NaiveDate>,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let spec = match arguments.today {
        Some(today) => Spec::on(arguments.residents, arguments.seed, today),
        None => Spec::now(arguments.residents, arguments.seed),
    };
    let begun = Instant::now();
    let mut tell = |stage: &str| {
        if begun.elapsed() > Duration::from_secs(2) {
            eprintln!("{stage} … ({} s)", begun.elapsed().as_secs());
        }
    };
    match city::generate_telling(&spec, &arguments.out, &city::Servers::default(), &mut tell) {
        Ok(city) => {
            println!("{}", if arguments.json { as_json(&city, &spec) } else { as_text(&city, &arguments) });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("zerotrip-city: {error}");
            ExitCode::from(2)
        }
    }
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
    let mut lines = vec![format!("{} persons written to {}", city.ids.len(), arguments.out.display())];
    lines.extend(city.rows.iter().map(|(dataset, rows)| format!("  {dataset:<18} {rows:>9} rows")));
    lines.push("answers".to_owned());
    for ((variant, answer), persons) in city.tally() {
        let outcome = format!("{:?}", answer.outcome).to_lowercase();
        lines.push(format!("  {:<10} {outcome:<12} {:<19} {:<18} {persons:>9}", variant.name(), answer.code, answer.dataset));
    }
    lines.push("cast".to_owned());
    lines.extend(city.cast.iter().map(|(role, member)| format!("  {role:<22} {} {}", member.applicant, member.name)));
    lines.join("\n")
}
