//! What a hub's reply proves: that this hub signed this answer, and that its ledger holds the
//! completion which commits to it. Pure; the client runs it on what comes back, and every later
//! verifier on what a certificate carries.

use std::time::SystemTime;
use zerotrip_text::cut;

use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{
    Answer, Completion, ErrorCode, ExchangeOutcome, ExchangeReply, KeyUsage, LedgerReceipt,
    SourceStatement,
};
use zerotrip_proto::{Obligation, UnknownObligation, from_timestamp, hash_domain};
use zerotrip_trust::Signed;
use zerotrip_trust::batch::VerifiedRoots;
use zerotrip_trust::digest::{Digest, commit};
use zerotrip_trust::directory::{Directory, Why};
use zerotrip_trust::dsse::DsseError;
use zerotrip_trust::entry::{self, EntryError};
use zerotrip_trust::keys::PublicKey;
use zerotrip_trust::merkle::{self, ProofError};
use zerotrip_trust::note::{self, Checkpoint, NoteError};

/// Bytes of a salt that opens a commitment.
const SALT_BYTES: usize = 32;

/// As of when the hub's keys must hold.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// This answer just came: the hub may act now.
    Now(SystemTime),
    /// This answer is kept evidence: the keys were in force when it was given; what became of them
    /// since does not matter.
    WhenAnswered,
}

/// Whose word on a hub's keys is taken.
pub(super) trait HubKeys {
    /// The holder of a hub's signing key: its URI, whether it is a hub, and the key.
    fn signer(
        &self,
        keyid: &str,
        moment: Moment,
        at: SystemTime,
    ) -> Result<(String, bool, PublicKey), Why>;
    /// The keys that a hub's tree heads may be signed with.
    fn head_keys(&self, hub: &str, moment: Moment, at: SystemTime) -> Vec<PublicKey>;
    /// The roots of batches that verified under these keys.
    fn verified_roots(&self) -> Option<&VerifiedRoots>;
}

impl HubKeys for Directory {
    fn signer(
        &self,
        keyid: &str,
        moment: Moment,
        at: SystemTime,
    ) -> Result<(String, bool, PublicKey), Why> {
        let holder = match moment {
            Moment::Now(_) => self.hub_key(keyid, KeyUsage::Sign, at),
            Moment::WhenAnswered => self.key_as_of(keyid, KeyUsage::Sign, at),
        }?;
        Ok((holder.uri.clone(), holder.identity.is_hub(), holder.key.clone()))
    }

    fn head_keys(&self, hub: &str, moment: Moment, at: SystemTime) -> Vec<PublicKey> {
        let keys = match moment {
            Moment::Now(_) => self.hub_keys(hub, KeyUsage::Checkpoint, at),
            Moment::WhenAnswered => self.hub_keys_as_of(hub, KeyUsage::Checkpoint, at),
        };
        keys.iter().map(|holder| holder.key.clone()).collect()
    }

    fn verified_roots(&self) -> Option<&VerifiedRoots> {
        Some(Directory::verified_roots(self))
    }
}

/// An answer that the hub signed and recorded. Whether it is "true" is another question: see
/// [`super::Affirmed`].
#[derive(Clone, Debug)]
pub struct ProvenAnswer {
    reply: ExchangeReply,
    answer: Answer,
    completion: Completion,
    checkpoint: Checkpoint,
    index: u64,
    answered_at: SystemTime,
}

