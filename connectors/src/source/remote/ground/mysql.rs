//! What the text of a view of MySQL's or MariaDB's rests upon. Both servers write it out again in a form of their own, every table with
//! its database and every name in back-ticks: so it can be read word by word, and a word that is not known here is not accepted.

/// Words that depend on nothing but rows: SQL's own, and functions of their arguments alone. No clock, no random number, nothing of the
/// session, no variable; and no `limit`, but for the one that MariaDB writes behind `exists`.
const WORDS: &[&str] = &[
    "select",
    "distinct",
    "straight_join",
    "as",
    "from",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "cross",
    "on",
    "using",
    "where",
    "and",
    "or",
    "xor",
    "not",
    "is",
    "null",
    "true",
    "false",
    "unknown",
    "in",
    "like",
    "escape",
    "between",
    "case",
    "when",
    "then",
    "else",
    "end",
    "group",
    "by",
    "order",
    "asc",
    "desc",
    "having",
    "union",
    "all",
    "any",
    "some",
    "exists",
    "except",
    "intersect",
    "regexp",
    "rlike",
    "div",
    "mod",
    "interval",
    "over",
    "partition",
    "row_number",
    "rank",
    "dense_rank",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "quarter",
    "week",
    "microsecond",
    "date",
    "time",
    "timestamp",
    "datetime",
    "cast",
    "convert",
    "char",
    "charset",
    "character",
    "set",
    "collate",
    "signed",
    "unsigned",
    "integer",
    "decimal",
    "double",
    "float",
    "binary",
    "nchar",
    "concat",
    "concat_ws",
    "trim",
    "ltrim",
    "rtrim",
    "both",
    "leading",
    "trailing",
    "upper",
    "lower",
    "ucase",
    "lcase",
    "substr",
    "substring",
    "substring_index",
    "mid",
    "locate",
    "instr",
    "position",
    "replace",
    "insert",
    "lpad",
    "rpad",
    "repeat",
    "reverse",
    "length",
    "char_length",
    "character_length",
    "octet_length",
    "field",
    "find_in_set",
    "elt",
    "format",
    "hex",
    "unhex",
    "ascii",
    "ord",
    "if",
    "ifnull",
    "nullif",
    "coalesce",
    "nvl",
    "isnull",
    "greatest",
    "least",
    "abs",
    "ceiling",
    "ceil",
    "floor",
    "round",
    "truncate",
    "sign",
    "strcmp",
    "date_format",
    "str_to_date",
    "to_days",
    "from_days",
    "last_day",
    "date_add",
    "date_sub",
    "adddate",
    "subdate",
    "datediff",
    "timestampdiff",
    "timestampadd",
    "extract",
    "makedate",
    "dayofmonth",
    "dayofyear",
    "dayofweek",
    "weekday",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "md5",
    "sha1",
    "sha2",
    "regexp_replace",
    "regexp_substr",
    "regexp_like",
    "regexp_instr",
];
/// Words in the names of character sets and collations, which stand behind `charset`, `using`, `set` and `collate`.
const NAMERS: &[&str] = &["charset", "using", "set", "collate"];

/// A piece of a view's text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// In back-ticks.
    Name(String),
    /// Without.
    Word(String),
    Text,
    Number(String),
    Sign(char),
}

/// What stands between two brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A query, or its whole text.
    Query,
    /// A list of joins.
    Joins,
    /// Anything else; whether it is what `exists` asks.
    Other,
}

