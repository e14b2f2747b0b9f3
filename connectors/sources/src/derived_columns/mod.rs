//! Columns that the system does not have: a source reads the fields that there are, and this puts
//! in what the owner says of the others, row by row, after reading. So no kind of source knows of
//! them.

use std::sync::Arc;

use tokio::sync::mpsc;
use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::file::Made;
use zerotrip_datasets::predicate::Predicate;
use zerotrip_datasets::{Column, DatasetFile};

use super::{
    LookUp, LookUpEnd, RawRow, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};

/// A source with the columns that it does not have.
#[derive(Debug)]
pub struct DerivedColumnsSource {
    inner: Arc<dyn Source>,
    columns: Vec<Column>,
    /// By place in `columns`: the column's place in the inner source, if that has it.
    stored: Vec<Option<usize>>,
}

/// The dataset as its system has it: without the columns that have no field.
pub fn stored(dataset: &DatasetFile) -> Option<DatasetFile> {
    if dataset.columns.iter().all(|column| column.made.is_field()) {
        return None;
    }
    let columns = dataset.columns.iter().filter(|column| column.made.is_field()).cloned().collect();
    Some(DatasetFile { columns, ..dataset.clone() })
}

impl DerivedColumnsSource {
    /// Over a source of the stored columns.
    pub fn new(inner: Arc<dyn Source>, dataset: &DatasetFile) -> Self {
        let mut places = 0..;
        let place = |column: &Column| if column.made.is_field() { places.next() } else { None };
        Self {
            inner,
            stored: dataset.columns.iter().map(place).collect(),
            columns: dataset.columns.clone(),
        }
    }

    fn stored(&self, place: usize) -> Option<usize> {
        self.stored.get(place).copied().flatten()
    }

    /// The columns of the inner source without which the cell at this place cannot be made.
    fn needs(&self, place: usize) -> Vec<usize> {
        match self.columns.get(place).map(|column| &column.made) {
            Some(Made::Field) => self.stored(place).into_iter().collect(),
            Some(Made::Derived(derived)) => {
                derived.from.iter().filter_map(|name| self.stored(self.place(name)?)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The cells at these places of a row of which the inner source gave those at `given`.
    fn extend(&self, row: RawRow<'_>, given: &[usize], wanted: &[usize], rows: &mut Rows) {
        let inner = |place: usize| row.get(given.iter().position(|known| *known == place)?);
        for place in wanted {
            let Some(column) = self.columns.get(*place) else { continue };
            match self.stored(*place) {
                Some(place) => rows.cell(inner(place)),
                None => {
                    let read = |name: &str| {
                        let other = self
                            .columns
                            .iter()
                            .zip(&self.stored)
                            .find(|(column, _)| column.name == name);
                        // One that is not there says nothing of what is.
                        other.map_or(CellReading::Unreadable, |(column, place)| {
                            cell::read(column, place.and_then(inner))
                        })
                    };
                    rows.cell(column.made.cell(&read));
                }
            }
        }
    }

    /// Passes rows on, each with the cells at `wanted`.
    async fn pass_on(
        &self,
        mut from: mpsc::Receiver<Rows>,
        given: &[usize],
        wanted: &[usize],
        to: mpsc::Sender<Rows>,
    ) {
        while let Some(batch) = from.recv().await {
            let mut made = Rows::default();
            for (row, times) in batch.counted() {
                self.extend(row, given, wanted, &mut made);
                made.end_row(times);
            }
            // The receiver is gone: the inner source notices by its own channel, which goes with
            // this.
            if to.send(made).await.is_err() {
                return;
            }
        }
    }

    /// The condition in the inner source's places, where it is only on what that has.
    fn inner(&self, predicate: &Predicate) -> Option<Predicate> {
        let all =
            |some: &[Predicate]| some.iter().map(|one| self.inner(one)).collect::<Option<Vec<_>>>();
        Some(match predicate {
            Predicate::Compare { column, op, value } => {
                Predicate::Compare { column: self.stored(*column)?, op: *op, value: value.clone() }
            }
            Predicate::Blank(column) => Predicate::Blank(self.stored(*column)?),
            Predicate::Not(one) => Predicate::Not(Box::new(self.inner(one)?)),
            Predicate::All(some) => Predicate::All(all(some)?),
            Predicate::Any(some) => Predicate::Any(all(some)?),
        })
    }

    /// What the inner source can leave rows out by: of conditions that must all hold, those on what
    /// it has. The rest is decided here.
    fn only(&self, predicate: &Predicate) -> Predicate {
        match (self.inner(predicate), predicate) {
            (Some(same), _) => same,
            (None, Predicate::All(some)) => {
                Predicate::All(some.iter().filter_map(|one| self.inner(one)).collect())
            }
            (None, _) => Predicate::All(Vec::new()),
        }
    }
}

impl Source for DerivedColumnsSource {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            let columns = look_up.columns.iter().filter_map(|place| self.stored(*place)).collect();
            let given: Vec<usize> = self.stored.iter().copied().flatten().collect();
            let wanted: Vec<usize> = (0..self.columns.len()).collect();
            let (sender, from) = mpsc::channel(2);
            let looked_up = self.inner.look_up(LookUp { columns, ..look_up }, sender);
            let (end, ()) = tokio::join!(looked_up, self.pass_on(from, &given, &wanted, rows));
            end
        })
    }

    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd> {
        Box::pin(async move {
            let mut given: Vec<usize> = Vec::new();
            for place in select.columns.iter().flat_map(|place| self.needs(*place)) {
                if !given.contains(&place) {
                    given.push(place);
                }
            }
            if given.is_empty() {
                // How many rows there are, some column must say.
                given.push(0);
            }
            let only = self.only(&select.only);
            let (sender, from) = mpsc::channel(2);
            // The first rows of which a weaker condition holds are not the first of which this one
            // does.
            let first = select.first.filter(|_| self.inner(&select.only).is_some());
            let selected = self
                .inner
                .select(Select { columns: given.clone(), only, first, ..select.clone() }, sender);
            let (end, ()) =
                tokio::join!(selected, self.pass_on(from, &given, &select.columns, rows));
            end
        })
    }

    fn most_at_once(&self) -> usize {
        self.inner.most_at_once()
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        self.inner.survey()
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        Box::pin(async move {
            let mut found: Vec<UnreadableRow> = self.inner.unreadable(most).await?;
            let given: Vec<usize> = self.stored.iter().copied().flatten().collect();
            let wanted: Vec<usize> = (0..self.columns.len()).collect();
            // Of one that could not be split there is only its beginning.
            for row in found.iter_mut().filter(|row| row.cells.len() == given.len()) {
                let (mut before, mut made) = (Rows::default(), Rows::default());
                row.cells.iter().for_each(|cell| before.cell(cell.as_deref()));
                self.extend(before.end_row(1), &given, &wanted, &mut made);
                row.cells = made.end_row(1).to_vec();
            }
            Ok::<_, SourceError>(found)
        })
    }
}

#[cfg(test)]
mod tests;
