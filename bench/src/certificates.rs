//! What a certificate costs: issued one by one beside the check alone, by the batch beside one
//! exchange about the same persons, and verified by anyone; and a list of their states.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use tokio::runtime::Runtime;
use zerotrip_certificates::status::{Bits, StatusList, sign_cwt_list, sign_list};
use zerotrip_certificates::{TrustRoot, verify};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::issued::{LIFE, TTL};
use zerotrip_client::{Issue, Outcome, Wanted};
use zerotrip_tests::city::{City, Outcome as Expected, Variant, generate};
use zerotrip_tests::deployment::{FUND, Failure, Plan, TestDeployment, fail};

use crate::load::{HUB_SETTINGS, Load, Turn, asked_again, asking, errand, question};
use crate::measure::{self, Gauge, Measured};

/// Measure certificates.
#[derive(Args)]
pub struct Certificates {
    /// Persons of the batch.
    #[arg(long, default_value_t = 2_000)]
    batch: usize,
}

/// Where the list of states would be.
const URI: &str = "https://status.example/fund";
/// Places of the list that is signed.
const PLACES: u64 = 1 << 20;
/// Times a thing is done that takes long.
const TIMES: u32 = 20;

/// Measures, and prints.
pub fn measure(
    arguments: &Certificates,
    (dir, residents, at, seconds): (&Path, usize, &[usize], u64),
    runtime: &Runtime,
) -> Result<(), Failure> {
    let plan = Plan { hub_settings: HUB_SETTINGS.into(), ..Plan::now(residents, 7) };
    let mut town = TestDeployment::start(dir, &plan, &mut |line| eprintln!("· {line}"))?;
    let city = generate(&plan.spec, &dir.join("key"))?;
    with_list(&town)?;
    let out = town.folder.join("measured");
    fs::create_dir_all(&out)?;
    let gauge = gauge(&mut town)?;
    println!("machine: {}", measure::machine()?);
    println!("no-property/family; {seconds} s a measurement\n");
    println!(
        "| what | at once | answers/s | p50 ms | p99 ms | CPU ms/answer | hub | connectors | \
         client | wrong | told to ask again |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let affirmed = Arc::new(affirmed(&city));
    let mut ratios = Vec::new();
    for lanes in at.iter().copied() {
        let load = Load { lanes, seconds, rate: None };
        let asked = (&town, &affirmed, &gauge);
        let checked = runtime.block_on(turns(asked, load, None))?;
        println!("{}", checked.row("check, of who has a yes", lanes));
        let issued = runtime.block_on(turns(asked, load, Some(&out)))?;
        println!("{}", issued.row("issue", lanes));
        ratios.push(format!("at {lanes}: {:.2}", issued.rate() / checked.rate()));
    }
    println!("\nissued / checked, a second: {}", ratios.join(", "));
    verified(&town, &out)?;
    states(&town, &out)?;
    batch(&town, &city, arguments.batch)?;
    town.stop()
}

fn gauge(town: &mut TestDeployment) -> Result<Gauge, Failure> {
    let Some(hub) = town.hub().map(|hub| hub.id()) else { return fail("the hub does not run") };
    let members = ["police", "civil", "estate", "housing"];
    let connectors = members.iter().filter_map(|member| town.connector(member).map(|one| one.id()));
    Ok(Gauge {
        hub: Some(hub),
        connectors: connectors.collect(),
        databases: Vec::new(),
        client: std::process::id(),
    })
}

/// The issuer keeps a register, and publishes lists.
fn with_list(town: &TestDeployment) -> Result<(), Failure> {
    let folder = town.folder.join("published");
    fs::create_dir_all(&folder)?;
    let settings = format!("uri = \"{URI}\"\nfolder = \"{}\"\n", folder.display());
    Ok(fs::write(town.folder.join(FUND).join("status.toml"), settings)?)
}

fn affirmed(city: &City) -> Vec<String> {
    let has_yes = |id: &&_| {
        let answer = city.key.get(&(**id, Variant::Family));
        answer.is_some_and(|answer| answer.outcome == Expected::True)
    };
    city.ids.iter().filter(has_yes).map(|id| id.as_str().to_owned()).collect()
}

/// Checks alone; with a folder, certificates are issued into it.
async fn turns(
    (town, affirmed, gauge): (&TestDeployment, &Arc<Vec<String>>, &Gauge),
    load: Load,
    out: Option<&Path>,
) -> Result<Measured, Failure> {
    let affirmed = Arc::clone(affirmed);
    let out = out.map(Arc::<Path>::from);
    let files = Arc::new(AtomicUsize::new(fs_count(out.as_deref())?));
    asking(town, load, gauge, move |mut session, turn| {
        let (affirmed, out, files) = (Arc::clone(&affirmed), out.clone(), Arc::clone(&files));
        async move {
            let Some(id) = affirmed.get(turn % affirmed.len().max(1)) else {
                return (session, fail("nobody has a yes"));
            };
            let (errand, question) = (errand(), question(id));
            let yes = match out {
                None => match session.check(&errand, &question).await {
                    Ok(outcome) => matches!(outcome, Outcome::Affirmed(_)),
                    Err(error) => return (session, asked_again(error)),
                },
                Some(out) => {
                    let file = out.join(format!("{}.sdjwt", files.fetch_add(1, Ordering::Relaxed)));
                    let wanted = Wanted::default();
                    match session.issue_as(wanted, &errand, &question, &file).await {
                        Ok(issue) => matches!(issue, Issue::Issued(_)),
                        Err(error) => return (session, asked_again(error)),
                    }
                }
            };
            (session, Ok(if yes { Turn::Right } else { Turn::Wrong }))
        }
    })
    .await
}

fn fs_count(folder: Option<&Path>) -> Result<usize, Failure> {
    Ok(folder.map(fs::read_dir).transpose()?.map_or(0, Iterator::count))
}

/// Verifies what was issued, on this thread, over and over.
fn verified(town: &TestDeployment, out: &Path) -> Result<(), Failure> {
    let home = SystemHome::load(&town.folder.join(FUND))?;
    let directory = home.directory(SystemTime::now())?;
    let mut tokens = Vec::new();
    for file in fs::read_dir(out)?.take(500) {
        tokens.push(fs::read_to_string(file?.path())?);
    }
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(3) {
        for token in &tokens {
            verify(token.trim(), TrustRoot::Directory(&directory), SystemTime::now())?;
            count += 1;
        }
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    println!("verified offline (SD-JWT with evidence), one thread: {rate:.0} a second");
    Ok(())
}

/// A list of 2^20 states, signed as JWT and as CWT, written and synced.
fn states(town: &TestDeployment, out: &Path) -> Result<(), Failure> {
    let key = SystemHome::load(&town.folder.join(FUND))?.key("seal")?;
    let mut list = StatusList::new(Bits::Two, PLACES)?;
    for place in (0..PLACES).step_by(97) {
        list.set(place, 1)?;
    }
    let now = SystemTime::now();
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let token = sign_list(&key, (URI, &list), now, (LIFE, TTL))?;
        files::write(&out.join("list.jwt"), token.as_bytes(), Secrecy::Public)?;
        let both = begun.elapsed();
        let token = sign_cwt_list(&key, (URI, &list), now, (LIFE, TTL))?;
        files::write(&out.join("list.cwt"), &token, Secrecy::Public)?;
        times.push((both, begun.elapsed()));
    }
    times.sort_unstable();
    let (jwt, both) = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "a list of 2^20 states, one in 97 revoked, signed and written: {:.1} ms as JWT, {:.1} ms \
         as JWT and CWT",
        jwt.as_secs_f64() * 1e3,
        both.as_secs_f64() * 1e3
    );
    Ok(())
}

