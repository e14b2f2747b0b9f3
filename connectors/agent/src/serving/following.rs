//! Newer directories, and what the owner signs, approves or withdraws, put in force.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{Envelope, ErrorCode};
use zerotrip_trust::directory::Directory;

use crate::owner_store::approvals;
use crate::owner_store::datasets;

use super::Agent;
use super::in_force::{Datasets, InForce};

/// Time between two looks at the owner's files.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Agent {
    /// Puts a newer directory in force: refused if the authority did not sign it, or if it is older
    /// than the one here.
    pub fn take_directory(&self, envelope: &Envelope, now: SystemTime) -> Result<u64, Refusal> {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        if *envelope == current.envelope {
            return Ok(current.directory.version());
        }
        let directory =
            Directory::open_after(envelope, &self.home.authority, now, &current.directory);
        let directory = directory.map_err(|error| {
            self.refused(Refusal::new(error.code(), format!("key directory: {error}")))
        })?;
        let version = directory.version();
        self.home.keep_directory(envelope).map_err(|error| {
            tracing::error!(%error, "the new key directory cannot be kept");
            Refusal::new(
                ErrorCode::SourceFailed,
                "the new key directory cannot be kept on this connector's disk",
            )
        })?;
        self.put_in_force(
            directory,
            envelope.clone(),
            Arc::clone(&current.datasets),
            current.approvals.clone(),
            now,
        );
        tracing::info!(version, "new key directory in force");
        Ok(version)
    }

    /// Takes up what its owner approved or withdrew since; returns whether anything changed. A file
    /// that cannot be read approves nothing.
    pub fn take_approvals(&self, now: SystemTime) -> bool {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        let approvals = approvals::read(&self.home.folder).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing is served: the owner's approvals cannot be read");
            None
        });
        if approvals == current.approvals {
            return false;
        }
        // The version in force may be gone by now; the highest version is kept.
        if let Err(error) = approvals::not_older(&self.home.folder, approvals.as_ref()) {
            tracing::error!(%error, "these approvals are not taken up");
            return false;
        }
        self.put_in_force(
            current.directory.clone(),
            current.envelope.clone(),
            Arc::clone(&current.datasets),
            approvals,
            now,
        );
        let (scans, most_subjects) = (self.approved(), self.current().approved.most_subjects());
        tracing::info!(scans, most_subjects, "the owner's present approvals are in force");
        true
    }

    /// Takes up what its owner signed since: datasets, and rulings on their unreadable rows.
    /// Opening a source takes time; until then, the former datasets stay in force. A dataset that
    /// cannot be opened is not served, as it would not be after a restart.
    pub(super) fn take_datasets(&self, now: SystemTime) {
        let known = Arc::clone(&self.current().datasets);
        let datasets = match Datasets::read(&self.home.folder, &known) {
            Ok(datasets) => Arc::new(datasets),
            Err(error) => {
                tracing::error!(%error, "what the owner signed since is not taken up");
                return;
            }
        };
        if datasets.is_same(&known) {
            return;
        }
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        let before = current.statements();
        self.put_in_force(
            current.directory.clone(),
            current.envelope.clone(),
            Arc::clone(&datasets),
            current.approvals.clone(),
            now,
        );
        for (id, dataset) in &datasets.open {
            if !known.open.get(id).is_some_and(|known| Arc::ptr_eq(known, dataset)) {
                self.qualities.forget(id);
                tracing::info!(dataset = %id, "taken up as its owner signed it");
            }
        }
        for id in known
            .open
            .keys()
            .filter(|id| !datasets.open.contains_key(*id) && !datasets.broken.contains_key(*id))
        {
            tracing::info!(dataset = %id, "no longer attached");
        }
        self.reopened.send_replace(());
        if self.current().statements() != before {
            self.restated.send_replace(());
        }
    }

    /// Takes up whatever its owner signs, approves or withdraws, soon after; never ends.
    pub async fn follow_owner(self: &Arc<Self>) {
        let folder = self.home.folder.clone();
        let approvals = approvals::path(&folder);
        let (mut approved, mut signed) = (None, self.read.clone());
        let mut changing = signed.clone();
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = datasets::stamp(&approvals);
            if now != approved {
                self.take_approvals(SystemTime::now());
                approved = now;
            }
            let now = datasets::stamps(&folder);
            if now == signed {
                continue;
            }
            // One who copies files by hand has not finished while they still change.
            if now != changing {
                changing = now;
                continue;
            }
            signed = now;
            let agent = Arc::clone(self);
            // Beside this, for a source may take long to open, and a withdrawal does not wait for
            // it.
            let taking =
                tokio::task::spawn_blocking(move || agent.take_datasets(SystemTime::now()));
            tokio::pin!(taking);
            loop {
                tokio::select! {
                    _taken = &mut taking => break,
                    _tick = ticks.tick() => {
                        let now = datasets::stamp(&approvals);
                        if now != approved {
                            self.take_approvals(SystemTime::now());
                            approved = now;
                        }
                    }
                }
            }
            let agent = Arc::clone(self);
            tokio::spawn(async move { agent.verify_probes().await });
        }
    }

    pub(super) fn put_in_force(
        &self,
        directory: Directory,
        envelope: Envelope,
        datasets: Arc<Datasets>,
        approvals: Option<Envelope>,
        now: SystemTime,
    ) {
        let next = InForce::new(directory, envelope, &self.member, datasets, approvals, now);
        if let Err(error) = next.remember_versions(&self.home.folder) {
            tracing::error!(
                %error,
                "the versions in force cannot be kept, so an older copy could be taken up later"
            );
        }
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.replaced.send_replace(());
    }
}
