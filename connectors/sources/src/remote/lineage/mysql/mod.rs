//! What the text of a view of MySQL's or MariaDB's rests upon. Both servers write it out again in a
//! form of their own, every table with its database and every name in back-ticks: so it can be read
//! word by word, and a word that is not known here is not accepted.

mod self_joins;

use std::collections::BTreeSet;

pub use self_joins::TableUse;

/// SQL's own words, of which each row of what is read is one row, in every session. No clock,
/// no variable, no function of dates, whose words follow the session's language and whose days
/// follow its zone and mode; no `distinct`, `group` or `limit`, which keep one row of several; no
/// query within an expression.
const WORDS: &[&str] = &[
    "select", "as", "from", "join", "left", "right", "inner", "cross", "on", "where", "and", "or",
    "xor", "not", "is", "null", "true", "false", "unknown", "in", "like", "between", "case",
    "when", "then", "else", "end", "order", "by", "asc", "desc", "union", "all", "both", "leading",
    "trailing", "char", "signed", "unsigned", "integer", "decimal",
];
/// Functions of their arguments alone, each with a bracket behind it.
const FUNCTIONS: &[&str] = &[
    "cast",
    "concat",
    "concat_ws",
    "trim",
    "ltrim",
    "rtrim",
    "upper",
    "lower",
    "ucase",
    "lcase",
    "substr",
    "substring",
    "left",
    "right",
    "replace",
    "length",
    "char_length",
    "character_length",
    "octet_length",
    "coalesce",
    "ifnull",
    "nullif",
    "if",
    "nvl",
    "in",
    "char",
    "decimal",
];
/// Words after which a bracket can open, though they are not functions.
const BEFORE_BRACKETS: &[&str] = &[
    "select", "from", "join", "on", "where", "and", "or", "xor", "not", "when", "then", "else",
    "case", "by", "all", "between", "like",
];

/// What a view's text says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The tables and views that it names, each with its database.
    pub tables: Vec<(String, String)>,
    /// The columns that it does more with than to show them.
    pub used: BTreeSet<String>,
    /// The names that it gives to what it makes.
    pub named: BTreeSet<String>,
    /// The columns that it shows as they are, each with its place among the columns of the view.
    pub shown: Vec<(String, usize)>,
    /// How many columns it has.
    pub width: usize,
    /// Where each of its queries, of which it puts one behind the other, takes a table.
    pub taken: Vec<TableUse>,
}

/// A piece of a view's text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// In back-ticks.
    Name(String),
    /// Without.
    Word(String),
    Text(String),
    Number(String),
    Sign(char),
}

/// What is between two brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A query, or its whole text.
    Query,
    /// A list of joins.
    Joins,
    /// Anything else.
    Other,
}

/// What a view's text says; or what it uses that is not known here.
pub fn view(text: &str) -> Result<View, String> {
    let tokens = tokens(text)?;
    let mut found = View::default();
    // For each bracket that is open: what is within, and whether a query's tables are being named.
    let mut open: Vec<(Within, bool)> = vec![(Within::Query, false)];
    // Whether a table comes next.
    let mut table = false;
    let mut at = 0;
    let mut names = 0;
    // Which of the view's columns is being made.
    let mut place = 0;
    let mut taken = Vec::new();
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let next = tokens.get(at + 1);
        match token {
            Token::Word(word) => {
                is_known(word, before, next, tokens.get(at + 2))?;
                match word.as_str() {
                    "from" => {
                        if let Some((Within::Query, names_tables)) = open.last_mut() {
                            (table, *names_tables) = (true, true);
                        }
                    }
                    "where" | "order" | "union" => {
                        if let Some((_, names_tables)) = open.last_mut() {
                            *names_tables = false;
                        }
                    }
                    "join" if open.last().is_some_and(|(within, _)| *within != Within::Other) => {
                        table = true
                    }
                    "select" if table => return Err("a query without brackets".to_owned()),
                    "select" if open.len() == 1 => place = 0,
                    _ => {}
                }
            }
            Token::Sign('(') => {
                // A user-defined function has a name, and not a word that is known here.
                if let Some(Token::Name(name)) = before {
                    return Err(format!("`{name}`"));
                }
                let is_query = next == Some(&Token::Word("select".to_owned()));
                let is_branch = before.is_none() || before == Some(&Token::Word("all".to_owned()));
                if is_query && !table && !is_branch {
                    return Err("a query within an expression".to_owned());
                }
                let within = match (is_query, table) {
                    (true, _) => Within::Query,
                    (false, true) => Within::Joins,
                    (false, false) => Within::Other,
                };
                table &= !is_query;
                open.push((within, false));
            }
            Token::Sign(')') => {
                if table || open.pop().is_none() || open.is_empty() {
                    return Err("`)`".to_owned());
                }
            }
            Token::Sign(',')
                if open
                    .last()
                    .is_some_and(|(within, names)| *within == Within::Joins || *names) =>
            {
                table = true
            }
            Token::Sign(sign) => {
                if *sign == ',' && open.len() == 1 {
                    place += 1;
                }
                if !"=<>!,.".contains(*sign) {
                    return Err(format!("`{sign}`"));
                }
            }
            Token::Name(name) if table => {
                let (Some(Token::Sign('.')), Some(Token::Name(inner))) = (next, tokens.get(at + 2))
                else {
                    return Err(format!("`{name}`"));
                };
                if tokens.get(at + 3) == Some(&Token::Sign('.')) {
                    return Err(format!("`{name}`"));
                }
                found.tables.push((name.clone(), inner.clone()));
                taken.push(at);
                table = false;
                at += 2;
            }
            Token::Name(name) => {
                names += 1;
                let (mut last, begun) = (name, at);
                while let (Some(Token::Sign('.')), Some(Token::Name(part))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    last = part;
                    at += 2;
                }
                let is_listed = before == Some(&Token::Word("select".to_owned()))
                    || before == Some(&Token::Sign(','));
                let is_shown = is_listed
                    && open == [(Within::Query, false)]
                    && tokens.get(at + 1) == Some(&Token::Word("as".to_owned()));
                if before == Some(&Token::Word("as".to_owned())) {
                    found.named.insert(name.clone());
                    found.width = found.width.max(place + 1);
                }
                if is_shown {
                    found.shown.push((last.clone(), place));
                } else if at != begun {
                    found.used.insert(last.clone());
                }
            }
            Token::Text(_) | Token::Number(_) => {}
        }
        if table && matches!(token, Token::Text(_) | Token::Number(_)) {
            return Err("`from`".to_owned());
        }
        at += 1;
    }
    if table || open.len() != 1 || names == 0 || found.tables.is_empty() {
        return Err("a text that ends before its end".to_owned());
    }
    found.taken = self_joins::taken(&tokens, &taken);
    found.tables.sort();
    found.tables.dedup();
    Ok(found)
}

