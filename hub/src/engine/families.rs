//! Which keys of a scan belong together: a subject's keys are of one family, and subjects that share
//! a key are too. A family is asked about in one part of a scan, so that its rows are of one read.

use std::collections::{BTreeMap, HashMap};

/// Keys with their families, as far as they are known.
#[derive(Debug, Default)]
pub struct Families {
    /// In the order in which they came.
    keys: Vec<String>,
    places: HashMap<String, usize>,
    /// For each key another of its family with a lower place, or itself.
    lower: Vec<usize>,
}

impl Families {
    /// One subject's keys.
    pub fn add(&mut self, keys: &[String]) {
        let mut family: Option<usize> = None;
        for key in keys {
            let known = self.places.get(key).copied();
            let place = known.unwrap_or_else(|| {
                let place = self.keys.len();
                self.places.insert(key.clone(), place);
                self.keys.push(key.clone());
                self.lower.push(place);
                place
            });
            let root = self.root(place);
            match family {
                None => family = Some(root),
                Some(other) => {
                    let (low, high) = (root.min(other), root.max(other));
                    if let Some(lower) = self.lower.get_mut(high) {
                        *lower = low;
                    }
                    family = Some(low);
                }
            }
        }
    }

    /// All families, each key once, in the order in which their first keys came.
    pub fn all(mut self) -> Vec<Vec<String>> {
        let mut families: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (place, key) in std::mem::take(&mut self.keys).into_iter().enumerate() {
            families.entry(self.root(place)).or_default().push(key);
        }
        families.into_values().collect()
    }

    fn root(&mut self, mut place: usize) -> usize {
        while let Some(lower) = self.lower.get(place).copied().filter(|lower| *lower != place) {
            // The next search is shorter.
            let next = self.lower.get(lower).copied().unwrap_or(lower);
            if let Some(here) = self.lower.get_mut(place) {
                *here = next;
            }
            place = lower;
        }
        place
    }
}

/// Families in parts of at most so many keys, in order. One that is larger is a part by itself.
pub fn pack(families: Vec<Vec<String>>, most: usize) -> Vec<Vec<Vec<String>>> {
    let (mut parts, mut keys): (Vec<Vec<Vec<String>>>, usize) = (Vec::new(), 0);
    for family in families {
        match parts.last_mut() {
            Some(part) if keys + family.len() <= most => {
                keys += family.len();
                part.push(family);
            }
            _ => {
                keys = family.len();
                parts.push(vec![family]);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn who_shares_a_key_is_of_one_family_however_they_come() {
        let mut families = Families::default();
        for keys in [&["a", "b"][..], &["c"], &["d", "e"], &["f"], &["e", "b"], &["c"]] {
            families.add(&texts(keys));
        }
        let all = families.all();
        assert_eq!(all, [texts(&["a", "b", "d", "e"]), texts(&["c"]), texts(&["f"])]);
        let sizes = |most| -> Vec<usize> {
            pack(all.clone(), most).iter().map(|part| part.concat().len()).collect()
        };
        assert_eq!((sizes(6), sizes(5), sizes(1)), (vec![6], vec![5, 1], vec![4, 1, 1]));
    }
}
