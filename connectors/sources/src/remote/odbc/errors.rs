//! What a driver's errors mean: by `SQLSTATE`, by the system's own number, and where neither says
//! enough by what its words were sorted as.

use zerotrip_datasets::file::Odbc;
use zerotrip_odbc_wire::{Failure, Sort};
use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::super::login::not_let_in;
use super::dialect::Dialect;

/// Where the error occurred.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// While logging in.
    LogIn,
    /// Afterwards.
    Later,
}

/// What is said of a driver that knows text in bytes only, one for each character.
pub fn garbles(address: &str) -> String {
    format!(
        "{address}: the driver gives no text beyond ASCII as it is stored: it is an ANSI variant; \
         name its Unicode variant, such as `PostgreSQL Unicode`, in `source.driver` or in \
         `odbc.ini`"
    )
}

/// An error in the connector's words.
pub fn map_error(
    spec: &Odbc,
    address: &str,
    dialect: &Dialect,
    met: Phase,
    failure: &Failure,
) -> SourceError {
    let state = failure.state.as_str();
    let words = failure.words.as_deref().unwrap_or_default();
    let said = if words.is_empty() {
        format!("SQLSTATE {state}, error {}", failure.native)
    } else {
        format!("{words} (SQLSTATE {state})")
    };
    let user = spec.user.as_deref().unwrap_or_default();
    let (code, detail) = if met == Phase::LogIn
        && (state.starts_with("28") || failure.sort == Sort::NotLetIn)
    {
        (ErrorCode::Misconfigured, not_let_in(address, user, &spec.password))
    } else if met == Phase::LogIn && (state.starts_with("IM") || failure.sort == Sort::NoDriver) {
        let remedy = "install the driver, and correct `source.driver` or `source.dsn` (`odbcinst \
                          -q -d` lists drivers, `odbcinst -q -s` data sources)";
        (ErrorCode::Misconfigured, format!("{address}: {said}; {remedy}"))
    } else if met == Phase::LogIn && failure.sort == Sort::NoDatabase {
        (ErrorCode::Misconfigured, format!("{address}: {said}; correct `source.attributes`"))
    } else if met == Phase::LogIn {
        (ErrorCode::SourceUnreachable, format!("{address}: {said}"))
    } else if dialect.locked.contains(&failure.native) || state == "55P03" {
        (
            ErrorCode::SourceTimeout,
            format!("{address}: another session holds a lock on `{}`", spec.table),
        )
    } else if matches!(state, "HYT00" | "HYT01" | "57014" | "HY008") {
        (ErrorCode::SourceTimeout, format!("{address} stopped the statement: its time was up"))
    } else if dialect.gone.contains(&failure.native)
        || matches!(
            state,
            "42S02"
                | "42S22"
                | "42703"
                | "42P01"
                | "3F000"
                | "42883"
                | "42804"
                | "0A000"
                | "S0002"
                | "S0022"
        )
    {
        (
            ErrorCode::SourceDrift,
            format!("{address}: `{}` or a column of it is gone or changed: {said}", spec.table),
        )
    } else if state == "07006" {
        (ErrorCode::Misconfigured, garbles(address))
    } else if state == "42501" {
        (ErrorCode::Misconfigured, format!("{address}: `{user}` may not read it: {said}"))
    } else if failure.native == 3952 {
        let remedy = "the database allows no snapshots (ALLOW_SNAPSHOT_ISOLATION); have them \
                          allowed, or attach an extract";
        (ErrorCode::Misconfigured, format!("{address}: {remedy}"))
    } else if state.starts_with("57P") || (state.starts_with("08") && state != "08S01") {
        (ErrorCode::SourceUnreachable, format!("{address}: the connection is gone: {said}"))
    } else {
        (ErrorCode::SourceFailed, format!("{address} failed: {said}"))
    };
    SourceError::new(code, detail)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use zerotrip_datasets::file::{Password, SqliteAsOf, Through};

    use super::*;

    #[test]
    fn errors_are_sorted_by_who_must_act() {
        let spec = Odbc {
            through: Through::Dsn("estate".into()),
            attributes: Vec::new(),
            file: None,
            catalog: None,
            schema: None,
            table: "t".into(),
            user: Some("reader".into()),
            password: Password::None,
            unchanging: false,
            connections: 2,
            profile_every: Duration::ZERO,
            as_of: SqliteAsOf::Live,
            nothing_hidden: None,
        };
        let other = Sort::Other;
        let code = |system: &str, met, state: &str, native, sort| {
            let failure = Failure { state: state.into(), native, sort, words: None };
            map_error(&spec, "`estate`", &Dialect::of(system), met, &failure).code
        };
        // A password that nobody gave is not one to be mended.
        let refused = Failure { state: "28000".into(), native: 0, sort: other, words: None };
        let said = |spec: &Odbc| {
            map_error(spec, "`estate`", &Dialect::of(""), Phase::LogIn, &refused).detail
        };
        assert!(
            said(&spec).contains("and none is given; name its file in `source.password_file`"),
            "{}",
            said(&spec)
        );
        let given = Odbc { password: Password::File("secret".into()), ..spec.clone() };
        assert!(said(&given).contains("correct `source.user` or its password"), "{}", said(&given));
        assert_eq!(code("", Phase::LogIn, "28000", 0, other), ErrorCode::Misconfigured);
        assert_eq!(code("", Phase::LogIn, "08001", 101, Sort::NotLetIn), ErrorCode::Misconfigured);
        assert_eq!(code("", Phase::LogIn, "08001", 101, other), ErrorCode::SourceUnreachable);
        assert_eq!(code("", Phase::LogIn, "01000", 0, Sort::NoDriver), ErrorCode::Misconfigured);
        assert_eq!(code("Oracle", Phase::Later, "42S02", 942, other), ErrorCode::SourceDrift);
        assert_eq!(code("SQLite", Phase::Later, "HY000", 1, other), ErrorCode::SourceDrift);
        assert_eq!(code("SQLite", Phase::Later, "HY000", 5, other), ErrorCode::SourceTimeout);
        assert_eq!(code("PostgreSQL", Phase::Later, "HY000", 1, other), ErrorCode::SourceFailed);
        assert_eq!(
            code("Microsoft SQL Server", Phase::Later, "42000", 3952, other),
            ErrorCode::Misconfigured
        );
        assert_eq!(code("DM DBMS", Phase::Later, "HYT00", 0, other), ErrorCode::SourceTimeout);
        assert_eq!(code("PostgreSQL", Phase::Later, "07006", 14, other), ErrorCode::Misconfigured);
        assert_eq!(
            code("DB2/LINUXX8664", Phase::Later, "08S01", 0, other),
            ErrorCode::SourceFailed
        );
    }
}
