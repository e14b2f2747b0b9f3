//! What a ledger answers without its writer.

use zerotrip_proto::v1::{Envelope, LedgerReceipt, PendingJoin};
use zerotrip_trust::Digest;

use crate::error::LedgerError;
use crate::rows::{BundleKind, Entry, ExchangeRow, Invited, Join, Reader};
use crate::unavailable::{After, Alike, Ended, Which};
use crate::work::Fact;
use crate::{Ledger, read, unavailable};

impl Ledger {
    /// An exchange by its request's id.
    pub fn exchange(&self, id: &str) -> Result<Option<ExchangeRow>, LedgerError> {
        self.0.readers.with_past(|connection, archive| read::exchange(connection, archive, id))
    }

    /// The certificate that was issued on the subject at this place of an exchange about many;
    /// `None` where there is none, or where the exchange is in a segment.
    pub fn issued(&self, id: &str, place: u32) -> Result<Option<Digest>, LedgerError> {
        self.0.readers.with(|connection| read::issued(connection, id, place))
    }

    /// What an exchange came to beyond what the requester learns; `None` where there is none, or
    /// not for this reader.
    pub fn fact(&self, id: &str, reader: &Reader) -> Result<Option<Fact>, LedgerError> {
        self.0.readers.with_past(|connection, archive| read::fact(connection, archive, id, reader))
    }

    /// Exchanges that ended without a conclusion within
    /// [`UNAVAILABLE_KEPT`](crate::UNAVAILABLE_KEPT) and whose bodies are not erased, counted by
    /// code, dataset and check: those first of which the first ended first, at most
    /// [`GROUPS`](crate::GROUPS).
    pub fn unavailable_alike(&self, which: &Which) -> Result<Vec<Alike>, LedgerError> {
        self.0.readers.with(|connection| unavailable::alike(connection, which))
    }

    /// The same one by one, the oldest first: at most so many, and [`PAGE`](crate::PAGE), behind
    /// this one.
    pub fn unavailable(
        &self,
        which: &Which,
        after: &After,
        most: u32,
    ) -> Result<Vec<Ended>, LedgerError> {
        self.0.readers.with(|connection| unavailable::ended(connection, which, after, most))
    }

    /// The bundle in force and its version.
    pub fn bundle(&self, kind: BundleKind) -> Result<Option<(u64, Envelope)>, LedgerError> {
        self.0.readers.with(|connection| read::bundle(connection, kind))
    }

    /// The statement of a dataset.
    pub fn statement(&self, dataset: &str) -> Result<Option<Envelope>, LedgerError> {
        self.0.readers.with(|connection| read::statement(connection, dataset))
    }

    /// All statements by dataset, at most [`STATEMENTS`](crate::STATEMENTS).
    pub fn statements(&self) -> Result<Vec<(String, Envelope)>, LedgerError> {
        self.0.readers.with(read::statements)
    }

    /// An invitation by its token's SHA-256; whether it still holds is the caller's to see.
    pub fn invitation(&self, token_digest: &Digest) -> Result<Option<Invited>, LedgerError> {
        self.0.readers.with(|connection| read::invitation(connection, token_digest))
    }

    /// A join request by its token's SHA-256.
    pub fn join(&self, token_digest: &Digest) -> Result<Option<Join>, LedgerError> {
        self.0.readers.with(|connection| read::join(connection, token_digest))
    }

    /// Who waits for admission, oldest first, at most [`INVITATIONS`](crate::INVITATIONS).
    pub fn pending_joins(&self) -> Result<Vec<PendingJoin>, LedgerError> {
        self.0.readers.with(read::pending_joins)
    }

    /// The newest checkpoint, a C2SP signed note. Everything in it is durable.
    pub fn checkpoint(&self) -> Result<String, LedgerError> {
        Ok(self.head().note()?.to_owned())
    }

    /// Leaves under [`Self::checkpoint`].
    pub fn size(&self) -> u64 {
        self.head().size()
    }

    /// Entries as hashed, from `start`, with what opens them for this reader: 1 to
    /// [`ENTRIES`](crate::ENTRIES) asked for, fewer where the log ends or
    /// [`ENTRIES_BYTES`](crate::ENTRIES_BYTES) are reached, at least one.
    pub fn entries(
        &self,
        start: u64,
        count: u32,
        reader: &Reader,
    ) -> Result<Vec<Entry>, LedgerError> {
        let size = self.size();
        self.0.readers.with_past(|connection, archive| {
            read::entries(connection, archive, start, count, size, reader)
        })
    }

    /// Proof that the leaf is in the tree of the newest checkpoint, and what opens it for this
    /// reader.
    pub fn inclusion(&self, index: u64, reader: &Reader) -> Result<LedgerReceipt, LedgerError> {
        let head = self.head();
        self.0.readers.with_past(|connection, archive| {
            read::inclusion(connection, archive, index, &head, reader)
        })
    }

    /// Proof that the tree of `to` leaves continues that of `from`, which is at least 1 (RFC 9162,
    /// 2.1.4).
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, LedgerError> {
        let size = self.size();
        self.0
            .readers
            .with_past(|connection, archive| read::consistency(connection, archive, from, to, size))
    }
}
