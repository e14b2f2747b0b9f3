//! Hash domains: what each domain-separated SHA-256 of Zerotrip is over, in which order.
//!
//! Unless said otherwise, the hash is over the domain and then each part, each preceded by its
//! length in bytes (u64, big-endian): `zerotrip_trust::digest::sha256_parts` and `Hasher`. A
//! *commitment* has two parts, a salt of 32 random bytes and the payload
//! (`zerotrip_trust::digest::commit`).
//!
//! A change of parts or of their order needs a new version in the domain. Outside verifiers spell
//! some domains themselves (`examples/python/proof.py`).

/// Defines the constants, and a list of all for the test.
macro_rules! hash_domains {
    ($($(#[$doc:meta])* $name:ident = $domain:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $domain;)*
        #[cfg(test)]
        const ALL: &[&str] = &[$($name),*];
    };
}

hash_domains! {
    /// Commitment to a request envelope's payload. The hub makes it, for the ledger's intent and
    /// for the answer; clients and verifiers of certificates open it.
    REQUEST = "zerotrip/request/v1";

    /// Commitment to an answer envelope's payload. The hub makes it, for the ledger's completion;
    /// clients and verifiers of certificates open it.
    ANSWER = "zerotrip/answer/v1";

    /// Commitment to the scan receipts of one dataset in one exchange: salt, then the payload of
    /// each receipt's envelope in the order in which they came. The hub makes it, for the answer
    /// and the ledger's completion. Verifiers compare the two; an auditor that the hub shows salt
    /// and receipts can open it.
    RECEIPT = "zerotrip/scan-receipt/v1";

    /// Commitment to the fact behind an exchange's outcome, in full. The hub makes it, for the
    /// ledger's completion, and of an answer about many for each subject's leaf; the authority and
    /// the owner, who may read the fact, open it.
    FACT = "zerotrip/exchange-fact/v1";

    /// What a check does with the rows: `check.toml`, then name and text of each SQL file, by name.
    /// The hub states it in scan templates, so that owners approve it.
    CHECK_RULES = "zerotrip/check-rules/v1";

    /// Commitment to one subject of a request about many: a leaf under
    /// `CheckManyBody.subjects_root`. The requester makes it; the hub verifies all, a department
    /// those that it is asked about.
    SUBJECT = "zerotrip/subject/v1";

    /// Message of the HMAC-SHA256, under the list's secret, that gives the salt of one subject: its
    /// place (u64, big-endian). Requester and hub compute it alike.
    SUBJECT_SALT = "zerotrip/subject-salt/v1";

    /// Commitment to one subject's outcome in an answer about many: a leaf under
    /// `ManyAnswered.root`. The hub makes it; the requester verifies all, a later reader the one
    /// that is shown.
    SUBJECT_ANSWER = "zerotrip/subject-answer/v1";

    /// Message of the HMAC-SHA256, under `CheckManyReply.secret`, that gives the salt of a
    /// disclosure of one subject: its place (u64, big-endian), the disclosure's name. Hub and
    /// requester compute it alike.
    SUBJECT_DISCLOSURE = "zerotrip/subject-disclosure/v1";

    /// The certificates that one request records, by place ascending: of each its place (u32,
    /// big-endian) and its digest. The issuer makes it, and the hub for its answer.
    CERTIFICATES = "zerotrip/certificates/v1";

    /// Commitment to an `EntryContent`: the leaf of the ledger. The hub makes it; every reader that
    /// the entry is opened to verifies it.
    ENTRY = "zerotrip/ledger-entry/v1";

    /// What the hub decides by: text of the Cedar schema, text of the policies, encoded
    /// `GrantBundle` with `packed` unpacked into `grants`. The hub states it in decisions; an
    /// auditor with the same texts recomputes it.
    POLICY = "zerotrip/policy/v1";

    /// Message of the HMAC-SHA256, under the scan's secret, that gives the salt of one supplied
    /// value: column, value. Connector and hub compute it alike.
    SUPPLIED_SALT = "zerotrip/supplied-salt/v2";

    /// One supplied value in a scan receipt: salt, column, value. The source's connector makes it;
    /// the connector that is asked about the value as a key verifies it.
    SUPPLIED_VALUE = "zerotrip/supplied-value/v1";

    /// The messages of one scan's stream, in order: data header, data body of each. The connector
    /// states it in the scan's facts; the hub verifies it.
    SCAN_STREAM = "zerotrip scan stream v1";

    /// The keys of one scan, in the order of its ticket. The connector states it in the scan's
    /// facts; the hub verifies it.
    SCAN_KEYS = "zerotrip scan keys v1";

    /// Message of the HMAC-SHA256, under the invitation's binding secret, of a request to join (not
    /// hashed before): system's URI, certification request, each encoded `Key` in order. The
    /// invited system makes it; the authority verifies it.
    JOIN = "zerotrip join v1";

    /// A dataset file and its file of known persons: salt, text of the dataset file, `known
    /// persons` or nothing, content of that file or nothing. The owner signs it in the statement;
    /// its own connector verifies it.
    DATASET_FILE = "zerotrip dataset file v1";

    /// A row on which its owner rules: of each cell, a byte (1, or 0 for NULL, without a length)
    /// and then its text. The owner signs it in the adjudications; its own connector verifies it.
    ADJUDICATED_ROW = "zerotrip adjudicated row v1";

    /// The same for a row that cannot be split into cells: its text.
    ADJUDICATED_RAGGED_ROW = "zerotrip adjudicated ragged row v1";

    /// What may be asked about one subject in a bounded number of variants: member, check, purpose,
    /// person. Only the hub's ledger compares it, and keeps its HMAC-SHA256 under a secret of the
    /// store. Also, of a check with other parameters, which form of a variant is asked: that
    /// digest, and those parameters in the definition's order.
    VARIANTS = "zerotrip variants v1";

    /// Key of the budget of a member and a subject: member, subject. It never leaves the hub's
    /// memory.
    BUDGET = "zerotrip budget v1";

    /// A message of a batch that one signature covers: salt, DSSE pre-authentication encoding of
    /// the message (`BatchPath` in `envelope.proto`). The signer makes it; each verifier of the
    /// message does so too.
    BATCH_ENTRY = "zerotrip batch entry v1";

    /// A batch's root that verified: key id, what is signed, signature. It never leaves the
    /// verifier's memory.
    VERIFIED_ROOT = "zerotrip verified root v1";

    /// The nonce of an assertion that the person of a request was identified. Of the request: id,
    /// issuer, audience, official, service item, purpose, legal basis, case number, check,
    /// variant, then each parameter's name and value. The requester makes it, for the identity
    /// provider; the hub compares it.
    IDENTITY_NONCE = "zerotrip identity nonce v1";

    /// An assertion that the person of a request was identified: the token's text. The requester
    /// signs it in the request; the hub compares it, and keeps it.
    IDENTITY_ASSERTION = "zerotrip identity assertion v1";

    /// A row as a database sent it: each cell's length (NULL has 2^64 - 1) and text. It never
    /// leaves the connector's memory.
    ROW = "zerotrip row v1";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn no_two_domains_are_equal() {
        let distinct: std::collections::BTreeSet<_> = ALL.iter().collect();
        assert_eq!(distinct.len(), ALL.len());
    }
}
