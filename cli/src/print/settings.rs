//! `paper.toml` in a system's folder: how its certificates look on paper.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use zerotrip_channel::files;
use zerotrip_paper::bounds::{FONT_BYTES, FONTS};
use zerotrip_paper::{FontFile, Fonts, PaperError, Seal};
use zerotrip_text::{Explain as _, toml_fault};

use crate::render::{Failure, USAGE};

/// The file, in the system's folder.
const FILE: &str = "paper.toml";
/// Where Debian's fonts-noto-cjk and fonts-hanazono are, with the face for simplified Chinese.
const DEFAULTS: [(&str, u32); 5] = [
    ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", 0),
    ("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", 0),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf", 0),
];

/// How certificates look on paper.
pub(super) struct PaperSettings {
    fonts: Vec<(PathBuf, u32)>,
    seal: Option<PathBuf>,
    /// The address of a time-stamping authority.
    pub(super) tsa: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    fonts: Vec<Named>,
    seal: Option<PathBuf>,
    tsa: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    file: PathBuf,
    #[serde(default)]
    face: u32,
}

impl PaperSettings {
    /// The settings in a system's folder, or those that hold without a file.
    pub(super) fn read(home: &Path) -> Result<Self, Failure> {
        let path = home.join(FILE);
        let content = if files::is_there(&path) {
            let text = files::read_text(&path)?;
            toml::from_str(&text).map_err(|error| wrong(&path, &toml_fault(&text, &error)))?
        } else {
            Content::default()
        };
        if content.fonts.len() > FONTS {
            return Err(wrong(&path, &format!("`fonts` names more than {FONTS}")));
        }
        if content.tsa.as_deref().is_some_and(|address| !is_address(address)) {
            return Err(wrong(
                &path,
                "`tsa` must be an address such as `http://tsa.example.cn/tsp`",
            ));
        }
        let fonts = if content.fonts.is_empty() {
            let known = DEFAULTS.iter().map(|(file, face)| (PathBuf::from(file), *face));
            known.filter(|(file, _)| files::is_there(file)).collect()
        } else {
            content.fonts.into_iter().map(|named| (home.join(named.file), named.face)).collect()
        };
        Ok(Self { fonts, seal: content.seal.map(|file| home.join(file)), tsa: content.tsa })
    }

    pub(super) fn fonts(&self) -> Result<Fonts, Failure> {
        let mut read = Vec::new();
        for (file, face) in &self.fonts {
            let bytes = Arc::new(font(file)?);
            read.push(FontFile { name: file.display().to_string(), face: *face, bytes });
        }
        Fonts::new(read).map_err(|error: PaperError| Failure::of(USAGE, error.explain()))
    }

    pub(super) fn seal(&self) -> Result<Option<Seal>, Failure> {
        let Some(file) = &self.seal else { return Ok(None) };
        let seal = Seal::from_png(files::read(file)?);
        let at = |error: PaperError| {
            let at = format!("`{}`: ", file.display());
            Failure::of(USAGE, error.explain().within(&at, &at))
        };
        seal.map(Some).map_err(at)
    }
}

/// Fonts are larger than any other file that is read whole.
fn font(path: &Path) -> Result<Vec<u8>, Failure> {
    let at = |error| files::FileError { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let most = FONT_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(at)?;
    Ok(bytes)
}

/// A token says itself who made it, so the address needs no TLS.
fn is_address(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?=&%".contains(&byte);
    text.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain))
        && text.len() <= 200
}

fn wrong(path: &Path, why: &str) -> Failure {
    let at = path.display();
    Failure::new(USAGE, format!("`{at}`: {why}"), format!("`{at}` 有误：{why}"))
        .remedy("see docs/settings.md", "请参阅 docs/zh/settings.md")
}
