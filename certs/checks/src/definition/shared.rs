//! What variants share, and what is said of some of them alone. A list's entry names the variants
//! that it is for (`{ key = "spouse.id", variants = ["couple"] }`), a number is given for each
//! (`{ couple = 8, family = 32 }`); what names none is for all that have the step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::scan::{Age, Origin, Reference, Scan};

/// An entry of a list, and for which variants it is.
#[derive(Clone, Debug)]
pub(super) struct Listed<T> {
    pub(super) item: T,
    /// `None`: all that have the step.
    pub(super) variants: Option<Vec<String>>,
}

impl<T> Listed<T> {
    fn is_for(&self, variant: &str) -> bool {
        self.variants.as_ref().is_none_or(|some| some.iter().any(|name| name == variant))
    }
}

/// What can be written as a text, or as a table of that text and its variants.
pub(super) trait Entry: Sized {
    /// The text's key in the table.
    const WORD: &'static str;
    fn read(text: String) -> Result<Self, String>;
}

impl Entry for Reference {
    const WORD: &'static str = "key";

    fn read(text: String) -> Result<Self, String> {
        Self::try_from(text)
    }
}

impl Entry for String {
    const WORD: &'static str = "column";

    fn read(text: String) -> Result<Self, String> {
        Ok(text)
    }
}

impl<'de, T: Entry> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Entry> Visitor<'de> for Reader<T> {
            type Value = Listed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a text, or `{{ {} = \"…\", variants = [\"…\"] }}`", T::WORD)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let item = T::read(text.to_owned()).map_err(E::custom)?;
                Ok(Listed { item, variants: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut text, mut variants) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "variants" => variants = Some(map.next_value::<Vec<String>>()?),
                        word if word == T::WORD => text = Some(map.next_value::<String>()?),
                        other => {
                            return Err(A::Error::custom(format!(
                                "`{other}` is not known here; there are `{}` and `variants`",
                                T::WORD
                            )));
                        }
                    }
                }
                match (text, variants) {
                    (Some(text), Some(variants)) => Ok(Listed {
                        item: T::read(text).map_err(A::Error::custom)?,
                        variants: Some(variants),
                    }),
                    _ => Err(A::Error::custom(format!("give both `{}` and `variants`", T::WORD))),
                }
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrigin {
    parameter: Option<String>,
    dataset: Option<String>,
    column: Option<String>,
    variants: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Listed<Origin> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let RawOrigin { parameter, dataset, column, variants } =
            RawOrigin::deserialize(deserializer)?;
        let item = match (parameter, dataset, column) {
            (Some(parameter), None, None) => Origin::Parameter { parameter },
            (None, Some(dataset), Some(column)) => Origin::Column { dataset, column },
            _ => return Err(D::Error::custom("name a `parameter`, or a `dataset` and a `column`")),
        };
        Ok(Self { item, variants })
    }
}

/// A number for all variants of the step, or one for each of them.
#[derive(Clone, Debug)]
pub(super) enum Number {
    All(u64),
    Each(BTreeMap<String, u64>),
}

impl Number {
    fn of(&self, variant: &str) -> Option<u64> {
        match self {
            Self::All(number) => Some(*number),
            Self::Each(numbers) => numbers.get(variant).copied(),
        }
    }

