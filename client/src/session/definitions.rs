//! The definitions of checks that a session has fetched. A definition is half of a certificate's
//! words, and larger than all else that a question needs: it is fetched once a minute, and anew
//! where the hub has answered by another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_checks::definition::Definition;

/// For how long a definition is taken for the hub's present one.
const LIFE: Duration = Duration::from_secs(60);

/// By the check's name, and when it was fetched.
type Fetched = BTreeMap<String, (Instant, Arc<Definition>)>;

/// Clones of a session share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions(Arc<Mutex<Fetched>>);

impl Definitions {
    pub(super) fn fresh(&self, check: &str) -> Option<Arc<Definition>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, definition) = known.get(check)?;
        (fetched.elapsed() < LIFE).then(|| Arc::clone(definition))
    }

    pub(super) fn keep(&self, definition: &Arc<Definition>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (fetched, _)| fetched.elapsed() < LIFE);
        known.insert(definition.name.clone(), (Instant::now(), Arc::clone(definition)));
    }
}
