//! What the server's errors mean, by their `SQLSTATE`.

use std::error::Error as _;

use tokio_postgres::Error;
use zerotrip_datasets::file::{Password, Remote};
use zerotrip_proto::v1::ErrorCode;

use super::super::login::not_let_in;
use crate::SourceError;

pub fn address(spec: &Remote) -> String {
    format!("the PostgreSQL server at `{}:{}`", spec.host, spec.port)
}

/// The server's messages can hold values of rows: of those that could, only the code is passed on.
pub fn map_error(spec: &Remote, error: &Error) -> SourceError {
    let server = address(spec);
    let (code, detail) = match error.as_db_error() {
        // Found by the driver, before it sends any.
        None if error.source().is_some_and(|cause| cause.to_string() == "password missing") => {
            (ErrorCode::Misconfigured, not_let_in(&server, &spec.user, &Password::None))
        }
        None => {
            let mut detail = format!("{server}: {error}");
            if let Some(cause) = error.source() {
                detail = format!("{detail}: {cause}");
            }
            if detail.contains("TLS") {
                detail.push_str(
                    "; correct `source.host`, `source.ca_file` or `source.tls`, or the server's \
                     certificate",
                );
            }
            let code = if error.is_closed() {
                ErrorCode::SourceFailed
            } else {
                ErrorCode::SourceUnreachable
            };
            (code, detail)
        }
        Some(server_error) => {
            let (state, message) = (server_error.code(), server_error.message());
            match state.code() {
                "28P01" => {
                    (ErrorCode::Misconfigured, not_let_in(&server, &spec.user, &spec.password))
                }
                "28000" => (
                    ErrorCode::Misconfigured,
                    format!(
                        "{server} does not let `{}` in from here, or in clear text; correct \
                         `source.user` or `source.tls`, or let it in there",
                        spec.user
                    ),
                ),
                "3D000" => (
                    ErrorCode::Misconfigured,
                    format!(
                        "{server} has no database `{}`; correct `source.database`",
                        spec.database
                    ),
                ),
                "42501" => (
                    ErrorCode::Misconfigured,
                    format!("{server}: `{}` may not read it: {message}", spec.user),
                ),
                "42703" | "42P01" | "3F000" | "42883" => {
                    (ErrorCode::SourceDrift, format!("{server}: {message}"))
                }
                "42804" | "0A000" => {
                    (ErrorCode::SourceDrift, format!("{server}: the table has changed: {message}"))
                }
                "57014" => (
                    ErrorCode::SourceTimeout,
                    format!("{server} stopped the statement: its time was up"),
                ),
                "55P03" => (
                    ErrorCode::SourceTimeout,
                    format!("{server}: another session holds a lock on `{}`", spec.table),
                ),
                "53300" => (
                    ErrorCode::SourceUnreachable,
                    format!("{server} has too many connections; lower `source.connections`"),
                ),
                "57P01" | "57P02" | "57P03" => (
                    ErrorCode::SourceUnreachable,
                    format!("{server} is shutting down or starting up"),
                ),
                other => {
                    (ErrorCode::SourceFailed, format!("{server} failed with SQLSTATE {other}"))
                }
            }
        }
    };
    SourceError::new(code, detail)
}
