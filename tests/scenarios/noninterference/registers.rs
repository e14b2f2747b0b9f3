//! Hidden data in the registers themselves, changed at random between two questions about one
//! person.

use std::collections::BTreeSet;
use std::time::Duration;

use zerotrip_tests::city::System;
use zerotrip_tests::deployment::{DEPARTMENTS, TRANSIT};

use super::{Observer, Trial, View, size};
use crate::support::{DeployedCity, Dice, deploy_in, errand, in_words, journal, question, runtime};

/// What a stranger reads, what a department reads, its own log and another's, and how often each is
/// asked.
type Told = (View, View, [Vec<String>; 2], [usize; 4]);

/// The four registers as their departments keep them: file, table, and the column that says whose
/// row it is.
const REGISTERS: [(&str, &str, &str); 4] = [
    ("police/household.db", "T_RKXX", "SFZH"),
    ("civil/marriage.db", "T_HYDJ", "NVFSFZH"),
    ("estate/ownership.db", "T_FDCQ", "QLRSFZH"),
    ("housing/presale.db", "T_YSHT", "GMRSFZH"),
];

/// Changes a register as its department does, while it is served: persons change places in its
/// rows, rows go and others come, the person asked about is in one more of them or in one less. As
/// many rows as before, and as readable: what is published of a register is no secret.
fn change_register(town: &DeployedCity, which: usize, asked: &str, dice: &mut Dice) {
    let (file, table, column) = REGISTERS[which];
    let register =
        rusqlite::Connection::open(town.deployment.folder.join("city").join(file)).unwrap();
    register.busy_timeout(Duration::from_secs(5)).unwrap();
    let good = format!("length({column}) = 18 AND {column} GLOB '[1-9]*'");
    let mut query = register
        .prepare(&format!("SELECT rowid, {column} FROM {table} WHERE {good} ORDER BY rowid"))
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(i64, String)> = rows.map(Result::unwrap).collect();
    let set = |row: i64, person: &str| {
        let update = format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1");
        register.execute(&update, rusqlite::params![row, person]).unwrap();
    };
    for _ in 0..4 {
        let [(one, first), (other, second)] = [(); 2].map(|()| &rows[dice.below(rows.len())]);
        // In the household register a row is the person's own: who is in it stays in it.
        match dice.below(if which == 0 { 1 } else { 3 }) {
            0 => {
                set(*one, second);
                set(*other, first);
                if which == 0 {
                    // Their parents and their deaths change, not they.
                    set(*one, first);
                    set(*other, second);
                    let parents = format!(
                        "UPDATE {table} SET FQSFZH = (SELECT FQSFZH FROM {table} WHERE rowid = \
                         ?2), MQSFZH = (SELECT MQSFZH FROM {table} WHERE rowid = ?2) WHERE rowid \
                         = ?1"
                    );
                    register.execute(&parents, [*one, *other]).unwrap();
                }
            }
            1 => set(*one, asked),
            _ => rows
                .iter()
                .filter(|(_, person)| person == asked)
                .for_each(|(row, _)| set(*row, second)),
        }
    }
}

/// What a department's own log says of an exchange, without ids, times and the persons by whom it
/// was asked.
fn own_log(town: &DeployedCity, member: &str, from: usize) -> Vec<String> {
    let text = journal(&town.deployment.folder, member);
    let said = |line: &str| {
        let mut line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        for own in ["at", "exchange", "grant"] {
            line.remove(own);
        }
        serde_json::Value::from(line).to_string()
    };
    text.lines().skip(from).map(said).collect()
}

/// The same person is asked about all the time, and all that changes lies in registers of others:
/// who owns, who buys, who is whose child. What a stranger reads is the same, and so is what a
/// department reads whose own register is as it was: by every call, in its own log, in how often it
/// is asked.
#[test]
fn what_registers_of_others_hold_changes_nothing_that_a_member_reads() {
    let seed = std::env::var("ZEROTRIP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let trials =
        std::env::var("ZEROTRIP_TRIALS").ok().and_then(|trials| trials.parse().ok()).unwrap_or(12);
    let mut dice = Dice(seed);
    let town = deploy_in(200, 23, [System::Sqlite; 4]);
    let (applicant, _) = town.cast("nothing_owned");
    let mut came = BTreeSet::new();
    runtime().block_on(async {
        let mut session = town.session().await;
        let mut stranger = Observer::of(&town, TRANSIT).await;
        let mut department = Observer::of(&town, "civil").await;
        let mut first: Option<Told> = None;
        for trial in 0..trials {
            if trial > 0 {
                // The owner's and the buyers' registers: between couple and home there is nothing
                // that civil affairs are asked by.
                let register = [2, 2, 3][dice.below(3)];
                change_register(&town, register, &applicant, &mut dice);
            }
            let base = size(&session).await;
            let lines = DEPARTMENTS.map(|(member, ..)| own_log(&town, member, 0).len());
            let found = session.check(&errand(), &question("couple", &applicant)).await.unwrap();
            came.insert(in_words(&found));
            let trial =
                Trial { base, id: found.proven().answer().request_id.clone(), outcome: "any" };
            let logs = [0, 1].map(|one| own_log(&town, DEPARTMENTS[one].0, lines[one]));
            // Round trips, by which time could tell: each department is asked as often, whatever
            // the others hold.
            let asked =
                [0, 1, 2, 3].map(|one| own_log(&town, DEPARTMENTS[one].0, lines[one]).len());
            let seen = (
                stranger.view(&trial, &applicant).await,
                department.view(&trial, &applicant).await,
                logs,
                asked,
            );
            let known = first.get_or_insert_with(|| seen.clone());
            for (who, known, seen) in
                [("a stranger", &known.0, &seen.0), ("a department", &known.1, &seen.1)]
            {
                for (path, heard) in seen {
                    assert_eq!(
                        heard,
                        &known[path],
                        "{who} can tell by {path} what came of it: {:?} (seed {seed})",
                        came.last()
                    );
                }
            }
            assert_eq!(
                seen.2, known.2,
                "a department's own log tells what others' registers hold (seed {seed})"
            );
            assert_eq!(
                seen.3, known.3,
                "how often departments are asked tells what registers hold (seed {seed})"
            );
        }
    });
    assert!(came.len() >= 2, "nothing that was hidden changed: {came:?}");

    // Registers that civil affairs' own questions follow from are changed as well, and its own: a
    // stranger reads the same.
    runtime().block_on(async {
        let mut session = town.session().await;
        let mut stranger = Observer::of(&town, TRANSIT).await;
        let mut first: Option<View> = None;
        for _ in 0..trials {
            for _ in 0..2 {
                change_register(&town, dice.below(REGISTERS.len()), &applicant, &mut dice);
            }
            let base = size(&session).await;
            let variant = "couple";
            let found = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
            came.insert(in_words(&found));
            let trial =
                Trial { base, id: found.proven().answer().request_id.clone(), outcome: "any" };
            let seen = stranger.view(&trial, &applicant).await;
            let known = first.get_or_insert_with(|| seen.clone());
            for (path, heard) in &seen {
                assert_eq!(
                    heard,
                    &known[path],
                    "a stranger can tell by {path} what came of it: {:?} (seed {seed})",
                    came.last()
                );
            }
        }
    });
}
