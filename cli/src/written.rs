//! Writes what a command makes into a new file, and never over another.

use std::path::Path;

use zerotrip_channel::new_file::{NewFile, NotPlaced};

use crate::render::{Failure, USAGE};

/// Writes it. `what` is in the file, in English and Chinese.
pub(crate) fn write_new(out: &Path, bytes: &[u8], what: (&str, &str)) -> Result<(), Failure> {
    let mut new = NewFile::reserve(out)?;
    new.fill(bytes)?;
    new.place().map_err(|NotPlaced { part, error }| {
        let part = part.display();
        Failure::new(
            USAGE,
            format!("the {} is in `{part}`: it could not be given its name: {error}", what.0),
            format!("{}在 `{part}` 中，未能改为指定文件名：{error}", what.1),
        )
        .remedy("move it yourself", "请自行移动该文件")
    })
}
