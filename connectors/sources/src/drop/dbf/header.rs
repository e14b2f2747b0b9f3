//! The fields that a table's header describes.

use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use super::characters::Characters;
use crate::SourceError;
use crate::drop::bytes::Bytes;

const HEADER_END: u8 = 0x0d;

pub struct Field {
    pub name: String,
    pub kind: u8,
    pub from: usize,
    pub length: usize,
    /// Its place among the marks of NULLs.
    pub null: Option<usize>,
    /// The same of the mark that says whether its last byte is its length.
    pub short: Option<usize>,
    pub is_fox: bool,
}

impl Field {
    /// Refuses what cannot be brought to text.
    pub fn readable(&self, path: &Path) -> Result<(), SourceError> {
        let fits = match self.kind {
            b'C' | b'N' | b'F' | b'D' | b'L' => true,
            b'V' | b'Q' => self.short.is_some(),
            b'I' => self.length == 4 && self.is_fox,
            b'B' | b'Y' | b'T' => self.length == 8 && self.is_fox,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let (name, kind) = (&self.name, char::from(self.kind));
        let detail = format!(
            "`{}`: field `{name}` is of type `{kind}` (memo, binary or the like), which is not \
             read; name another in the column's `field`",
            path.display()
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }
}

/// What the header says of a record.
pub struct Fields {
    pub all: Vec<Field>,
    pub nulls: Option<(usize, usize)>,
}

/// The fields, and where the marks of NULLs are. `None`: what the header says does not come to a
/// record's width.
pub fn fields(
    header: &[u8],
    characters: &Characters,
    is_fox: bool,
    width: usize,
) -> Option<Fields> {
    for long_texts in [true, false] {
        let (mut fields, mut nulls, mut from, mut bit) = (Vec::new(), None, 1, 0);
        let mut bytes = Bytes(header);
        while bytes.0.first().is_some_and(|first| *first != HEADER_END) {
            let mut field = Bytes(bytes.take(32)?);
            let name = field.take(11)?.split(|byte| *byte == 0).next().unwrap_or_default();
            let kind = field.u8()?;
            let _address = field.u32()?;
            let (low, high, flags) = (field.u8()?, field.u8()?, field.u8()?);
            // Some write texts of more than 255 bytes, with their length where a number's decimals
            // are.
            let length = usize::from(low)
                + if kind == b'C' && long_texts { usize::from(high) << 8 } else { 0 };
            if kind == b'0' {
                nulls = Some((from, length));
            }
            // A text of varying length has another mark, before that of its NULL.
            let short = (is_fox && matches!(kind, b'V' | b'Q')).then_some(bit);
            bit += usize::from(short.is_some());
            let null = (is_fox && flags & 2 != 0 && kind != b'0').then_some(bit);
            bit += usize::from(null.is_some());
            fields.push(Field {
                name: characters.text(name).trim().to_owned(),
                kind,
                from,
                length,
                null,
                short,
                is_fox,
            });
            from += length;
        }
        if nulls.is_none() {
            // Where no record has marks, no text's end is known.
            fields.iter_mut().for_each(|field: &mut Field| field.short = None);
        }
        if from == width && !fields.is_empty() {
            return Some(Fields { all: fields, nulls });
        }
    }
    None
}
