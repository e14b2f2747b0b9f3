//! What a decision costs, by how many grants are in force.

use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use zerotrip_policies::{Action, Facts, Snapshot, open_grants, seal_grants};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{self, Grant, GrantBundle, KeyDirectory, KeyUsage, Status};
use zerotrip_tests::deployment::{BASIS, Failure, PURPOSE, fail};
use zerotrip_trust::{Algorithm, Directory, SigningKey};

use crate::measure::{self, percentile};

/// Checks, each variant counted, that the members hold grants on.
const CHECKS: usize = 100;
/// Decisions that are timed.
const DECISIONS: usize = 20_000;

/// Measure decisions by the number of grants.
#[derive(Args)]
pub struct Grants {
    /// Grants in force, one line each. A bundle holds at most 100,000.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000, 100_000])]
    grants: Vec<usize>,
}

/// Measures, and prints.
pub fn measure(arguments: &Grants) -> Result<(), Failure> {
    println!("machine: {}\n", measure::machine()?);
    println!(
        "| grants | members | signed, KiB | taken into force, ms | a decision, µs: p50 | p99 | \
         resident now / at most |"
    );
    println!("|---|---|---|---|---|---|---|");
    for grants in arguments.grants.iter().copied() {
        let (line, members) = one(grants)?;
        println!("| {grants} | {members} | {line}");
    }
    Ok(())
}

fn one(number: usize) -> Result<(String, usize), Failure> {
    let members = number.div_ceil(CHECKS);
    let now = SystemTime::now();
    let life = (to_timestamp(now), to_timestamp(now + Duration::from_secs(86_400)));
    let directory = directory(members, now)?;
    let checks: Vec<String> = (0..CHECKS).map(|check| format!("check-{check}/family")).collect();
    let grants = (0..number).map(|at| Grant {
        id: format!("grant-{at}"),
        member: format!("member-{}", at / CHECKS),
        check: format!("check-{}/family", at % CHECKS),
        purposes: vec![PURPOSE.into()],
        legal_bases: vec![BASIS.into()],
        not_before: Some(life.0),
        not_after: Some(life.1),
        ..Grant::default()
    });
    let authority = SigningKey::generate(Algorithm::Ed25519)?;
    let bundle = GrantBundle {
        version: 1,
        issued_at: Some(life.0),
        grants: grants.collect(),
        ..GrantBundle::default()
    };
    let envelope = seal_grants(&bundle, &authority)?;
    drop(bundle);
    let begun = Instant::now();
    let bundle = open_grants(&envelope, authority.public(), 1)?;
    let snapshot = Snapshot::try_new(&directory, &bundle, &checks)?;
    let taken = begun.elapsed();
    drop(bundle);
    let held = measure::memory(std::process::id())?;
    let systems: Vec<String> = (0..members).map(uri).collect();
    let mut times = Vec::with_capacity(DECISIONS);
    for at in 0..DECISIONS {
        // Steps that meet every member and every check.
        let (Some(system), Some(check)) =
            (systems.get(at * 7 % members.max(1)), checks.get(at * 3 % CHECKS))
        else {
            return fail("no member");
        };
        let facts = Facts {
            subjects: 1,
            is_identified: true,
            system,
            check,
            action: Action::Check,
            purpose: PURPOSE,
            legal_basis: BASIS,
            service_item: "rent-withdrawal-330100",
            case_number: "HZ-2026-000417",
            official: "0471",
            now: now + Duration::from_secs(1),
        };
        let begun = Instant::now();
        let decision = snapshot.decide(&facts);
        times.push(begun.elapsed());
        let granted = (at * 7 % members) * CHECKS + at * 3 % CHECKS < number;
        if decision.allowed != granted {
            return fail(format!("{system} on {check}: {:?}", decision.policy_ids));
        }
    }
    let line = format!(
        "{} | {:.1} | {:.1} | {:.1} | {held} |",
        envelope.payload.len() / 1024,
        taken.as_secs_f64() * 1e3,
        percentile(&times, 50) * 1e3,
        percentile(&times, 99) * 1e3
    );
    Ok((line, members))
}

fn uri(member: usize) -> String {
    format!("spiffe://city.example/member/member-{member}/system/counter")
}

fn directory(members: usize, now: SystemTime) -> Result<Directory, Failure> {
    let end = now + Duration::from_secs(86_400);
    let mut listed = Vec::with_capacity(members);
    for member in 0..members {
        let key = SigningKey::generate(Algorithm::Ed25519)?;
        listed.push(v1::Member {
            id: format!("member-{member}"),
            name_en: format!("Member {member}"),
            name_zh: "单位".into(),
            status: Status::Active.into(),
            systems: vec![v1::System {
                uri: uri(member),
                status: Status::Active.into(),
                keys: vec![key.public().to_proto(KeyUsage::Sign, now, end)],
                administrator: false,
                tls_key: vec![7; 32],
            }],
        });
    }
    let message = KeyDirectory {
        version: 1,
        trust_domain: "city.example".into(),
        issued_at: Some(to_timestamp(now)),
        expires_at: Some(to_timestamp(end)),
        members: listed,
        hubs: vec![],
    };
    let authority = SigningKey::generate(Algorithm::Ed25519)?;
    let sealed = Directory::seal(&message, &authority)?;
    Ok(Directory::open(&sealed, authority.public(), now, 0)?)
}
