//! What the server's errors mean, by their numbers.

use mysql_async::{DriverError, Error, IoError};
use zerotrip_datasets::file::Remote;
use zerotrip_proto::v1::ErrorCode;

use super::super::login::not_let_in;
use crate::SourceError;

pub fn address(spec: &Remote) -> String {
    format!("the MySQL server at `{}:{}`", spec.host, spec.port)
}

/// The server's messages can hold values of rows: of those that could, only the code is passed on.
pub fn map_error(spec: &Remote, error: &Error) -> SourceError {
    let server = address(spec);
    let (code, detail) = match error {
        Error::Server(server_error) => match server_error.code {
            1045 | 1698 | 1130 | 1129 => {
                (ErrorCode::Misconfigured, not_let_in(&server, &spec.user, &spec.password))
            }
            1044 | 1049 => (
                ErrorCode::Misconfigured,
                format!(
                    "{server} has no database `{}` for it; correct `source.database`",
                    spec.database
                ),
            ),
            1142 | 1143 => (
                ErrorCode::Misconfigured,
                format!("{server}: `{}` may not read it: {}", spec.user, server_error.message),
            ),
            1051 | 1054 | 1146 | 1356 => {
                (ErrorCode::SourceDrift, format!("{server}: {}", server_error.message))
            }
            1412 => (
                ErrorCode::SourceDrift,
                format!("{server}: the table has changed since the look-up began"),
            ),
            1317 | 1969 | 3024 => (
                ErrorCode::SourceTimeout,
                format!("{server} stopped the statement: its time was up"),
            ),
            1205 => (
                ErrorCode::SourceTimeout,
                format!("{server}: another session holds a lock on `{}`", spec.table),
            ),
            1040 | 1203 | 1226 => (
                ErrorCode::SourceUnreachable,
                format!("{server} has too many connections; lower `source.connections`"),
            ),
            1053 | 1152 | 1927 => {
                (ErrorCode::SourceUnreachable, format!("{server} is shutting down"))
            }
            other => (ErrorCode::SourceFailed, format!("{server} failed with error {other}")),
        },
        Error::Io(IoError::Tls(error)) => (
            ErrorCode::SourceUnreachable,
            format!(
                "{server}: TLS: {error}; correct `source.host`, `source.ca_file` or `source.tls`, \
                 or the server's certificate"
            ),
        ),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => (
            ErrorCode::Misconfigured,
            format!("{server} offers no TLS; turn it on there, or say `tls = \"off\"`"),
        ),
        Error::Io(IoError::Io(error)) => {
            (ErrorCode::SourceUnreachable, format!("{server}: {error}"))
        }
        Error::Driver(error) => (ErrorCode::SourceFailed, format!("{server}: {error}")),
        Error::Url(_) | Error::Other(_) => {
            (ErrorCode::SourceFailed, format!("{server}: the driver failed"))
        }
    };
    SourceError::new(code, detail)
}
