//! What a system is called in messages, and how a value is written in a connection string.

use zerotrip_datasets::file::{Odbc as Spec, Through};

pub fn address(spec: &Spec) -> String {
    let (Through::Driver(name) | Through::Dsn(name)) = &spec.through;
    match spec.attributes.iter().find(|(name, _)| {
        ["server", "servername", "host", "hostname", "dbq"].contains(&name.to_lowercase().as_str())
    }) {
        Some((_, host)) => format!("the system behind `{name}` at `{host}`"),
        None => format!("the system behind `{name}`"),
    }
}

/// A value that ends where it should. Not every driver knows braces, so they are written only where
/// they must.
pub fn escaped(value: &str) -> String {
    let plain = |c: char| !"[]{}(),;?*=!@+\"'".contains(c) && !c.is_control();
    if !value.is_empty() && value.trim() == value && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("{{{}}}", value.replace('}', "}}"))
    }
}
