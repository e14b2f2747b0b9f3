//! Whose is a row that shows a fact? It is found by a look-up, in any of the columns that its owner
//! states: of a register of payments also by whoever draws one for another.

use zerotrip_checks::definition::{Scan, StepKind, Variant};
use zerotrip_proto::v1::{DatasetStatement, ScanTemplate};

/// What is wrong where a scan's rows can show a fact, the SQL cannot see whose they are, and the
/// look-up finds them by more columns than those that the check names.
pub(super) fn anothers(
    name: &str,
    variant: &Variant,
    (scan, template): (&Scan, &ScanTemplate),
    statement: &DatasetStatement,
) -> Option<String> {
    let sees_whose = scan.columns.iter().any(|column| template.lookup_columns.contains(column));
    if sees_whose || !can_show(name, variant) {
        return None;
    }
    let lookup = statement.lookups.iter().find(|lookup| lookup.name == scan.lookup)?;
    let more = lookup.columns.iter().find(|column| !template.lookup_columns.contains(column))?;
    Some(format!(
        "scan `{name}`: look-up `{}` of `{}` looks in `{more}` too, and a row that is found there \
         would count as a fact about whom it names: have the owner look in {} alone, and say of \
         `{more}` in `[not_about]` why the rows are not about who is there",
        scan.lookup,
        scan.dataset,
        template.lookup_columns.join(", ")
    ))
}

/// Whether a part of the SQL names the scan beside `shows`; one that names none could mean any.
fn can_show(name: &str, variant: &Variant) -> bool {
    let scans: Vec<String> = variant.scans().map(|(scan, _)| format!("'{scan}'")).collect();
    let named = format!("'{name}'");
    variant.steps.iter().any(|step| match &step.kind {
        StepKind::Sql(sql) => sql
            .to_ascii_lowercase()
            .split("union")
            .filter(|part| part.contains("'shows'"))
            .any(|part| part.contains(&named) || !scans.iter().any(|scan| part.contains(scan))),
        StepKind::Scan(_) | StepKind::Months(_) => false,
    })
}
