//! The writer's jobs, what comes of them, and why one is not done.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{Completion, Envelope, Intent, LedgerReceipt, PendingJoin};
use zerotrip_trust::Digest;

use crate::error::LedgerError;
use crate::rows::{BundleKind, DecidedUnder, Invited, Orphan};
use crate::segments::{Erase, HoldWork, Moving, ObjectWork, Order, Step};
use crate::tree::Head;
use crate::unavailable::Unconcluded;

/// A job for the writer.
#[derive(Debug)]
pub(crate) enum Work {
    Intend {
        intent: Intent,
        at: SystemTime,
        expires_at: SystemTime,
        asking: Vec<Asking>,
    },
    Complete {
        completed: Completed,
        at: SystemTime,
        under: Option<DecidedUnder>,
        certificates: Option<Certificates>,
    },
    Append {
        body: Body,
        at: SystemTime,
    },
    Reconcile {
        orphans: Vec<Orphan>,
        at: SystemTime,
    },
    /// Of subjects that were not asked about for long; and what is listed for long.
    LapseVariants(SystemTime),
    Erase {
        what: Erase,
        order: Order,
    },
    Hold(HoldWork),
    Move(Box<Moving>),
    /// A segment's file goes elsewhere, or comes back.
    Object(ObjectWork),
    /// Files of bodies that are gone.
    Removed(Vec<i64>),
    /// Empties the WAL, where something was erased since it was empty.
    Fold,
    PutBundle {
        kind: BundleKind,
        version: u64,
        envelope: Envelope,
        at: SystemTime,
    },
    PutStatement {
        dataset: String,
        envelope: Envelope,
    },
    PutInvitation {
        invited: Invited,
        at: SystemTime,
    },
    PutJoin {
        join: PendingJoin,
        at: SystemTime,
    },
    Admit {
        token_digest: Digest,
        system: String,
        chain: Vec<Vec<u8>>,
    },
    Close,
}

/// Which variant of a check is asked about which subject; refused where too many others were within
/// [`VARIANTS_KEPT`](super::VARIANTS_KEPT).
#[derive(Clone, Debug)]
pub struct Asking {
    /// The digest of member, check, purpose and subject (`hash_domain::VARIANTS`).
    pub key: Digest,
    /// The variant.
    pub variant: String,
    /// How many variants may be asked.
    pub most: u32,
}

/// What an exchange came to beyond what the requester learns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Opens the commitment in the completion.
    pub salt: Vec<u8>,
    /// A serialised `ExchangeFact`.
    pub fact: Vec<u8>,
    /// The member whose dataset it names, or empty: it may read it beside the authority.
    pub owner: String,
}

/// How an exchange ended, and what is kept of it.
#[derive(Debug, Default)]
pub struct Completed {
    /// Its entry.
    pub completion: Completion,
    /// The signed answer's envelope, encoded; at most [`ANSWER_BYTES`](super::ANSWER_BYTES).
    pub answer: Vec<u8>,
    /// The members whose datasets were asked: they may read its intent.
    pub asked: Vec<String>,
    /// What the requester does not learn.
    pub fact: Fact,
    /// Which of its subjects end without a conclusion, and why.
    pub unconcluded: Vec<Unconcluded>,
}

/// The certificates that an exchange records, and the check that they rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The check's request id.
    pub check_id: String,
    /// Which.
    pub issued: Issued,
}

/// Certificates, each by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// The one on a check about one subject.
    One(Digest),
    /// Those on subjects of a check about many: beside each the subject's place, from 0.
    Of(Vec<(u32, Digest)>),
}

/// What a job left in the log.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Its leaf.
    pub(crate) index: Option<u64>,
    /// The entry, and from the end of the transaction on its path; none for an intent,
    /// which needs no proof.
    pub(crate) receipt: Option<LedgerReceipt>,
    /// The head that the receipt's path leads to.
    pub(crate) head: Option<Arc<Head>>,
    /// Of an order to erase.
    pub(crate) step: Option<Step>,
    /// Of a hold; or whether there is more to do.
    pub(crate) number: Option<u64>,
    /// Something was erased, here or before, and the WAL may still have it.
    pub(crate) left_in_wal: bool,
}

impl Done {
    /// Its path and head come at the end of the transaction.
    pub(super) fn of(receipt: LedgerReceipt) -> Self {
        Self { index: Some(receipt.index), receipt: Some(receipt), ..Self::default() }
    }

    pub(crate) fn index(self) -> Result<u64, LedgerError> {
        self.index.ok_or_else(|| LedgerError::Unavailable("the writer left no leaf".into()))
    }

    pub(crate) fn receipt(self) -> Result<LedgerReceipt, LedgerError> {
        let (Some(mut receipt), Some(head)) = (self.receipt, self.head) else {
            return Err(LedgerError::Unavailable("the writer left no receipt".into()));
        };
        head.note()?.clone_into(&mut receipt.checkpoint);
        Ok(receipt)
    }
}
