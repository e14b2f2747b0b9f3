//! A look-up on its way to the server: what is asked, in how many statements, and whether they need
//! a transaction around them.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use zerotrip_datasets::Key;
use zerotrip_proto::v1::ErrorCode;

use super::super::{CouldMatch, LookUp, LookUpEnd, RestsOn, Rows, SourceError};
use super::cells::Cells;
use super::pool::Lease;
use super::row_sender::RowSender;
use super::system::{Asked, Pushdown, Query, Session, Sink as _, System};
use super::table_profile::TableProfile;
use super::{Inner, RequestPassOnDrop, caller_gone};

impl<S: System> Inner<S> {
    /// Sends the rows of a look-up.
    pub(super) async fn look_up(
        &self,
        look_up: &LookUp,
        rows: &mpsc::Sender<Rows>,
    ) -> Result<LookUpEnd, SourceError> {
        look_up.cancellation.check()?;
        look_up.require_kind(|place| self.shape.kind_of(place))?;
        if let Some(done) = self.in_one_statement(look_up, rows).await {
            return done;
        }
        let gone = caller_gone(&look_up.cancellation, rows);
        tokio::pin!(gone);
        let mut lease = tokio::select! {
            lease = self.pool.begin(&look_up.cancellation) => lease?,
            why = &mut gone => return Err(why),
        };
        let done = tokio::select! {
            done = self.in_transaction(&mut lease, look_up, rows) => done,
            why = &mut gone => Err(why),
        };
        self.settle(lease, done).await
    }

    /// The look-up as one statement with no transaction around it: two journeys to the server
    /// fewer. A statement by itself sees one moment, and one that is later than a pass that was
    /// over before it was sent; the session only reads, with a transaction or without.
    ///
    /// `None`, with nothing sent: it takes more than one statement, or there is no session at hand
    /// of which it is certain that it lives, or it did not. Then it takes a transaction, from
    /// the beginning.
    async fn in_one_statement(
        &self,
        look_up: &LookUp,
        rows: &mpsc::Sender<Rows>,
    ) -> Option<Result<LookUpEnd, SourceError>> {
        if !S::ALONE || !self.is_live() || self.shape.profile_every.is_zero() {
            return None;
        }
        let mut lease = self.pool.at_hand()?;
        let cells = self.cells().ok()?;
        let wanted = self
            .latest_of(&lease, None)
            .map(|known| Wanted::new(look_up, cells, known, lease.session.most_values()));
        let Some(wanted) = wanted.filter(|wanted| wanted.statements == 1) else {
            self.pool.put_back(lease);
            return None;
        };
        if let Err(refuted) = wanted.known.profile.require_stated() {
            self.pool.put_back(lease);
            return Some(Err(refuted));
        }
        let mut outgoing = wanted.outgoing(rows);
        let asked = async {
            lease.session.allow(look_up.cancellation.left()).await?;
            wanted.send(&mut lease, &mut outgoing).await
        };
        let done = tokio::select! {
            done = asked => done,
            why = caller_gone(&look_up.cancellation, rows) => Err(why),
        };
        match done {
            // Rows that the pass saw were rewritten, or are lost: a transaction shows which.
            Ok(()) if !outgoing.has_sent && outgoing.misses().is_some() => {
                self.pool.put_back(lease);
                None
            }
            Ok(()) => {
                let end = self.ended(&wanted, &mut outgoing, lease.begun).await;
                self.pool.put_back(lease);
                Some(end)
            }
            // The session is closed with its lease; what was wrong with it is not wrong with
            // the next one.
            Err(error)
                if !outgoing.has_sent
                    && matches!(
                        error.code,
                        ErrorCode::SourceFailed | ErrorCode::SourceUnreachable
                    ) =>
            {
                None
            }
            Err(error) => {
                self.pool.abandon(lease).await;
                Some(Err(error))
            }
        }
    }

    /// The look-up in a transaction. Where rows that the pass saw are missing, a row was written
    /// again since, or lost: only another pass shows which, and it is taken here and now, as
    /// long as nothing was sent.
    async fn in_transaction(
        &self,
        lease: &mut Lease<S>,
        look_up: &LookUp,
        rows: &mpsc::Sender<Rows>,
    ) -> Result<LookUpEnd, SourceError> {
        let mut known = self.known(lease, &look_up.cancellation).await?;
        loop {
            known.profile.require_stated()?;
            let wanted = Wanted::new(
                look_up,
                self.cells()?,
                Arc::clone(&known),
                lease.session.most_values(),
            );
            let mut outgoing = wanted.outgoing(rows);
            wanted.send(lease, &mut outgoing).await?;
            // A pass of this very transaction has seen what the look-up sees: what it misses, it
            // would miss again.
            let is_of_now = known.since == lease.since;
            if outgoing.misses().is_none() || outgoing.has_sent || is_of_now {
                return self.ended(&wanted, &mut outgoing, lease.begun).await;
            }
            known = self.newer(lease, look_up, &known).await?;
        }
    }