/// The tables and views that a view names, each with its database; or the word that is not known here.
pub fn tables(text: &str) -> Result<Vec<(String, String)>, String> {
    let tokens = tokens(text)?;
    let mut found = Vec::new();
    // For each bracket that is open: what is within, the word before it, and whether a query's tables are being named.
    let mut open: Vec<(Within, Option<&str>, bool)> = vec![(Within::Query, None, false)];
    // Whether a table comes next.
    let mut table = false;
    let mut at = 0;
    let mut names = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        match token {
            Token::Word(word) => match word.as_str() {
                "limit" => {
                    let is_exists = open.last().is_some_and(|(_, word, _)| *word == Some("exists"));
                    let one = tokens.get(at + 1) == Some(&Token::Number("1".to_owned())) && tokens.get(at + 2) == Some(&Token::Sign(')'));
                    if !is_exists || !one {
                        return Err("limit".to_owned());
                    }
                }
                "from" => {
                    if let Some((Within::Query, _, names_tables)) = open.last_mut() {
                        (table, *names_tables) = (true, true);
                    }
                }
                "where" | "group" | "having" | "order" | "union" | "except" | "intersect" => {
                    if let Some((_, _, names_tables)) = open.last_mut() {
                        *names_tables = false;
                    }
                }
                // Of a table's partitions, not of a window's rows.
                "partition" if tokens.get(at + 1) != Some(&Token::Word("by".to_owned())) => return Err("partition".to_owned()),
                "join" | "straight_join" if open.last().is_some_and(|(within, ..)| *within != Within::Other) => {
                    // `select straight_join` says how to join.
                    table = before != Some(&Token::Word("select".to_owned()));
                }
                "select" if table => return Err("a query without brackets".to_owned()),
                word if WORDS.contains(&word) => {}
                word if is_set(word) && matches!(before, Some(Token::Word(before)) if NAMERS.contains(&before.as_str())) => {}
                word if word.starts_with('_') && is_set(word) && tokens.get(at + 1) == Some(&Token::Text) => {}
                word => return Err(word.to_owned()),
            },
            Token::Sign('(') => {
                let next = tokens.get(at + 1);
                let is_query = next == Some(&Token::Word("select".to_owned()));
                let word = match before {
                    Some(Token::Word(word)) => Some(word.as_str()),
                    // A function that somebody made has a name, and not a word that is known here.
                    Some(Token::Name(name)) => return Err(name.clone()),
                    _ => None,
                };
                let within = match (is_query, table) {
                    (true, _) => Within::Query,
                    (false, true) => Within::Joins,
                    (false, false) => Within::Other,
                };
                table &= !is_query;
                open.push((within, word, false));
            }
            Token::Sign(')') => {
                if table || open.pop().is_none() || open.is_empty() {
                    return Err(")".to_owned());
                }
            }
            Token::Sign(',') if open.last().is_some_and(|(within, _, names)| *within == Within::Joins || *names) => table = true,
            Token::Sign(sign) => {
                if !"=<>!+-*/%,.&|^~".contains(*sign) {
                    return Err(sign.to_string());
                }
            }
            Token::Name(name) if table => {
                let (Some(Token::Sign('.')), Some(Token::Name(inner))) = (tokens.get(at + 1), tokens.get(at + 2)) else {
                    return Err(name.clone());
                };
                if tokens.get(at + 3) == Some(&Token::Sign('.')) {
                    return Err(name.clone());
                }
                found.push((name.clone(), inner.clone()));
                table = false;
                at += 2;
            }
            Token::Name(_) => names += 1,
            Token::Text | Token::Number(_) => {}
        }
        if table && matches!(token, Token::Text | Token::Number(_)) {
            return Err("from".to_owned());
        }
        at += 1;
    }
    if table || open.len() != 1 || names == 0 || found.is_empty() {
        return Err("a text that ends before its end".to_owned());
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether it could be the name of a character set or a collation.
fn is_set(word: &str) -> bool {
    let word = word.trim_start_matches('_');
    ["utf8", "gbk", "gb2312", "gb18030", "big5", "latin1", "ascii", "binary", "utf16", "ucs2"].iter().any(|set| word.starts_with(set))
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken;
        match first {
            '`' | '\'' | '"' => {
                let (inner, length) = quoted(rest, first).ok_or_else(|| "a text that ends before its end".to_owned())?;
                tokens.push(if first == '`' { Token::Name(inner) } else { Token::Text });
                taken = length;
            }
            '/' if rest.starts_with("/* select#") => {
                // MySQL numbers its queries so.
                let number = rest.split_once("*/").map_or(rest, |(comment, _)| comment);
                if !number.trim_start_matches("/* select#").trim().bytes().all(|c| c.is_ascii_digit()) {
                    return Err("/*".to_owned());
                }
                taken = (number.len() + 2).min(rest.len());
            }
            '/' if rest.starts_with("/*") => return Err("/*".to_owned()),
            first if first.is_ascii_digit() => {
                taken = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
                tokens.push(Token::Number(rest.get(..taken).unwrap_or_default().to_owned()));
            }
            first if first.is_alphanumeric() || first == '_' => {
                taken = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                tokens.push(Token::Word(rest.get(..taken).unwrap_or_default().to_lowercase()));
            }
            sign => {
                taken = sign.len_utf8();
                tokens.push(Token::Sign(sign));
            }
        }
        rest = rest.get(taken..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

/// What stands between two quotes, of which two within it are one; and how long it is with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            inner.push(chars.next()?.1);
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                inner.push(quote);
            } else {
                return Some((inner, at + c.len_utf8()));
            }
        } else {
            inner.push(c);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn named(text: &str) -> Result<String, String> {
        tables(text).map(|found| found.into_iter().map(|(base, table)| format!("{base}.{table}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn tables_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("select `d`.`t`.`a` AS `a` from `d`.`t`", "d.t"),
            ("select `d`.`t`.`a` AS `a ``b` from `d`.`t``x` where `d`.`t`.`n` like '%x`y\\' from `d`.`z`' and 1 between 1 and 2", "d.t`x"),
            ("select `d`.`t`.`a` AS `a` from (`d`.`t` join `e`.`u`) where `d`.`t`.`n` = `e`.`u`.`n`", "d.t e.u"),
            (
                "select `a`.`x` AS `x`,trim(both ' ' from `b`.`y`) AS `y`,case when `a`.`n` = 1 then 'x' else NULL end AS `c`,\
                 cast(`a`.`n` as char charset utf8mb3) AS `s` from ((`d`.`t` `a` join `e`.`u` `b` on(`a`.`x` = `b`.`x`)) left join \
                 (select `d`.`w`.`y` AS `y`,max(`d`.`w`.`z`) AS `m` from `d`.`w` group by `d`.`w`.`y`) `z` on(`z`.`y` = `b`.`y`)) where \
                 `a`.`n` in (1,2) and exists(select 1 from `d`.`v` where `d`.`v`.`x` = `b`.`y` limit 1) union all select `f`.`q`.`x` AS `x` \
                 from `f`.`q` having 1 = 1",
                "d.t d.v d.w e.u f.q",
            ),
            (
                "select `d`.`t`.`a` AS `a` from (`d`.`t` left join (`d`.`t` `t2` join `e`.`u` on(`t2`.`n` = `e`.`u`.`n`)) on(1 = 1))",
                "d.t e.u",
            ),
            ("/* select#1 */ select `d`.`t`.`a` AS `a` from `d`.`t` where (`d`.`t`.`b` = _utf8mb4'x' collate utf8mb4_bin)", "d.t"),
            ("select `d`.`t`.`a` AS `a`,`e`.`u`.`b` AS `b` from `d`.`t`,`e`.`u` where `d`.`t`.`n` in (1,`e`.`u`.`n`)", "d.t e.u"),
            ("select row_number() over ( partition by `d`.`t`.`a` order by `d`.`t`.`n`) AS `r` from `d`.`t`", "d.t"),
            ("select `d`.`t`.`a` AS `a` from `d`.`t` where !(`d`.`t`.`n` in (select `e`.`u`.`n` from `e`.`u`))", "d.t e.u"),
        ] {
            assert_eq!(named(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_accepted() {
        let of_t = |what: &str| format!("select {what} AS `a`,`d`.`t`.`b` AS `b` from `d`.`t`");
        for (text, word) in [
            (of_t("current_user()"), "current_user"),
            (of_t("user()"), "user"),
            (of_t("now()"), "now"),
            (of_t("current_timestamp()"), "current_timestamp"),
            (of_t("rand()"), "rand"),
            (of_t("`f`()"), "f"),
            (of_t("`d`.`f`(`d`.`t`.`b`)"), "f"),
            (of_t("@@port"), "@"),
            (of_t("uuid()"), "uuid"),
            (of_t("sleep(1)"), "sleep"),
            (of_t("group_concat(`d`.`t`.`b`)"), "group_concat"),
            (of_t("connection_id()"), "connection_id"),
            (of_t("load_file('x')"), "load_file"),
            (of_t("(select 1 limit 1)"), "limit"),
            ("select `d`.`t`.`a` AS `a` from `d`.`t` limit 5".to_owned(), "limit"),
            ("with q as (select `d`.`t`.`a` AS `a` from `d`.`t`)select `q`.`a` AS `a` from `q`".to_owned(), "with"),
            ("select `t`.`a` AS `a` from `t`".to_owned(), "t"),
            ("select `j`.`a` AS `a` from json_table('[]','$' columns(a int path '$')) `j`".to_owned(), "json_table"),
            ("select `d`.`t`.`a` AS `a` from `d`.`t` for system_time as of '2020-01-01'".to_owned(), "for"),
            ("select `d`.`t`.`a` AS `a` from `d`.`t` partition (`p0`)".to_owned(), "partition"),
            ("select `d`.`t`.`a` AS `a` from `d`.`t` /* x */".to_owned(), "/*"),
        ] {
            assert_eq!(named(&text).unwrap_err(), word, "{text}");
        }
        for broken in [
            "",
            "select",
            "select 1 AS `a`",
            "select `a` from",
            "select `d`.`t`.`a` AS `a` from `d`.`t` where ('",
            "select `d`.`t`.`a` from (`d`.`t`",
        ] {
            assert!(named(broken).is_err(), "{broken}");
        }
    }
}
