//! The definitions of checks that a session has fetched. A definition is half of a certificate's
//! words, and larger than all else that a question needs: it is fetched once a minute, and anew
//! where the hub has answered by another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_checks::definition::Definition;

use super::asking::Session;
use super::error::SessionError;
use crate::request::CheckQuestion;

/// For how long a definition is taken for the hub's present one.
const LIFE: Duration = Duration::from_secs(60);

/// By the check's name, and when it was fetched.
type Fetched = BTreeMap<String, (Instant, Arc<Definition>)>;

/// Clones of a session share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions(Arc<Mutex<Fetched>>);

impl Definitions {
    fn fresh(&self, check: &str) -> Option<Arc<Definition>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, definition) = known.get(check)?;
        (fetched.elapsed() < LIFE).then(|| Arc::clone(definition))
    }

    fn keep(&self, definition: &Arc<Definition>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (fetched, _)| fetched.elapsed() < LIFE);
        known.insert(definition.name.clone(), (Instant::now(), Arc::clone(definition)));
    }
}

impl Session {
    /// The definition of the check that is asked, as the hub's catalog has it, or had it a minute
    /// ago.
    pub(super) async fn definition(
        &self,
        question: &CheckQuestion,
    ) -> Result<Arc<Definition>, SessionError> {
        match self.definitions.fresh(&question.check) {
            Some(known) if known.variant(&question.variant).is_some() => Ok(known),
            _ => self.fetch_definition(question).await,
        }
    }

    /// The definition that the hub answered by, of this digest: the one that is known, or the
    /// present one.
    pub(super) async fn definition_of(
        &self,
        question: &CheckQuestion,
        digest: &[u8],
    ) -> Result<Arc<Definition>, SessionError> {
        let known = self.definition(question).await?;
        if known.digest == digest { Ok(known) } else { self.fetch_definition(question).await }
    }

    async fn fetch_definition(
        &self,
        question: &CheckQuestion,
    ) -> Result<Arc<Definition>, SessionError> {
        let entries = self.connection.checks_of(&question.check).await?;
        let entry = entries
            .into_iter()
            .find(|entry| entry.name == question.check && entry.variant == question.variant);
        let unknown = || SessionError::UnknownCheck {
            check: question.check.clone(),
            variant: question.variant.clone(),
        };
        let text = entry.ok_or_else(unknown)?.definition;
        let definition = Arc::new(Definition::parse(&text, &question.check)?);
        self.definitions.keep(&definition);
        Ok(definition)
    }
}
