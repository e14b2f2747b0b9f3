//! What a verified certificate shows: who sealed it, what it states, what its holder shows, and
//! what the hub's evidence proves.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;
use zerotrip_text::Bilingual;
use zerotrip_trust::x509::CertificateDer;

use crate::facts::Fact;
use crate::grounds::Among;
use crate::holder::HolderKey;
use crate::profile::Profile;
use crate::sdjwt::KeyBinding;
use crate::serial::Serial;
use crate::status::StatusReference;
use crate::terms::ERRAND;

/// Everything that a screen shows of a certificate that verified.
#[derive(Clone, Debug)]
pub struct VerifiedCertificate {
    /// The system that sealed it.
    pub issuer: Issuer,
    /// The profile that it is of, if any.
    pub profile: Option<Profile>,
    /// Its number at the issuer.
    pub serial: Option<Serial>,
    /// Where its issuer says what has become of it. Without one it cannot be revoked.
    pub status: Option<StatusReference>,
    /// Whose key it is bound to.
    pub holder: Option<Holder>,
    /// The sealing key's certificate that travels along.
    pub leaf: Option<CertificateDer<'static>>,
    /// When.
    pub issued_at: SystemTime,
    /// From when it is valid.
    pub valid_from: SystemTime,
    /// Until when, exclusive.
    pub valid_until: SystemTime,
    /// Its type.
    pub vct: String,
    /// The check's name.
    pub check: String,
    /// The variant's name.
    pub variant: String,
    /// What people call it.
    pub title: Bilingual,
    /// About which persons the check asked.
    pub persons: Bilingual,
    /// What it states.
    pub statement: Bilingual,
    /// Within which bounds, by kind: `regions` (division codes, GB/T 2260).
    pub scope: BTreeMap<String, Vec<String>>,
    /// The registers that were asked.
    pub sources: Vec<Source>,
    /// SHA-256 of the definition that was run, hexadecimal.
    pub definition_digest: String,
    /// Policies that allowed it.
    pub policies: Vec<String>,
    /// What the holder chose to show.
    pub disclosed: Disclosed,
    /// What the hub's evidence proves.
    pub evidence: Finding,
}

/// The key that a certificate is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The key.
    pub key: HolderKey,
    /// What its holder proved with this presentation, if anything.
    pub bound: Option<KeyBinding>,
}

/// Who sealed a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The system's URI.
    pub uri: String,
    /// The member's names, where a directory is at hand.
    pub name: Option<Bilingual>,
    /// Whether it may still act, where a directory is at hand. A later suspension undoes no
    /// certificate; the reader should know.
    pub active: Option<bool>,
    /// Which key.
    pub key_id: String,
}

/// A register that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The dataset.
    pub dataset: String,
    /// Its owner.
    pub owner: String,
    /// The state of the register that was read: RFC 3339.
    pub as_of: String,
    /// English.
    pub coverage_en: String,
    /// Chinese.
    pub coverage_zh: String,
}

/// Who asked, for what, by which law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownErrand {
    /// Staff code of the official.
    pub official: String,
    /// The errand's code in the official list.
    pub service_item: String,
    /// The law that allows it.
    pub legal_basis: String,
}

/// What the holder chose to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disclosed {
    /// Parameters, case number and purpose, by name; of a request that is shown, its parameters
    /// too.
    pub claims: BTreeMap<String, String>,
    /// Values that the proven fact came with.
    pub facts: Vec<Fact>,
    /// How many more of them are withheld.
    pub withheld_facts: usize,
    /// Whether the request itself is shown: the hub's answer is then shown to be about exactly
    /// these parameters.
    pub request: bool,
    /// What the request says of the errand, beside purpose and case number; where it is shown.
    pub errand: Option<ShownErrand>,
    /// What every certificate can show and this presentation does not: `case_number`, `purpose`,
    /// `request`.
    pub withheld: Vec<String>,
    /// How many others are withheld: parameters of the question, such as the applicant, whose
    /// names are withheld with them.
    pub withheld_parameters: usize,
}

impl Disclosed {
    /// Whether it shows which person the certificate is about. One that does not proves a fact
    /// about an unnamed person.
    pub fn names_subject(&self) -> bool {
        self.claims.keys().any(|name| !ERRAND.contains(&name.as_str()))
    }

    /// `hidden` is the number of disclosures that the seal refers to and this presentation leaves
    /// out, `facts` how many values the answer's proof comes with.
    pub(super) fn without(mut self, hidden: usize, facts: usize) -> Self {
        let shown = |name: &str| {
            if name == "request" { self.request } else { self.claims.contains_key(name) }
        };
        self.withheld =
            ERRAND.iter().filter(|name| !shown(name)).map(|name| (*name).to_owned()).collect();
        self.withheld_facts = facts.saturating_sub(self.facts.len());
        let others = self.withheld.len() + self.withheld_facts;
        // The request holds all parameters.
        self.withheld_parameters = if self.request { 0 } else { hidden.saturating_sub(others) };
        self
    }
}

/// What the hub's evidence proves: it signed a true answer to exactly this, and its ledger holds
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The hub.
    pub hub: String,
    /// The exchange.
    pub request_id: String,
    /// When it answered.
    pub answered_at: SystemTime,
    /// Where in the ledger.
    pub index: u64,
    /// The size of the tree whose signed head holds it.
    pub tree_size: u64,
    /// The directory's own time: this verification is as of then. `None` with a key set, which has
    /// none.
    pub directory_issued_at: Option<SystemTime>,
    /// Where in an answer about many subjects; `None` of one about one.
    pub among: Option<Among>,
}