/// `issue --batch` beside `check --subjects`, over the same list.
fn batch(town: &TestDeployment, city: &City, most: usize) -> Result<(), Failure> {
    town.allow_many()?;
    let ids: Vec<&str> = city.ids.iter().take(most).map(|id| id.as_str()).collect();
    let list = town.folder.join("list.txt");
    fs::write(&list, ids.join("\n"))?;
    let without_subject = |command: &str, more: &[(&str, &str)]| {
        let mut arguments = town.question(command, FUND, "family", "x");
        if let Some(at) = arguments.iter().position(|argument| argument == "--param") {
            arguments.drain(at..at + 2);
        }
        arguments.extend(more.iter().flat_map(|(name, value)| [*name, *value]).map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let begun = Instant::now();
        let done = town.zerotrip(&arguments)?;
        if ![0, 1, 4].contains(&done.code) {
            return fail(format!("`zerotrip {command}` ended with {done:?}"));
        }
        Ok(begun.elapsed())
    };
    let list = list.display().to_string();
    let out = town.folder.join("batch").display().to_string();
    let checked = without_subject("check", &[("--subjects", &list)])?;
    let issued = without_subject("issue", &[("--batch", &list), ("--out", &out)])?;
    println!(
        "{} persons: one exchange about them {:.2} s, their batch with a certificate for each yes \
         {:.2} s ({:.2} of the rate)",
        ids.len(),
        checked.as_secs_f64(),
        issued.as_secs_f64(),
        checked.as_secs_f64() / issued.as_secs_f64()
    );
    Ok(())
}
