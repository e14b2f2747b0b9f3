//! The driver alone for many subjects: two statements for each source, with nothing inside. It is
//! the floor of one exchange about many.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Row, Statement};
use zerotrip_datasets::{Reading, ResidentId, parse};
use zerotrip_tests::deployment::Failure;

use super::registers::DATABASE;
use super::setup::{Servers, connect};

/// Runs, of which the median counts. One more before them is not counted.
const RUNS: usize = 5;
/// The columns that a family check asks of each source, by the columns that it looks up.
const MARRIAGE: &str = "select \"NFSFZH\"::text, \"NVFSFZH\"::text, \"SJLX\"::text, \
                        \"DJRQ\"::text from \"T_HYDJ\" where \"NFSFZH\" = any($1::text[]) or \
                        \"NVFSFZH\" = any($1::text[])";
const HOUSEHOLD: &str = "select \"SFZH\"::text, \"FQSFZH\"::text, \"MQSFZH\"::text, \
                         \"CSRQ\"::text, \"SWRQ\"::text, \"ZT\"::text from \"T_RKXX\" where \
                         \"SFZH\" = any($1::text[]) or \"FQSFZH\" = any($1::text[]) or \
                         \"MQSFZH\" = any($1::text[])";
const OWNERSHIP: &str = "select \"QLRSFZH\"::text, \"DYH\"::text, \"QSZT\"::text, \
                         \"DJRQ\"::text, \"ZXRQ\"::text from \"T_FDCQ\" where \"QLRSFZH\" = \
                         any($1::text[])";
const PRESALE: &str = "select \"GMRSFZH\"::text, \"DYH\"::text, \"QYRQ\"::text, \"HTZT\"::text, \
                       \"ZCQRQ\"::text, \"GXRQ\"::text from \"T_YSHT\" where \"GMRSFZH\" = \
                       any($1::text[])";

/// What the driver took.
#[derive(Clone, Debug)]
pub struct Direct {
    /// Persons who were asked about.
    pub subjects: usize,
    /// By source, both statements together, with the rows that came.
    pub sources: [(&'static str, Duration, usize); 4],
}

impl Direct {
    /// All sources, one after another.
    pub fn total(&self) -> Duration {
        self.sources.iter().map(|(_, taken, _)| *taken).sum()
    }
}

/// One source's statement, with what it took so far.
struct Source<'a> {
    name: &'static str,
    client: &'a Client,
    statement: Statement,
    taken: Duration,
    rows: usize,
}

impl<'a> Source<'a> {
    async fn prepare(name: &'static str, client: &'a Client, sql: &str) -> Result<Self, Failure> {
        let statement = client.prepare(sql).await?;
        Ok(Self { name, client, statement, taken: Duration::ZERO, rows: 0 })
    }

    /// Every row of these persons, its cells read as text. Only this is timed.
    async fn ask(&mut self, persons: &BTreeSet<ResidentId>) -> Result<Vec<Row>, Failure> {
        let keys: Vec<String> = persons.iter().flat_map(ResidentId::spellings).collect();
        let begun = Instant::now();
        let rows = self.client.query(&self.statement, &[&keys]).await?;
        for row in &rows {
            for place in 0..row.len() {
                row.try_get::<_, Option<&str>>(place)?;
            }
        }
        self.taken += begun.elapsed();
        self.rows += rows.len();
        Ok(rows)
    }

    fn end(self) -> (&'static str, Duration, usize) {
        (self.name, self.taken, self.rows)
    }
}

/// Looks these persons and their families up, source after source.
pub async fn look_up(servers: &Servers, subjects: &[ResidentId]) -> Result<Direct, Failure> {
    let family = connect(&servers.family, DATABASE, "").await?;
    let housing = connect(&servers.housing, DATABASE, "").await?;
    let subjects: BTreeSet<ResidentId> = subjects.iter().copied().collect();
    let mut runs = Vec::with_capacity(RUNS);
    for run in 0..=RUNS {
        let direct = look_up_once(&family, &housing, &subjects).await?;
        if run > 0 {
            runs.push(direct);
        }
    }
    runs.sort_by_key(Direct::total);
    runs.into_iter().nth(RUNS / 2).ok_or_else(|| "nothing was measured".into())
}

/// Each source twice, as a family check asks them: civil affairs about the subjects and those they
/// married, the police about both and their children, and the housing registers about the subjects
/// and the others.
async fn look_up_once(
    family: &Client,
    housing: &Client,
    subjects: &BTreeSet<ResidentId>,
) -> Result<Direct, Failure> {
    let mut marriage = Source::prepare("civil.marriage", family, MARRIAGE).await?;
    let mut household = Source::prepare("police.household", family, HOUSEHOLD).await?;
    let mut ownership = Source::prepare("estate.ownership", housing, OWNERSHIP).await?;
    let mut presale = Source::prepare("housing.presale", housing, PRESALE).await?;

    let rows = marriage.ask(subjects).await?;
    let spouses = named(&rows, 2, subjects)?;
    marriage.ask(&spouses).await?;
    let couples: BTreeSet<ResidentId> = subjects.union(&spouses).copied().collect();
    let rows = household.ask(&couples).await?;
    let children = named(&rows, 1, &couples)?;
    household.ask(&children).await?;
    let others: BTreeSet<ResidentId> = spouses.union(&children).copied().collect();
    for persons in [subjects, &others] {
        ownership.ask(persons).await?;
        presale.ask(persons).await?;
    }
    let sources = [marriage.end(), household.end(), ownership.end(), presale.end()];
    Ok(Direct { subjects: subjects.len(), sources })
}

/// Persons in the first so many columns of these rows, without those known already.
fn named(
    rows: &[Row],
    columns: usize,
    known: &BTreeSet<ResidentId>,
) -> Result<BTreeSet<ResidentId>, Failure> {
    let mut persons = BTreeSet::new();
    for row in rows {
        for place in 0..columns {
            let cell = row.try_get::<_, Option<&str>>(place)?.unwrap_or_default();
            if let Reading::Person(person) = parse(cell)
                && !known.contains(&person)
            {
                persons.insert(person);
            }
        }
    }
    Ok(persons)
}
