//! The nearest known word, for messages about unknown ones. A hint corrects a typo and nothing
//! else: names and meanings are roles that an owner gives to fields, and the name that looks most
//! alike may be another role's. `ended_on` is not `filed_on`, and a father is not a mother.

/// A part of a name is long enough to be recognised though misspelled.
const LEAST_PART: usize = 6;

/// Of a closed list that decides nothing, such as a file's keys, the one that was meant: who
/// follows a wrong hint is refused again.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count() / 2;
    known
        .into_iter()
        .map(|known| (edits(word, known), known))
        .filter(|(edits, _)| *edits <= most.max(1))
        .min()
        .map(|(_, known)| known)
}

/// The name or meaning of which `word` is a misspelling beyond doubt: it differs in how its parts
/// are joined, or in one letter of one long part, and no other candidate could be meant.
pub(crate) fn typo_of<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut meant = candidates.into_iter().filter(|known| *known != word && is_typo(word, known));
    let one = meant.next()?;
    meant.all(|other| other == one).then_some(one)
}

fn is_typo(word: &str, known: &str) -> bool {
    let joined = |text: &str| {
        text.chars()
            .filter(|c| !matches!(c, '_' | '-' | ' '))
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    if joined(word) == joined(known) {
        return true;
    }
    let (parts, known): (Vec<&str>, Vec<&str>) =
        (word.split('_').collect(), known.split('_').collect());
    let mut different = parts.iter().zip(&known).filter(|(one, other)| one != other);
    let (Some((one, other)), None) = (different.next(), different.next()) else { return false };
    let letters = |part: &str| part.chars().all(char::is_alphabetic).then(|| part.chars().count());
    let Some(longer) = letters(one).zip(letters(other)).map(|(one, other)| one.max(other)) else {
        return false;
    };
    // Who misspells a word gets its first and its last letter right; words of other meaning often
    // differ just there.
    let ends = |part: &str| (part.chars().next(), part.chars().next_back());
    parts.len() == known.len()
        && longer >= LEAST_PART
        && ends(one) == ends(other)
        && edits(one, other) == 1
}

/// Letters put in, left out, replaced, or swapped with their neighbour.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    let at = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX / 2)
    };
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut here = (at(&rows, i, j) + usize::from(x != y))
                .min(at(&rows, i, j + 1) + 1)
                .min(next.last().copied().unwrap_or(0) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                here = here.min(at(&rows, i - 1, j - 1) + 1);
            }
            next.push(here);
        }
        rows.push(next);
    }
    at(&rows, a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_format_that_was_meant_is_found() {
        let known = ["most_rows", "most_keys", "time_out"];
        for (word, meant) in
            [("timeout", "time_out"), ("max_rows", "most_rows"), ("tmie_out", "time_out")]
        {
            assert_eq!(nearest(word, known), Some(meant));
        }
        assert_eq!(nearest("zzz", known), None);
    }

    #[test]
    fn a_hint_corrects_a_typo_and_never_leads_to_another_role() {
        for (word, known) in [
            ("resident_id", "residnet_id"),
            ("registered", "registred"),
            ("cancelled", "canceled"),
            ("endedon", "ended_on"),
            ("resident_id", "Resident-Id"),
            ("transferred", "transfered"),
        ] {
            assert_eq!((typo_of(word, [known]), typo_of(known, [word])), (Some(known), Some(word)));
        }
        // Each pair is two columns, or two meanings, of a register somewhere.
        for (one, other) in [
            ("ended_on", "filed_on"),
            ("died_on", "filed_on"),
            ("sold_on", "told_on"),
            ("father_id", "mother_id"),
            ("man_id", "woman_id"),
            ("buyer_1", "buyer_2"),
            ("parent_a_id", "parent_b_id"),
            ("begins_on", "begun_on"),
            ("leased", "leaser"),
            ("moved_in", "moved_out"),
            ("registered", "deregistered"),
            ("owner", "owned"),
            ("lessor_id", "lessee_id"),
            ("buyer_id", "buyer"),
            ("current", "currency"),
            ("birth_date", "death_date"),
            ("married", "remarried"),
            ("from", "form"),
            ("abc", "abd"),
        ] {
            assert_eq!(
                (typo_of(one, [other]), typo_of(other, [one])),
                (None, None),
                "{one} {other}"
            );
        }
        assert_eq!(
            typo_of("registered", ["registred", "regisstered"]),
            None,
            "which of two, nobody knows"
        );
    }
}
