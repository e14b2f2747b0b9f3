//! The nearest known word, for messages about unknown ones.

/// The candidate with the fewest edits to `word`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count() / 2;
    candidates.into_iter().map(|known| (edits(word, known), known)).filter(|(edits, _)| *edits <= most.max(1)).min().map(|(_, known)| known)
}

fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            let here = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = *above;
            left = here;
            next.push(here);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["most_rows", "most_keys", "time_out"];
        assert_eq!(nearest("timeout", known), Some("time_out"));
        assert_eq!(nearest("max_rows", known), Some("most_rows"));
        assert_eq!(nearest("zzz", known), None);
    }
}
