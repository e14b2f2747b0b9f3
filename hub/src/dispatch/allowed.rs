//! The exchange on whose behalf departments are asked.

use std::collections::HashMap;

use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::Argument;
use zerotrip_policies::Decision;
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::{Envelope, GrantedKey, ShownSubjects};
use zerotrip_trust::merkle::ProveError;
use zerotrip_trust::subject_list::SubjectTree;

use crate::state::InForce;

/// The persons that a request asks about, by their keys, and as which of its parameters.
pub(super) struct Named<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Named<'a> {
    /// In these arguments.
    pub(super) fn of(arguments: &'a [Argument]) -> Self {
        let mut named: HashMap<&str, Vec<&str>> = HashMap::with_capacity(arguments.len());
        // What else the request says is no one's number, whatever it looks like.
        for argument in arguments.iter().filter(|argument| argument.subject().is_some()) {
            named.entry(argument.text()).or_default().push(&argument.name);
        }
        Self(named)
    }

    /// Whether the person is the request's parameter of that name.
    pub(super) fn has(&self, parameter: &str, person: &str) -> bool {
        self.0.get(person).is_some_and(|names| names.contains(&parameter))
    }
}

/// The list of subjects that a request commits to.
pub struct List<'a> {
    pub tree: &'a SubjectTree,
    /// The name of the parameter that differs.
    pub parameter: &'a str,
    /// Each subject's place.
    pub places: HashMap<&'a str, u64>,
}

impl List<'_> {
    /// Those of the keys that are subjects as this parameter, shown to be in the list, and no other
    /// subject; `None` where none is.
    pub(super) fn show(&self, keys: &[GrantedKey]) -> Result<Option<ShownSubjects>, ProveError> {
        let as_parameter = |key: &&GrantedKey| match &key.origin {
            Some(Origin::Parameter(name)) => name == self.parameter,
            _ => false,
        };
        let places = keys.iter().filter(as_parameter).filter_map(|key| {
            let place = self.places.get(key.value.as_str())?;
            Some((*place, key.value.as_str()))
        });
        let mut places: Vec<(u64, &str)> = places.collect();
        places.sort_unstable();
        if places.is_empty() { Ok(None) } else { self.tree.show(&places).map(Some) }
    }
}

/// An exchange that policy allows, and whose intent is recorded.
pub struct AllowedExchange<'a> {
    /// The request's id.
    pub id: &'a str,
    /// The request, as its issuer signed it.
    pub request: &'a Envelope,
    /// The persons that it asks about.
    pub arguments: &'a [Argument],
    /// Of a request about many: the list that it commits to.
    pub subjects: Option<List<'a>>,
    /// What allows it.
    pub decision: &'a Decision,
    /// What was in force when it was decided.
    pub in_force: &'a InForce,
    /// Leaves of the log with the exchange's intent.
    pub ledger_size: u64,
    /// Until when departments can be asked.
    pub deadline: Deadline,
}
