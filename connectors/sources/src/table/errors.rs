//! Errors of a SQLite file.

use zerotrip_proto::v1::ErrorCode;

use super::Inner;
use crate::SourceError;

impl Inner {
    pub(super) fn gone(&self, error: &std::io::Error) -> SourceError {
        let detail = format!(
            "`{}`: {error}; correct `source.path` in the dataset file, or bring the file back",
            self.path.display()
        );
        SourceError::new(ErrorCode::SourceUnreachable, detail)
    }

    /// Rows that reading the whole table finds and looking up does not.
    pub(super) fn lost(&self, place: usize) -> SourceError {
        let field = self.shape.fields.get(place).map_or("", String::as_str);
        let detail = format!(
            "`{}`: rows of `{}` are not found by their `{field}`: its index is damaged; have the \
             system's maintainer run `reindex`, and `pragma integrity_check` to see what else is",
            self.path.display(),
            self.shape.table
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    /// A table's rows are in the order of their ids; in a file that was overwritten while it was
    /// open, pages of two files are together.
    pub(super) fn out_of_order(&self) -> SourceError {
        let detail = format!(
            "`{}`: rows of `{}` are not in the order of their ids: the file is damaged, or was \
             overwritten in place; put a whole one beside it and rename that",
            self.path.display(),
            self.shape.table
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> SourceError {
        let code = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => ErrorCode::SourceTimeout,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                ErrorCode::SourceFailed
            }
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
                ErrorCode::SourceUnreachable
            }
            _ if matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text.contains("no such")) => {
                ErrorCode::SourceDrift
            }
            _ => ErrorCode::SourceFailed,
        };
        SourceError::new(code, format!("`{}`: {error}", self.path.display()))
    }
}