    pub(super) fn small_of(&self, variant: &str) -> Option<u32> {
        // What is too large is over every bound: refused, and not cut.
        self.of(variant).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a whole number, or one for each variant: `{ couple = 8, family = 32 }`",
                )
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                u64::try_from(number)
                    .map(Number::All)
                    .map_err(|_| E::custom(format!("`{number}` is below 0")))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number::All(number))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
                let mut numbers = BTreeMap::new();
                while let Some((variant, number)) = map.next_entry::<String, u64>()? {
                    numbers.insert(variant, number);
                }
                Ok(Number::Each(numbers))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A scan as it is written: once for all the variants of its step. [`Scan`] has its manual.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedScan {
    dataset: String,
    lookup: String,
    columns: Vec<Listed<String>>,
    #[serde(default)]
    optional: Vec<Listed<String>>,
    #[serde(default)]
    required: Vec<Listed<String>>,
    keys: Vec<Listed<Reference>>,
    #[serde(default)]
    absence_for: Vec<Listed<Reference>>,
    #[serde(default)]
    only_doubts: bool,
    origins: Vec<Listed<Origin>>,
    #[serde(default)]
    supplies: Vec<Listed<String>>,
    lifetime_from: Option<Number>,
    last_years: Option<Number>,
    known_from: Option<Reference>,
    most_age: Age,
    #[serde(default)]
    judged: bool,
    #[serde(default)]
    each_row: bool,
    most_keys: Number,
    most_rows: Number,
}

impl SharedScan {
    /// The scan of one variant.
    pub(super) fn of(&self, variant: &str) -> Scan {
        fn only<T: Clone>(list: &[Listed<T>], variant: &str) -> Vec<T> {
            let here = list.iter().filter(|listed| listed.is_for(variant));
            here.map(|listed| listed.item.clone()).collect()
        }
        Scan {
            dataset: self.dataset.clone(),
            lookup: self.lookup.clone(),
            columns: only(&self.columns, variant),
            optional: only(&self.optional, variant),
            required: only(&self.required, variant),
            keys: only(&self.keys, variant),
            absence_for: only(&self.absence_for, variant),
            only_doubts: self.only_doubts,
            origins: only(&self.origins, variant),
            supplies: only(&self.supplies, variant),
            lifetime_from: self.lifetime_from.as_ref().and_then(|age| age.small_of(variant)),
            last_years: self.last_years.as_ref().and_then(|years| years.small_of(variant)),
            known_from: self.known_from.clone(),
            most_age: self.most_age,
            judged: self.judged,
            each_row: self.each_row,
            // Not said is 0, and 0 is out of bounds.
            most_keys: self.most_keys.small_of(variant).unwrap_or(0),
            most_rows: self.most_rows.of(variant).unwrap_or(0),
        }
    }

    /// What is said of variants: the entry, and their names.
    pub(super) fn named(&self) -> Vec<(String, BTreeSet<&str>)> {
        fn entries<'a, T>(
            key: &'a str,
            list: &'a [Listed<T>],
            say: impl Fn(&T) -> String,
        ) -> impl Iterator<Item = (String, BTreeSet<&'a str>)> {
            list.iter().filter_map(move |one| {
                let variants = one.variants.as_ref()?.iter().map(String::as_str).collect();
                Some((format!("{key} `{}`", say(&one.item)), variants))
            })
        }
        let reference = |key: &Reference| format!("{}.{}", key.step, key.column);
        let origin = |origin: &Origin| match origin {
            Origin::Parameter { parameter } => parameter.clone(),
            Origin::Column { dataset, column } => format!("{dataset} {column}"),
        };
        let mut named = Vec::new();
        named.extend(entries("columns", &self.columns, String::clone));
        named.extend(entries("optional", &self.optional, String::clone));
        named.extend(entries("required", &self.required, String::clone));
        named.extend(entries("keys", &self.keys, reference));
        named.extend(entries("absence_for", &self.absence_for, reference));
        named.extend(entries("origins", &self.origins, origin));
        named.extend(entries("supplies", &self.supplies, String::clone));
        let numbers = [
            ("lifetime_from", self.lifetime_from.as_ref()),
            ("last_years", self.last_years.as_ref()),
            ("most_keys", Some(&self.most_keys)),
            ("most_rows", Some(&self.most_rows)),
        ];
        named.extend(numbers.into_iter().filter_map(|(key, number)| match number? {
            Number::Each(numbers) => {
                Some((key.to_owned(), numbers.keys().map(String::as_str).collect()))
            }
            Number::All(_) => None,
        }));
        named
    }
}
