//! The functions and operators of PostgreSQL that give every reader the same, whatever the session
//! has set.

use std::collections::BTreeMap;

use super::node_tree::BOOL;

// Numbers of types, which are the same in every version.
const CHAR: u32 = 18;
pub const TEXT: u32 = 25;
const NUMERIC: u32 = 1700;
pub const BPCHAR: u32 = 1042;
pub const VARCHAR: u32 = 1043;
const MOMENT: u32 = 1184;
const INTEGERS: [u32; 3] = [20, 21, 23];
/// Written and read in one way, whatever the settings: no date (`datestyle`), no moment
/// (`timezone`), no float (`extra_float_digits`).
pub const WRITTEN_ALIKE: &[u32] =
    &[BOOL, CHAR, 19, 20, 21, 23, TEXT, BPCHAR, VARCHAR, NUMERIC, 2950, 705];
/// Besides those: dates, times, moments, floats, values of enumerations. They are compared in one
/// way with their like.
const COMPARED_ALIKE: &[u32] = &[1082, 1083, 1114, MOMENT, 700, 701, 3500];
const COMPARISONS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];
/// Functions of texts.
const FUNCTIONS: &[&str] = &[
    "btrim",
    "ltrim",
    "rtrim",
    "upper",
    "lower",
    "substr",
    "substring",
    "replace",
    "left",
    "right",
    "length",
    "char_length",
];
/// Functions that make one type of another, and are called as it is.
const CASTS: &[&str] =
    &["text", "bpchar", "varchar", "int2", "int4", "int8", "numeric", "bool", "date", "timestamp"];
/// Functions that write every value as text.
const WRITERS: &[&str] = &["concat", "concat_ws"];

/// The functions and operators that the trees name.
#[derive(Debug, Default)]
pub struct Functions {
    functions: BTreeMap<u32, Function>,
    /// The function behind an operator, and how that is written.
    operators: BTreeMap<u32, (u32, String)>,
}

#[derive(Debug)]
struct Function {
    name: String,
    result: u32,
    takes: Vec<u32>,
    is_own: bool,
}

impl Functions {
    /// As the catalogue has it: its number, its result, its arguments, its name.
    pub fn function(&mut self, said: &str) {
        let parts: Vec<&str> = said.splitn(4, ' ').collect();
        let [number, result, takes, name] = parts.as_slice() else { return };
        let (Ok(number), Ok(result)) = (number.parse(), result.parse()) else { return };
        let takes: Option<Vec<u32>> =
            takes.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().ok()).collect();
        let Some(takes) = takes else { return };
        // From 16384 on numbers are given to what was made after the installation.
        self.functions.insert(
            number,
            Function { name: (*name).to_owned(), result, takes, is_own: number < 16384 },
        );
    }

    /// Its number, that of its function, and how it is written.
    pub fn operator(&mut self, said: &str) {
        let parts: Vec<&str> = said.splitn(3, ' ').collect();
        let [number, code, name] = parts.as_slice() else { return };
        if let (Ok(number), Ok(code)) = (number.parse::<u32>(), code.parse()) {
            self.operators.insert(number, (code, (*name).to_owned()));
        }
    }

    /// What to say of a function, unless it is known.
    pub fn calls(&self, number: Option<u32>, given: &[Option<u32>]) -> Option<String> {
        let Some(function) = number.and_then(|number| self.functions.get(&number)) else {
            return Some(
                "a function that is not there, or is not PostgreSQL's own any more".to_owned(),
            );
        };
        let takes = |known: &[u32]| function.takes.iter().all(|kind| known.contains(kind));
        let is_plain = |kind: &u32| {
            WRITTEN_ALIKE.contains(kind) || (COMPARED_ALIKE.contains(kind) && *kind != MOMENT)
        };
        let name = function.name.as_str();
        let is_known = function.is_own
            && ((FUNCTIONS.contains(&name) && takes(WRITTEN_ALIKE))
                || (CASTS.contains(&name)
                    && is_plain(&function.result)
                    && function.takes.iter().all(is_plain))
                || (WRITERS.contains(&name)
                    && given
                        .iter()
                        .all(|kind| kind.is_some_and(|kind| WRITTEN_ALIKE.contains(&kind)))));
        (!is_known).then(|| format!("`{name}()`"))
    }

    /// The same of an operator.
    pub fn operates(&self, number: Option<u32>) -> Option<String> {
        let found = number.and_then(|number| self.operators.get(&number));
        let Some((function, name)) =
            found.and_then(|(code, name)| Some((self.functions.get(code)?, name.as_str())))
        else {
            return Some("an operator that is not there".to_owned());
        };
        let takes = function.takes.as_slice();
        let is_moment = takes.contains(&MOMENT);
        let is_known = function.is_own
            && number.is_some_and(|number| number < 16384)
            && match name {
                name if COMPARISONS.contains(&name) => {
                    takes
                        .iter()
                        .all(|kind| WRITTEN_ALIKE.contains(kind) || COMPARED_ALIKE.contains(kind))
                        && (!is_moment || takes == [MOMENT, MOMENT])
                }
                "~~" | "!~~" => takes.iter().all(|kind| [TEXT, BPCHAR].contains(kind)),
                "||" => takes == [TEXT, TEXT],
                "+" | "-" | "*" => {
                    takes.iter().all(|kind| INTEGERS.contains(kind) || *kind == NUMERIC)
                }
                _ => false,
            };
        (!is_known).then(|| format!("the operator `{name}` of `{}()`", function.name))
    }
}
