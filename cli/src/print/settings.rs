//! `paper.toml` in a system's folder: how its certificates look on paper.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use zerotrip_channel::files;
use zerotrip_ofd::{Seal as ElectronicSeal, Sm2Certificate, Sm2SigningKey};
use zerotrip_paper::bounds::{FONT_BYTES, FONTS};
use zerotrip_paper::{FontFile, Fonts, PaperError, Seal};
use zerotrip_text::{Explain as _, toml_fault};

use crate::render::{Failure, USAGE};
use crate::sm2_files;

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
pub(crate) struct PaperSettings {
    fonts: Vec<(PathBuf, u32)>,
    seal: Option<PathBuf>,
    /// The address of a time-stamping authority.
    pub(super) tsa: Option<String>,
    /// Of OFDs.
    ofd: OfdSettings,
}

/// With what an OFD is sealed, and whose seals count here. Paths, as the file has them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfdSettings {
    key: Option<PathBuf>,
    certificate: Option<PathBuf>,
    seal: Option<PathBuf>,
    #[serde(default)]
    roots: Vec<PathBuf>,
    #[serde(default)]
    makers: Vec<PathBuf>,
}

/// With what an OFD is sealed.
pub(super) struct OfdMeans {
    pub(super) key: Sm2SigningKey,
    pub(super) certificate: Sm2Certificate,
    pub(super) seal: ElectronicSeal,
    pub(super) roots: Vec<Sm2Certificate>,
    pub(super) makers: Vec<Sm2Certificate>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default)]
    fonts: Vec<Named>,
    seal: Option<PathBuf>,
    tsa: Option<String>,
    #[serde(default)]
    ofd: OfdSettings,
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
    pub(crate) fn read(home: &Path) -> Result<Self, Failure> {
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
        let seal = content.seal.map(|file| home.join(file));
        Ok(Self { fonts, seal, tsa: content.tsa, ofd: content.ofd.within(home) })
    }

    /// What an OFD needs: each must be named.
    pub(super) fn ofd(&self) -> Result<OfdMeans, Failure> {
        let OfdSettings { key, certificate, seal, roots, makers } = &self.ofd;
        let (Some(key), Some(certificate), Some(seal)) = (key, certificate, seal) else {
            return Err(Failure::new(
                USAGE,
                "`paper.toml` does not say with which SM2 key, certificate and seal to seal an OFD",
                "`paper.toml` 未指定 OFD 签章所用的 SM2 密钥、证书和电子印章",
            )
            .remedy(
                "name `key`, `certificate`, `seal`, `roots` and `makers` under `[ofd]`: see \
                 docs/ofd.md",
                "请在 `[ofd]` 下填写 `key`、`certificate`、`seal`、`roots` 与 `makers`：见 \
                 docs/zh/ofd.md",
            ));
        };
        Ok(OfdMeans {
            key: sm2_files::key(key)?,
            certificate: sm2_files::certificate(certificate)?,
            seal: sm2_files::seal(seal)?,
            roots: sm2_files::certificates(roots)?,
            makers: sm2_files::certificates(makers)?,
        })
    }

    /// Whose seals count in this system's folder: authorities and makers.
    pub(crate) fn trusted(self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        (self.ofd.roots, self.ofd.makers)
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

impl OfdSettings {
    fn within(self, home: &Path) -> Self {
        let one = |path: Option<PathBuf>| path.map(|path| home.join(path));
        let all = |paths: Vec<PathBuf>| paths.into_iter().map(|path| home.join(path)).collect();
        Self {
            key: one(self.key),
            certificate: one(self.certificate),
            seal: one(self.seal),
            roots: all(self.roots),
            makers: all(self.makers),
        }
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
