//! Faults of a step that counts months.

use std::collections::BTreeSet;

use zerotrip_datasets::file::semantic_type;
use zerotrip_proto::v1::SemanticType;

use super::Faults;
use super::variants::Earlier;
use crate::definition::dataset::Role;
use crate::definition::model::{Definition, Variant};
use crate::definition::months::{MOST_MONTHS, Months};
use crate::definition::scan::Scan;

/// Most months after its own within which a payment can be in time.
const MOST_WITHIN: u32 = 120;
/// Most months before its own at which a payment can have been made.
const MOST_AHEAD: u32 = 24;
/// Most months before that of the question at which a range can end.
const MOST_UNTIL: u32 = 24;

impl Faults<'_> {
    pub(super) fn check_months(
        &mut self,
        definition: &Definition,
        variant: &Variant,
        at: &str,
        months: &Months,
        earlier: &Earlier<'_>,
    ) {
        let scan = variant.scan(&months.of);
        match scan.filter(|_| earlier.tables.contains(months.of.as_str())) {
            Some(scan) => {
                self.check_counted(at, months, scan);
                self.check_columns(definition, at, months, scan);
            }
            None => self.add(
                at,
                format!("`{}` is no scan before it", months.of),
                "name in `of` the scan whose rows it counts",
            ),
        }
        self.check_numbers(at, months);
    }

    fn check_numbers(&mut self, at: &str, months: &Months) {
        if !(1..=MOST_MONTHS).contains(&months.last) || !(1..=MOST_UNTIL).contains(&months.until) {
            self.add(
                at,
                "its range is not said, or too long",
                format!(
                    "say in `last` how many months it has, 1 to {MOST_MONTHS}, and in `until` how \
                     many months before that of the question it ends, 1 to {MOST_UNTIL}; the month \
                     of the question itself is not over"
                ),
            );
        }
        if !(1..=months.last).contains(&months.enough.least) {
            self.add(
                at,
                "what is enough is not said once, or can never be",
                "say in `enough` one of `months`, `longest_run` and `last_run`, 1 to `last`",
            );
        }
        if months.amount.is_none() && months.direction.is_none() {
            self.add(
                at,
                "nothing says which rows take back, so a month that was taken back would count",
                "name the column of money in `amount`, whose rows below 0 take back, or in \
                 `direction` the column whose words say it",
            );
        }
        match months.paid_within {
            Some(_) if months.paid_on.is_none() => self.add(
                at,
                "`paid_within` is said, and not when a row was paid",
                "name the column in `paid_on`",
            ),
            Some(within) if within > MOST_WITHIN => self.add(
                at,
                format!("`paid_within` is over {MOST_WITHIN}"),
                "leave it out where a payment counts whenever it was made",
            ),
            _ => {}
        }
        if months.paid_ahead > MOST_AHEAD {
            self.add(
                at,
                format!("`paid_ahead` is over {MOST_AHEAD}"),
                "say how many months before its own a month can be paid",
            );
        }
    }

    /// What is counted must be there, all of it: from the first month of the range on.
    fn check_counted(&mut self, at: &str, months: &Months, scan: &Scan) {
        let of = &months.of;
        if scan.judged || scan.each_row || scan.only_doubts {
            self.add(
                at,
                format!("the rows of `{of}` are judged each by itself, or for doubts alone"),
                "drop `judged`, `each_row` or `only_doubts`: what is counted is judged together",
            );
        }
        let needed = months.last.saturating_add(months.until);
        if scan.last_years.is_none_or(|years| years.saturating_mul(12) < needed) {
            self.add(
                at,
                format!("`{of}` need not know of every month of the range"),
                format!(
                    "say `last_years = {}` or more in its scan, and no `lifetime_from`",
                    needed.div_ceil(12)
                ),
            );
        }
        if scan.keys.iter().any(|key| !scan.absence_for.contains(key)) {
            self.add(
                at,
                format!("`{of}` need not know of everybody whose months are counted"),
                "name each of its `keys` in `absence_for` too",
            );
        }
        let columns = months.weighed();
        let listed = scan.required.iter().chain(&scan.supplies);
        for column in listed.filter(|column| columns.contains(column.as_str())) {
            self.add(
                at,
                format!("`{column}` is in `required` or `supplies` of `{of}`"),
                "drop it there: this step weighs whether an empty cell can matter",
            );
        }
    }

    fn check_columns(&mut self, definition: &Definition, at: &str, months: &Months, scan: &Scan) {
        let shape = definition.datasets.iter().find(|shape| shape.id == scan.dataset);
        let mut of_type = |key: &str, column: &str, types: &[SemanticType]| {
            let asked = scan.columns.iter().any(|known| known == column);
            let typed = shape.and_then(|shape| semantic_type(shape.columns.get(column)?));
            if !asked || typed.is_none_or(|typed| !types.contains(&typed)) {
                let names = types.iter().map(|typed| zerotrip_datasets::file::type_name(*typed));
                let names: Vec<&str> = names.collect();
                self.add(
                    at,
                    format!("`{key}`: `{column}` is no such column of `{}`", months.of),
                    format!("name one of its `columns` of type {}", names.join(" or ")),
                );
            }
        };
        of_type("month", &months.month, &[SemanticType::Month]);
        if let Some(column) = &months.amount {
            of_type("amount", column, &[SemanticType::Money]);
        }
        if let Some(direction) = &months.direction {
            of_type("direction", &direction.column, &[SemanticType::Code]);
        }
        if let Some(kind) = &months.kind {
            of_type("kind", &kind.column, &[SemanticType::Code]);
        }
        if let Some(column) = &months.identity {
            of_type("identity", column, &[SemanticType::Text]);
        }
        if let Some(column) = &months.paid_on {
            of_type("paid_on", column, &[SemanticType::Date]);
        }
        self.check_month_words(definition, at, months, scan);
    }

    /// Every word of the codes is said to be one thing.
    fn check_month_words(
        &mut self,
        definition: &Definition,
        at: &str,
        months: &Months,
        scan: &Scan,
    ) {
        let meanings = |column: &str| -> BTreeSet<&str> {
            let code = definition
                .codes
                .iter()
                .find(|code| code.dataset == scan.dataset && code.column == column);
            code.into_iter().flat_map(|code| &code.meanings).map(String::as_str).collect()
        };
        if let Some(direction) = &months.direction {
            let said: Vec<&str> =
                direction.adds.iter().chain(&direction.takes).map(String::as_str).collect();
            let each: BTreeSet<&str> = said.iter().copied().collect();
            if each != meanings(&direction.column)
                || each.len() != said.len()
                || direction.adds.is_empty()
            {
                self.add(
                    at,
                    format!("not each word of `{}` either adds or takes back", direction.column),
                    "list each word that its `[[code]]` has in `adds` or in `takes`",
                );
            }
        }
        if let Some(kind) = &months.kind {
            let known = meanings(&kind.column);
            let is_known =
                |words: &BTreeSet<String>| words.iter().all(|word| known.contains(word.as_str()));
            let wrong = match () {
                () if kind.is.is_empty() || !is_known(&kind.is) => Some("is"),
                () if !kind.is.is_disjoint(&kind.beside) || !is_known(&kind.beside) => {
                    Some("beside")
                }
                () => None,
            };
            if let Some(wrong) = wrong {
                let more = if wrong == "is" { "" } else { ", or one of `is`" };
                self.add(
                    at,
                    format!(
                        "`kind`: `{wrong}` has a word that `{}` does not have{more}",
                        kind.column
                    ),
                    format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
                );
            }
        }
        let date = definition.dates.iter().find(|date| {
            date.dataset == scan.dataset && months.paid_on.as_ref() == Some(&date.column)
        });
        if let Some(date) = date.filter(|date| date.role != Role::Event) {
            self.add(
                at,
                format!("`paid_on`: `{}` is not the date of an event", date.column),
                "say `role = \"event\"` in its `[[date]]`",
            );
        }
    }
}