/// Of the expression by which a column is made anew for each reader: the columns that it is made
/// of; or what it uses that is not known here.
pub fn expression(text: &str) -> Result<BTreeSet<String>, String> {
    view(&format!("select {text} AS `a`,`b`.`t`.`c` AS `c` from `b`.`t`"))?;
    let name = |token| if let Token::Name(name) = token { Some(name) } else { None };
    Ok(tokens(text)?.into_iter().filter_map(name).collect())
}

/// Whether a word may be where it is.
fn is_known(
    word: &str,
    before: Option<&Token>,
    next: Option<&Token>,
    after: Option<&Token>,
) -> Result<(), String> {
    let is_next = |wanted: &str| matches!(next, Some(Token::Word(next)) if next == wanted);
    let is_before = |wanted: &str| matches!(before, Some(Token::Word(before)) if before == wanted);
    let is_call = next == Some(&Token::Sign('('));
    let is_known = match word {
        // Nothing but rows that are the same in every column would be left.
        "union" if !is_next("all") => return Err("`union` without `all`".to_owned()),
        "all" => is_before("union"),
        "like" => match next {
            // What a backslash means in a pattern the session says.
            Some(Token::Text(pattern)) => !pattern.contains('\\'),
            _ => false,
        },
        "charset" => {
            matches!(next, Some(Token::Word(set)) if set.starts_with("utf8"))
                && after == Some(&Token::Sign(')'))
        }
        set if set.starts_with("utf8") => is_before("charset"),
        set if set.starts_with('_') => is_set(set) && matches!(next, Some(Token::Text(_))),
        word if is_call => FUNCTIONS.contains(&word) || BEFORE_BRACKETS.contains(&word),
        word => WORDS.contains(&word),
    };
    if is_known {
        Ok(())
    } else {
        Err(if is_call { format!("`{word}()`") } else { format!("`{word}`") })
    }
}

/// Whether it could be the name of a character set, as before a text.
fn is_set(word: &str) -> bool {
    ["utf8", "gbk", "gb2312", "gb18030", "big5", "latin1", "ascii"]
        .iter()
        .any(|set| word.trim_start_matches('_').starts_with(set))
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken;
        match first {
            '`' | '\'' | '"' => {
                let (inner, length) = quoted(rest, first)
                    .ok_or_else(|| "a text that ends before its end".to_owned())?;
                tokens.push(if first == '`' { Token::Name(inner) } else { Token::Text(inner) });
                taken = length;
            }
            '/' if rest.starts_with("/* select#") => {
                // MySQL numbers its queries so.
                let number = rest.split_once("*/").map_or(rest, |(comment, _)| comment);
                if !number
                    .trim_start_matches("/* select#")
                    .trim()
                    .bytes()
                    .all(|c| c.is_ascii_digit())
                {
                    return Err("`/*`".to_owned());
                }
                taken = (number.len() + 2).min(rest.len());
            }
            '/' if rest.starts_with("/*") => return Err("`/*`".to_owned()),
            first if first.is_ascii_digit() => {
                taken = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                    .unwrap_or(rest.len());
                tokens.push(Token::Number(rest.get(..taken).unwrap_or_default().to_owned()));
            }
            first if first.is_alphanumeric() || first == '_' => {
                taken =
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
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

/// What is between two quotes, of which two within it are one, with each backslash as it is; and
/// how long it is with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            inner.push(c);
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
mod tests;
