//! `[accepted]`: what the rows suggest against the statement, and why it holds all the same.

use std::collections::BTreeMap;

use crate::file::section::{Section, is_reason};
use crate::nearest::typo_of;
use crate::suspicion::{SUSPICIONS, Suspicion};

/// Each suspicion that the owner accepts, with the reason.
pub(super) fn accepted(top: &mut Section<'_>) -> BTreeMap<Suspicion, String> {
    let remedy = "must be a table: the name of what `check` found, and why the statement holds all \
                  the same, such as `since_gap = \"hardly anybody married in the first years\"`";
    let table = top.read("accepted", Some(None), remedy, |value| value.as_table().map(Some));
    let mut accepted = BTreeMap::new();
    for (name, why) in table.flatten().into_iter().flatten() {
        let Some(suspicion) = Suspicion::of_name(name) else {
            let names = || SUSPICIONS.iter().map(|(known, ..)| *known);
            let remedy = match typo_of(name, names()) {
                Some(known) => format!("nothing of this name is found; did you mean `{known}`?"),
                None => {
                    let known = names().collect::<Vec<_>>().join(", ");
                    format!(
                        "nothing of this name is found, or it cannot be accepted; known here: \
                         {known}"
                    )
                }
            };
            top.fault_in("accepted", name.clone(), remedy);
            continue;
        };
        match why.as_str().filter(|why| is_reason(why)) {
            Some(why) => drop(accepted.insert(suspicion, why.to_owned())),
            None => top.fault_in(
                "accepted",
                name.clone(),
                "must say in a few words why the statement holds all the same".to_owned(),
            ),
        }
    }
    accepted
}