    /// A pass that is newer than this one: another look-up's, or one within this transaction, which
    /// is another then.
    async fn newer(
        &self,
        lease: &mut Lease<S>,
        look_up: &LookUp,
        known: &TableProfile,
    ) -> Result<Arc<TableProfile>, SourceError> {
        let mut pass_request = RequestPassOnDrop { wanted: &self.wanted, done: false };
        let _alone = self.passing.lock().await;
        lease.renew(&look_up.cancellation).await?;
        let latest = self.latest(lease).await?.filter(|latest| latest.since > known.since);
        let done = match latest {
            Some(latest) => Ok(latest),
            None => self.pass(lease).await,
        };
        pass_request.done = done.is_ok();
        done
    }

    /// All rows were found that the system has; proves that they are those that the pass saw, and
    /// sends the last of them.
    async fn ended(
        &self,
        wanted: &Wanted<'_>,
        outgoing: &mut RowSender<'_>,
        begun: SystemTime,
    ) -> Result<LookUpEnd, SourceError> {
        let (look_up, known) = (wanted.look_up, &wanted.known);
        if let Some(place) = outgoing.misses() {
            self.wanted.notify_one();
            let field = self.shape.fields.get(place).map_or("", String::as_str);
            let detail = if outgoing.has_sent {
                format!(
                    "rows that the latest profiling pass saw are gone, or `{field}` is spelled \
                     anew; a new pass is under way"
                )
            } else {
                format!(
                    "rows that reading the whole table finds are not found by their `{field}`: an \
                     index of it may be damaged"
                )
            };
            return Err(SourceError::new(ErrorCode::SourceFailed, detail));
        }
        outgoing.flush().await?;
        let as_of = known.as_of().min(begun);
        let (columns, pass) = (look_up.columns.clone(), Arc::clone(known));
        let could_match = CouldMatch::new(Arc::clone(&look_up.keys), move |keys| {
            pass.could_match(&columns, keys)
        });
        let rests_on = if self.shape.profile_every.is_zero() {
            RestsOn::Moment
        } else {
            RestsOn::Pass(known.number)
        };
        Ok(LookUpEnd { as_of, rows: known.profile.rows, could_match, rests_on })
    }
}

/// What is asked for, by a pass that counts.
struct Wanted<'a> {
    look_up: &'a LookUp,
    cells: &'a Cells,
    known: Arc<TableProfile>,
    /// By column place.
    values: Vec<(usize, Vec<String>)>,
    /// Most values of one column in one statement.
    most: usize,
    statements: usize,
}

impl<'a> Wanted<'a> {
    fn new(look_up: &'a LookUp, cells: &'a Cells, known: Arc<TableProfile>, most: usize) -> Self {
        let values: Vec<(usize, Vec<String>)> = look_up
            .columns
            .iter()
            .map(|place| (*place, values(cells, &known, *place, &look_up.keys)))
            .collect();
        let statements =
            values.iter().map(|(_, values)| values.len().div_ceil(most)).max().unwrap_or_default();
        Self { look_up, cells, known, values, most, statements }
    }

    fn outgoing<'b>(&'b self, rows: &'b mpsc::Sender<Rows>) -> RowSender<'b> {
        RowSender::new(rows, self.cells, self.look_up, self.statements, &self.known)
    }

    /// Sends the rows, from as many statements as it takes; the last of them stay behind.
    async fn send<S: System>(
        &self,
        lease: &mut Lease<S>,
        outgoing: &mut RowSender<'_>,
    ) -> Result<(), SourceError> {
        for number in 0..self.statements {
            let values = self.values.iter();
            let asked = values.filter_map(|(place, values)| {
                Some(Asked {
                    column: self.cells.column(*place)?,
                    values: values.chunks(self.most).nth(number)?,
                })
            });
            let asked = asked.collect();
            let columns = self.cells.columns().iter().collect();
            let query =
                Query { columns, locator: &self.known.locator, asked, only: Pushdown::default() };
            lease.session.read(&query, outgoing).await?;
            outgoing.next_statement();
        }
        Ok(())
    }
}

/// Every value by which these persons may be in the column at this place.
fn values(cells: &Cells, known: &TableProfile, place: usize, keys: &[Key]) -> Vec<String> {
    let Some(form) = cells.column(place).map(|column| column.form) else { return Vec::new() };
    let regular = keys.iter().flat_map(Key::spellings);
    if form.is_asked_in_numbers() {
        let all = regular.chain(known.spellings(place, keys));
        return all.filter(|spelling| spelling.bytes().all(|c| c.is_ascii_digit())).collect();
    }
    if !form.is_asked_in_text() {
        return Vec::new();
    }
    regular.chain(known.spellings(place, keys)).collect()
}
