//! Every condition of the shipped definition is there for a reason: with it left out, an oracle
//! that does not know the definition finds a wrong answer, or a person asked about needlessly. What
//! no oracle misses has its reason below.

use std::sync::Arc;

use zerotrip_checks::definition::Definition;
use zerotrip_hub::engine::PreparedCheck;

use crate::support::statements;
use crate::{moments, plausible, prepared};

/// A definition without one of its conditions.
struct Without {
    what: String,
    text: String,
}

/// What none of the oracles here misses, by a part of it, and why: a list that may only become
/// shorter.
const NOT_MISSED: &[(&str, &str)] = &[
    (
        "former.family.sql: and (h.father_id = h.kin",
        "no oracle has a row of kin that is no child's",
    ),
    (
        "former.family.sql: or h.mother_id = h.kin",
        "no oracle has children who come of age with a mother alone",
    ),
    ("registered.sql: where status = 'registered'", "no oracle has persons who only moved out"),
    ("gone.status = 'moved_out'", "no oracle has persons who moved out and are registered too"),
    ("where m.man_id = m.woman_id", "no oracle has a marriage with oneself"),
    (
        "where (death_date is not null) <> (status = 'deceased')",
        "no oracle has a death at odds with the status",
    ),
    (
        "from household dead join household alive",
        "held by `whoever_is_dead_in_one_row_and_alive_in_another_settles_nothing`",
    ),
    (
        "when status = 'applied' then 'clear'",
        "held by `an_application_is_no_home_and_a_row_in_progress_may_be_one`, for the applicant",
    ),
    ("and h.status = 'deceased'", "as the death at odds with the status"),
    (
        "and not exists (select 1 from household alive",
        "held by the test of the dead who are alive in another row",
    ),
    (
        "and alive.status <> 'moved_out'",
        "held by the test of the dead who are alive in another row",
    ),
];

/// Each SQL condition, each case of a verdict, each branch of a union, each word of a list, and
/// each line of the scans that bounds them.
fn every_one_left_out(text: &str) -> Vec<Without> {
    let mut left_out = Vec::new();
    let mut from = 0;
    // Each SQL file, from the line that opens it to the next such line.
    while let Some(at) = text[from..].find("=== ").map(|at| from + at) {
        let open = at + text[at..].find('\n').unwrap() + 1;
        let end = text[open..].find("\n=== ").map_or(text.len(), |end| open + end + 1);
        from = end;
        let step = text[at + 4..open].trim_end();
        if !step.ends_with(".sql") {
            continue;
        }
        // The words of its author are no part of it.
        let open =
            open + lines(&text[open..end]).find(|(_, line)| !line.starts_with("--")).unwrap().0;
        let sql = &text[open..end];
        let mut add = |what: String, changed: String| {
            left_out.push(Without {
                what: format!("{step}: {what}"),
                text: [&text[..open], &changed, &text[end..]].concat(),
            });
        };
        let branches: Vec<&str> = sql.split("\nunion all\n").collect();
        for (at, branch) in branches.iter().enumerate().filter(|_| branches.len() > 1) {
            let rest: Vec<&str> = branches
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, branch)| branch.trim_end())
                .collect();
            add(format!("branch {branch}"), rest.join("\nunion all\n") + "\n");
        }
        for (at, condition) in conditions(sql) {
            let (before, after) = (&sql[..at], &sql[at + condition.len()..]);
            let changed = if condition.starts_with("where") {
                [before, "where true", after].concat()
            } else {
                [before, after].concat()
            };
            // What follows opens the next file on a line of its own.
            add(condition.to_owned(), changed.trim_end().to_owned() + "\n");
        }
    }
    for (at, line) in lines(text) {
        let is_bound =
            ["lifetime_from", "last_years", "absence_for", "certain", "judged", "least_age"]
                .iter()
                .any(|key| line.starts_with(key));
        if is_bound {
            left_out.push(Without {
                what: line.to_owned(),
                text: [&text[..at], &text[at + line.len()..]].concat(),
            });
        }
    }
    left_out
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = at;
        at += line.len();
        (here, line.trim_end_matches('\n'))
    })
}

/// `and …` and `where …` up to the next of them at the same depth, `when … then …` up to the next,
/// and `or …`.
fn conditions(sql: &str) -> Vec<(usize, &str)> {
    const WORDS: [&str; 9] =
        ["and", "where", "or", "when", "else", "union", "group", "end", "then"];
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    for (at, c) in sql.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_start = at == 0
            || !sql.as_bytes()[at - 1].is_ascii_alphanumeric() && sql.as_bytes()[at - 1] != b'_';
        let word = WORDS.iter().find(|word| {
            sql[at..].starts_with(**word)
                && !sql[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        if let (true, Some(word)) = (is_start, word) {
            starts.push((at, *word, depth));
        }
    }
    let closes = |from: usize, depth: usize| {
        let mut here = depth;
        sql[from..].char_indices().find_map(|(at, c)| {
            match c {
                '(' => here += 1,
                ')' if here == depth => return Some(from + at),
                ')' => here -= 1,
                _ => {}
            }
            None
        })
    };
    let mut found = Vec::new();
    for (number, (at, word, depth)) in starts.iter().enumerate() {
        if !matches!(*word, "and" | "where" | "or" | "when") {
            continue;
        }
        let next = |ends: &[&str]| {
            let later = starts[number + 1..]
                .iter()
                .find(|(_, other, deep)| deep == depth && ends.contains(other))
                .map(|(at, ..)| *at);
            let closed = closes(*at, *depth);
            [later, closed, Some(sql.len())].into_iter().flatten().min().unwrap_or(sql.len())
        };
        let end = if *word == "when" {
            next(&["when", "else", "end"])
        } else {
            next(&["and", "where", "or", "union", "group", "when", "then"])
        };
        found.push((*at, &sql[*at..end]));
    }
    found
}

#[test]
fn every_condition_of_the_definition_is_missed_where_it_is_left_out() {
    let text = zerotrip_tests::deployment::no_property().unwrap();
    let runtime = crate::support::runtime();
    let (mut missed, mut refused, mut unmissed) = (0, 0, Vec::new());
    let whole = vec![Without { what: "nothing".to_owned(), text: text.clone() }];
    for (number, one) in whole.into_iter().chain(every_one_left_out(&text)).enumerate() {
        let prepared = Definition::parse(&one.text, "it").ok().and_then(|definition| {
            runtime.block_on(PreparedCheck::try_new(Arc::new(definition), &statements())).ok()
        });
        let Some(check) = prepared else {
            refused += 1;
            continue;
        };
        let wrong = plausible::wrong(&check)
            .or_else(|| prepared::wrong(&check, 20_261_129, 4_000))
            .or_else(|| moments::wrong(&check, 20_261_129, 8_000));
        match wrong {
            wrong if number == 0 => assert_eq!(wrong, None, "with all of them"),
            Some(_) => missed += 1,
            None if NOT_MISSED.iter().any(|(part, _)| one.what.contains(part)) => {}
            None => unmissed.push(one.what),
        }
    }
    println!("{missed} are missed, {refused} make no definition");
    assert!(unmissed.is_empty(), "nobody misses:\n{}", unmissed.join("\n---\n"));
    assert!(missed > 40, "{missed}: too few for the test to mean anything");
}