/// Why a reply proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// A part is not there.
    #[error("the reply holds no {0}")]
    Missing(&'static str),
    /// The answer's envelope.
    #[error("the answer's envelope: {0}")]
    Envelope(#[from] DsseError),
    /// Its outcome does not follow from its decision, or the decision names nothing.
    #[error("the hub's decision and its answer contradict one another")]
    Inconsistent,
    /// The decision that the answer rests on demands something of those who use it.
    #[error(transparent)]
    Obligation(#[from] UnknownObligation),
    /// The signer is not a hub that may.
    #[error("the answer is signed with key `{keyid}`, which cannot be trusted: {why}")]
    HubKey {
        /// The key named.
        keyid: String,
        why: Why,
    },
    /// A hub signed for another one, or a system for a hub.
    #[error("the answer says it is `{stated}`'s, but `{signer}` signed it")]
    WrongHub {
        /// In the answer.
        stated: String,
        /// By the directory.
        signer: String,
    },
    /// None of the four outcomes.
    #[error("the answer has no outcome that is known here; a newer client may know it")]
    NoOutcome,
    /// The receipt does not open its entry.
    #[error("the receipt: {0}")]
    Entry(#[from] EntryError),
    /// The entry is not a completion.
    #[error("the receipt is not for a completed exchange")]
    NotACompletion,
    /// The receipt of another exchange.
    #[error("the receipt is for the exchange `{found}`, not for `{expected}`")]
    OtherExchange {
        /// The answer's.
        expected: String,
        /// The receipt's.
        found: String,
    },
    /// The ledger says another outcome than the answer.
    #[error("the ledger has recorded another outcome than the answer states")]
    OtherOutcome,
    /// The commitment does not open to this answer.
    #[error(
        "the ledger entry does not commit to this answer: the answer, its salt or the receipt was \
         swapped"
    )]
    NotCommitted,
    /// The sources' commitments differ.
    #[error("the ledger entry commits to other source receipts than the answer names")]
    OtherSources,
    /// The proof.
    #[error("the entry is not proven to be in the ledger: {0}")]
    Inclusion(#[from] ProofError),
    /// The checkpoint's signature.
    #[error("the ledger's checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The directory names no checkpoint key for that hub and time.
    #[error("the directory names no valid ledger key for `{0}`; fetch the newest directory")]
    NoCheckpointKey(String),
    /// A time that is none.
    #[error("the answer states no time that makes sense")]
    BadTime,
}

impl ProvenAnswer {
    /// What the hub signed.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What came from the hub, unchanged: this is what a certificate carries as evidence.
    pub fn reply(&self) -> &ExchangeReply {
        &self.reply
    }

    /// The ledger's own record of it.
    pub fn completion(&self) -> &Completion {
        &self.completion
    }

    /// The signed tree head that holds the record.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Its index in the ledger.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// When the hub answered.
    pub fn answered_at(&self) -> SystemTime {
        self.answered_at
    }
}

/// A ledger's name: the hub's URI without `spiffe://`.
pub fn checkpoint_origin(hub: &str) -> &str {
    hub.strip_prefix("spiffe://").unwrap_or(hub)
}

/// Verifies a reply from end to end; see the module.
pub fn prove(
    reply: ExchangeReply,
    directory: &Directory,
    moment: Moment,
) -> Result<ProvenAnswer, EvidenceError> {
    prove_by(reply, directory, moment)
}

/// The same, by the keys of a directory or of a published set.
pub(super) fn prove_by(
    reply: ExchangeReply,
    keys: &dyn HubKeys,
    moment: Moment,
) -> Result<ProvenAnswer, EvidenceError> {
    let envelope = reply.answer.as_ref().ok_or(EvidenceError::Missing("answer"))?;
    let receipt = reply.receipt.as_ref().ok_or(EvidenceError::Missing("ledger receipt"))?;
    let signed = Signed::<Answer>::new(envelope)?;
    let keyid = signed.keyid();
    let at = match moment {
        Moment::Now(now) => now,
        // Only to find the key with: the same bytes are verified below, under that key.
        Moment::WhenAnswered => answered_at(&signed.unverified()?)?,
    };
    let (uri, is_hub, key) = keys
        .signer(keyid, moment, at)
        .map_err(|why| EvidenceError::HubKey { keyid: cut(keyid), why })?;
    let answer = match keys.verified_roots() {
        Some(roots) => signed.open_among(&key, roots)?,
        None => signed.open(&key)?,
    };
    consistent(&answer)?;
    if !is_hub || uri != answer.hub {
        return Err(EvidenceError::WrongHub { stated: cut(&answer.hub), signer: uri });
    }
    let completion = committed(&answer, &envelope.payload, receipt, &reply.answer_salt)?;
    let checkpoint = included(receipt, keys, &uri, (moment, at))?;
    let (index, answered_at) = (receipt.index, answered_at(&answer)?);
    Ok(ProvenAnswer { reply, answer, completion, checkpoint, index, answered_at })
}

/// Refuses an answer that its own decision does not bear: no other outcome than a denial follows
/// from what is not allowed, and what was allowed names by which policies.
fn consistent(answer: &Answer) -> Result<(), EvidenceError> {
    let decision = answer.decision.as_ref().ok_or(EvidenceError::Missing("decision"))?;
    Obligation::all_of(&decision.obligations)?;
    let outcome = answer.outcome.as_ref().ok_or(EvidenceError::NoOutcome)?;
    let is_denial = matches!(outcome, Outcome::Denied(_));
    let is_named = !decision.policy_ids.is_empty()
        && decision.policy_digest.len() == size_of::<Digest>()
        && decision.directory_version > 0;
    let is_plain_yes = match outcome {
        // A yes about some of them rests on a definition as much as a yes about one.
        Outcome::Many(_) => answer.definition_digest.len() == size_of::<Digest>(),
        Outcome::Answered(answered) if answered.answer => {
            answered.reasons.is_empty() && answer.definition_digest.len() == size_of::<Digest>()
        }
        _ => true,
    };
    // A yes has each of its values, or `null` for it; no other answer has any.
    let has_its_facts = match outcome {
        Outcome::Answered(answered) => {
            let digests = &answered.fact_digests;
            digests.len() == if answered.answer { answered.facts.len() } else { 0 }
                && digests.iter().all(|digest| digest.len() == size_of::<Digest>())
                && digests.is_sorted_by(|one, next| one < next)
        }
        _ => true,
    };
    if decision.allowed == is_denial || !is_named || !is_plain_yes || !has_its_facts {
        return Err(EvidenceError::Inconsistent);
    }
    Ok(())
}

/// The completion in the receipt, once it is this answer's.
fn committed(
    answer: &Answer,
    payload: &[u8],
    receipt: &LedgerReceipt,
    salt: &[u8],
) -> Result<Completion, EvidenceError> {
    let opening =
        receipt.opening.as_ref().ok_or(EvidenceError::Missing("opening of its ledger entry"))?;
    let Some(Body::Completion(completion)) = entry::open(&receipt.entry, opening)?.body else {
        return Err(EvidenceError::NotACompletion);
    };
    if completion.exchange_id != answer.request_id {
        return Err(EvidenceError::OtherExchange {
            expected: cut(&answer.request_id),
            found: cut(&completion.exchange_id),
        });
    }
    if salt.len() != SALT_BYTES
        || completion.answer_commitment != commit(hash_domain::ANSWER, salt, payload)
    {
        return Err(EvidenceError::NotCommitted);
    }
    let is_yes = completion.outcome() == ExchangeOutcome::AnsweredTrue;
    if completion.outcome() != recorded_as(answer)?
        || (is_yes && completion.code() != ErrorCode::Unspecified)
    {
        return Err(EvidenceError::OtherOutcome);
    }
    let sources = answer.sources.iter().map(|source| &source.receipt_commitment);
    if matches!(&answer.outcome, Some(Outcome::Answered(answered)) if answered.answer)
        && !sources.eq(&completion.receipt_commitments)
    {
        return Err(EvidenceError::OtherSources);
    }
    same_subjects(answer, &completion)?;
    Ok(completion)
}

/// The subjects that the answer commits to are those of the entry, and each source that it names is
/// one that the entry commits to. Of any other answer the entry names no subjects.
fn same_subjects(answer: &Answer, completion: &Completion) -> Result<(), EvidenceError> {
    let Some(Outcome::Many(many)) = &answer.outcome else {
        let is_of_one = completion.subjects == 0 && completion.subjects_root.is_empty();
        return if is_of_one { Ok(()) } else { Err(EvidenceError::OtherOutcome) };
    };
    if (completion.subjects, &completion.subjects_root) != (many.subjects, &many.root) {
        return Err(EvidenceError::OtherOutcome);
    }
    let is_recorded = |source: &SourceStatement| {
        completion.receipt_commitments.contains(&source.receipt_commitment)
    };
    if !many.sources.iter().all(is_recorded) {
        return Err(EvidenceError::OtherSources);
    }
    Ok(())
}

/// The signed tree head, once the entry is proven to be under it.
fn included(
    receipt: &LedgerReceipt,
    keys: &dyn HubKeys,
    hub: &str,
    at: (Moment, SystemTime),
) -> Result<Checkpoint, EvidenceError> {
    let checkpoint = open_checkpoint_by(&receipt.checkpoint, keys, hub, at)?;
    let path = merkle::path_from_bytes(&receipt.path).ok_or(ProofError::WrongLength)?;
    merkle::verify_inclusion(
        &merkle::leaf_hash(&receipt.entry),
        receipt.index,
        checkpoint.size,
        &path,
        &checkpoint.root,
    )?;
    Ok(checkpoint)
}

/// A checkpoint of a hub's ledger that it shows now, signed with any of the keys that it holds for
/// that.
pub fn open_checkpoint(
    note: &str,
    directory: &Directory,
    hub: &str,
    at: SystemTime,
) -> Result<Checkpoint, EvidenceError> {
    open_checkpoint_by(note, directory, hub, (Moment::Now(at), at))
}

fn open_checkpoint_by(
    note: &str,
    keys: &dyn HubKeys,
    hub: &str,
    (moment, at): (Moment, SystemTime),
) -> Result<Checkpoint, EvidenceError> {
    let mut refusal = EvidenceError::NoCheckpointKey(hub.to_owned());
    for key in keys.head_keys(hub, moment, at) {
        match note::open_checkpoint(note, checkpoint_origin(hub), &key) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(error) => refusal = error.into(),
        }
    }
    Err(refusal)
}

fn recorded_as(answer: &Answer) -> Result<ExchangeOutcome, EvidenceError> {
    Ok(match answer.outcome.as_ref().ok_or(EvidenceError::NoOutcome)? {
        Outcome::Answered(answered) if answered.answer => ExchangeOutcome::AnsweredTrue,
        Outcome::Answered(_) => ExchangeOutcome::AnsweredFalse,
        Outcome::Unavailable(_) => ExchangeOutcome::Unavailable,
        Outcome::Denied(_) => ExchangeOutcome::Denied,
        Outcome::Recorded(_) => ExchangeOutcome::Recorded,
        Outcome::Many(_) => ExchangeOutcome::AnsweredMany,
    })
}

fn answered_at(answer: &Answer) -> Result<SystemTime, EvidenceError> {
    from_timestamp(answer.answered_at.as_ref()).ok_or(EvidenceError::BadTime)
}

/// Whether an answer is bound to this payload, by the salt that came beside it.
pub fn answers_request(answer: &Answer, salt: &[u8], payload: &[u8]) -> bool {
    salt.len() == SALT_BYTES
        && answer.request_commitment == commit(hash_domain::REQUEST, salt, payload)
}
