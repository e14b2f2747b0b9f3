//! Verifies that the pages before a collection's first and behind its last have no other rows.

use zerotrip_datasets::file::Url;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, sha256};

use super::Plan;
use super::answers::{identity, in_utf8, no_id, torn};
use crate::SourceError;
use crate::rest::client::{Answer, kind_of};
use crate::rest::json::{self, Json};
use crate::snapshot::SnapshotWriter;

impl Plan {
    /// What is beside a collection's first and last page has no row that was not read. A server
    /// that refuses the number has none.
    pub(super) fn nothing_new(
        &self,
        place: &str,
        address: &Url,
        writer: &mut SnapshotWriter<'_>,
        fetch: &mut dyn FnMut(&Url) -> Result<Answer, SourceError>,
    ) -> Result<Digest, SourceError> {
        let answer = match fetch(address) {
            Ok(answer) => answer,
            // A status that is none of "not let in", "later" and "elsewhere": there is no such
            // page.
            Err(error)
                if matches!(error.code, ErrorCode::SourceDrift | ErrorCode::SourceFailed) =>
            {
                return Ok(sha256(b"refused"));
            }
            Err(error) => return Err(error),
        };
        let text = in_utf8(address, &answer)?;
        let mut rows = 0_u64;
        let mut each = |row: &Json<'_>| {
            rows += 1;
            let Some(id) = &self.spec.paging.id else { return Ok(()) };
            let id = identity(row.at(id.steps())).ok_or_else(|| no_id(id, rows))?;
            if writer.is_first(&id)? {
                let url = &self.spec.url;
                let detail = format!(
                    "{url} has a row at {place} that none of its pages had: it counts from \
                     another number, or in another way, than `source.paging` says; correct `first` \
                     or `kind` there (a row that was entered just now comes with the next reading)"
                );
                return Err(torn(detail));
            }
            Ok(())
        };
        json::read(text, self.spec.rows.steps(), &mut each).map_err(|error| {
            SourceError::new(
                error.code,
                format!(
                    "{address} ({}), asked for {place}: {}",
                    kind_of(&answer.headers),
                    error.detail
                ),
            )
        })?;
        Ok(sha256(if rows == 0 { b"empty" } else { b"known rows" }))
    }
}
