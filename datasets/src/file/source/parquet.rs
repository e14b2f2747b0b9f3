//! `kind = "parquet"`.

use super::drop::{self, FileDrop, drop_notes};
use super::{Kind, Source};
use crate::file::section::Section;

/// A Parquet file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parquet {
    /// The file.
    pub file: FileDrop,
}

pub(super) const KIND: Kind = Kind {
    name: "parquet",
    title: "A Parquet file, such as a data platform writes, that is dropped beside the dataset \
            file.",
    title_zh: "Parquet 文件（数据中台导出），定期投放",
    parameters: &[&drop::PATH, &drop::AS_OF, &drop::PARTS, &drop::PART_COUNT],
    example: "[source]\nkind = \"parquet\"\npath = \"drops/ownership-*.parquet\"\nas_of = \
              \"manifest\"\n",
    notes: drop_notes!(
        "Only the dataset's columns are read, a row group at a time. Rows are located by their \
         number in the file, from 1.\n\n| type | becomes |\n|---|---|\n| string, dictionaries of \
         strings, enum, JSON | the text |\n| integer of any width, signed or not | its digits: \
         exact, so that an id of 18 digits can be read |\n| decimal | its digits, exact |\n| \
         double | its digits; one of more than 15 digits becomes `4.4052418800101e17`: the rest \
         is lost, so it is **never a person** |\n| float | the same from 7 digits on |\n| boolean \
         | `true`, `false` |\n| date | `2026-11-22` |\n| time of day | `12:00:00` |\n| timestamp \
         without zone | `2026-11-22T12:00:00` as it is |\n| timestamp with zone | the instant \
         as China's clocks showed it: `2026-11-22T12:00:00+08:00`; without the offset where it \
         was another, as in the summers of 1986 to 1991 |\n| old 12-byte timestamp (INT96) | as \
         the file's footer says who wrote it: by Spark an instant, as above; by Impala as it is; \
         by another it is refused in a column of type `date` |\n| null | NULL |\n| list, map, \
         struct, binary without a type, UUID, interval, half float | refused by name, if a column \
         names it |\n\nCompressed with Snappy, Gzip, LZ4 or Zstandard, or not at all; what is \
         compressed with Brotli or encrypted is refused by name."
    ),
    read,
};

fn read(section: &mut Section<'_>) -> Option<Source> {
    Some(Source::Parquet(Parquet { file: FileDrop::read(section)? }))
}
