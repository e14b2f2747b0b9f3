//! Takes profiling passes over a table, and says which of them still counts.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use zerotrip_proto::v1::ErrorCode;

use super::super::profile::{KeyColumns, Profile};
use super::super::{SourceError, UnreadableRow};
use super::Inner;
use super::pool::Lease;
use super::system::{self, Pushdown, Query, Relation, Session as _, System};
use super::table_profile::{ProfileBuilder, TableProfile, holds_ids};

impl<S: System> Inner<S> {
    /// The latest pass, if it still counts: it was over before this transaction began, it is not
    /// too old, it knows the extract that is there now, and none since has found a drift.
    pub(super) async fn latest(
        &self,
        lease: &mut Lease<S>,
    ) -> Result<Option<Arc<TableProfile>>, SourceError> {
        let recorded = self.recorded(lease).await?;
        Ok(self.latest_of(lease, recorded))
    }

    /// The same, of an extract that says that it is of this time.
    pub(super) fn latest_of(
        &self,
        lease: &Lease<S>,
        recorded: Option<SystemTime>,
    ) -> Option<Arc<TableProfile>> {
        let drifted =
            self.last_failure().is_some_and(|failure| failure.code == ErrorCode::SourceDrift);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let most_age = self.shape.profile_every.saturating_mul(2);
        let follows = lease.session.follows();
        known.filter(|known| {
            let is_recent = known.over <= lease.since && known.since.elapsed() <= most_age;
            !drifted
                && is_recent
                && known.recorded == recorded
                && (known.followed.is_some() || !self.is_live() || !follows)
        })
    }

    /// Reads the key columns of the whole table.
    pub(super) async fn pass(
        &self,
        lease: &mut Lease<S>,
    ) -> Result<Arc<TableProfile>, SourceError> {
        let relation = self.relation(lease).await?;
        let recorded = self.recorded(lease).await?;
        let (_, followed) = self.proven(lease).await?;
        let cells = self.cells()?;
        // A row of which something is stated is known by all its cells; so is one that has no key.
        let all: Vec<usize> = (0..self.shape.fields.len()).collect();
        let left = self.unmapped_columns(&relation)?;
        let may_name =
            |place: &&usize| cells.column(**place).is_some_and(|column| holds_ids(column.form));
        let mut telling: Vec<usize> = self
            .shape
            .keys
            .iter()
            .chain(self.shape.mention_columns.iter().filter(may_name))
            .copied()
            .collect();
        for place in self.shape.rules.statements.telling() {
            if !telling.contains(&place) {
                telling.push(place);
            }
        }
        let by_keys = self.shape.rulings.is_empty()
            && !relation.locator.is_empty()
            && !KeyColumns::need_others(&self.shape.look_ups);
        let places = if by_keys { &telling } else { &all };
        let mut pass =
            ProfileBuilder::new(self.profile()?, places, cells, &left, &relation.locator);
        self.read(lease, places, &left, &relation, &mut pass).await?;
        pass.close(&self.shape.table)?;
        let known = Arc::new(pass.finish(lease.begun, lease.since, recorded, followed));
        let mut latest = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if latest.as_ref().is_none_or(|latest| latest.since <= known.since) {
            *latest = Some(Arc::clone(&known));
        }
        Ok(known)
    }

    /// Reads the whole table for rows that cannot be read and of which nothing is stated.
    pub(super) async fn find_unreadable(
        &self,
        lease: &mut Lease<S>,
        most: usize,
    ) -> Result<Vec<UnreadableRow>, SourceError> {
        let relation = self.relation(lease).await?;
        let all: Vec<usize> = (0..self.shape.fields.len()).collect();
        let pass =
            ProfileBuilder::new(self.profile()?, &all, self.cells()?, &[], &relation.locator);
        let mut pass = pass.finding();
        self.read(lease, &all, &[], &relation, &mut pass).await?;
        pass.close(&self.shape.table)?;
        Ok(pass.found(most))
    }

    /// Reads these columns of every row.
    async fn read(
        &self,
        lease: &mut Lease<S>,
        places: &[usize],
        left: &[system::Column],
        relation: &Relation,
        pass: &mut ProfileBuilder<'_>,
    ) -> Result<(), SourceError> {
        let cells = self.cells()?;
        let columns = places.iter().filter_map(|place| cells.column(*place)).chain(left).collect();
        let query = Query {
            columns,
            locator: &relation.locator,
            asked: Vec::new(),
            only: Pushdown::default(),
        };
        let read = lease.session.read(&query, pass).await;
        read.map_err(|error| match left {
            [] => error,
            _ if error.code == ErrorCode::SourceTimeout => error,
            // It may be one of these that the reader is not allowed to see.
            _ => {
                let names: Vec<&str> = left.iter().map(|column| column.name.as_str()).collect();
                let detail = format!(
                    "{}; columns that the dataset file does not name are read too, since a row \
                     could be about persons who are named there ({}): allow the reader to see \
                     them, or say in `[not_about]` why it is not",
                    error.detail,
                    names.join(", ")
                );
                SourceError::new(error.code, detail)
            }
        })
    }

    fn profile(&self) -> Result<Profile, SourceError> {
        Profile::new(
            self.shape.look_ups.clone(),
            self.shape.mention_columns.clone(),
            Vec::new(),
            Arc::clone(&self.shape.rulings),
        )
        .map(|profile| profile.holding(&self.shape.rules.statements))
    }
}
