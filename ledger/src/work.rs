//! What the writer does for each job, inside its transaction. First everything that may be refused,
//! then what is written.

mod bounds;
mod exchanges;
mod job;
mod kept;

use rusqlite::Connection;
use zerotrip_proto::v1::entry_content::Body;

pub(crate) use bounds::MANY_BYTES;
pub use bounds::{ANSWER_BYTES, INVITATIONS, STATEMENTS};
pub use exchanges::VARIANTS_KEPT;
pub use job::{Asking, Certificates, Completed, Fact, Issued};
pub(crate) use job::{Done, Work};

use exchanges::{
    append, complete, intend, lapse_variants, not_superseded, reconcile, within_variants,
};
use kept::{admit, put_bundle, put_invitation, put_join, put_statement};

use crate::error::LedgerError;
use crate::fault::Fault;
use crate::segments::{Archive, apply_hold, apply_object, erase, take_over};
use crate::tree::Growing;
use crate::variants::Secret;

/// Does a job within the writer's transaction.
pub(crate) fn apply(
    connection: &Connection,
    archive: &Archive,
    tree: &mut Growing,
    work: Work,
) -> Result<Done, Fault> {
    match work {
        Work::Intend { intent, at, expires_at, asking } => {
            if !asking.is_empty() {
                let secret = Secret::read(connection)?;
                for asking in &asking {
                    within_variants(connection, &secret, asking, at)?;
                }
            }
            intend(connection, tree, intent, at, expires_at)
        }
        Work::Complete { completed, at, under, certificates } => {
            not_superseded(connection, &completed.completion.exchange_id, under)?;
            complete(connection, tree, completed, at, certificates)
        }
        Work::Append { body: Body::Refusal(refusal), at } => {
            let reader = refusal.peer.clone();
            append(connection, tree, Body::Refusal(refusal), &reader, at)
        }
        Work::Append { .. } => {
            Err(LedgerError::Malformed("entries of exchanges are recorded with their exchange")
                .into())
        }
        Work::Reconcile { orphans, at } => reconcile(connection, tree, orphans, at),
        Work::LapseVariants(at) => lapse_variants(connection, at),
        Work::Erase { what, order } => {
            let step = erase(connection, archive, &what, &order)?;
            Ok(Done { step: Some(step), ..Done::default() })
        }
        Work::Hold(hold) => {
            let number = apply_hold(connection, hold)?;
            Ok(Done { number: Some(number), ..Done::default() })
        }
        Work::Move(moving) => take_over(connection, &moving).map(|()| Done::default()),
        Work::Object(work) => apply_object(connection, &work).map(|()| Done::default()),
        Work::Removed(segments) => {
            let mut query =
                connection.prepare_cached("UPDATE segment SET removed = 1 WHERE number = ?1")?;
            for number in segments {
                query.execute([number])?;
            }
            Ok(Done::default())
        }
        Work::PutBundle { kind, version, envelope, at } => {
            put_bundle(connection, tree, kind, version, &envelope, at)
        }
        Work::PutStatement { dataset, envelope } => put_statement(connection, &dataset, &envelope),
        Work::PutInvitation { invited, at } => put_invitation(connection, &invited, at),
        Work::PutJoin { join, at } => put_join(connection, &join, at),
        Work::Admit { token_digest, system, chain } => {
            admit(connection, &token_digest, &system, chain)
        }
        Work::Close | Work::Fold => Ok(Done::default()),
    }
}
