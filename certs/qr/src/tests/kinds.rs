//! Every check that ships, in every form: a certificate on each variant, with all that it can say
//! at its longest, as SD-JWT VC, as QR and as paper. The pages of each check are compared with
//! pictures of them that somebody has looked at (`kinds/`); OFD has the same pages, and tests of
//! its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::{VerifiedCertificate, verify as verify_certificate};
use zerotrip_checks::definition::Definition;
use zerotrip_paper::layout::{Mark, Metrics, PAGE_HEIGHT, PAGE_WIDTH, Page, Pictures, Text};
use zerotrip_paper::{Form, Look, Qr, Record as PaperRecord, Seal, Stamp, lay_out_record, print};
use zerotrip_trust::x509::CertificateAuthority;

use super::papers::{self, FONTS};
use super::*;

/// Least space between what is on a page and its edges: 10 mm.
const MARGIN: i64 = 28 * 100_000;
/// Dots per inch of the pictures that are compared.
const DPI: usize = 20;
/// Side of the cells whose mean shades are compared: what only the keys and digests of a run decide
/// changes them little.
const CELL: usize = 6;
/// Most that a cell can differ, of 255.
const CELL_OFF: i32 = 40;
/// Most that all cells can differ on average, of 255.
const MEAN_OFF: i32 = 3;

struct Printed {
    /// As it is signed.
    pdf: Vec<u8>,
    pages: Vec<Page>,
}

/// A certificate of a variant, in all forms.
struct Made {
    token: String,
    certificate: VerifiedCertificate,
    /// Of all of it, where that fits into one.
    whole: Result<QrText, QrError>,
    /// Of all but the errand: whom it is about, and what was proven; where that is too long, of
    /// whom it is about alone.
    qr: QrText,
}

fn made_of(world: &World, definition: &Definition, variant: &str) -> Made {
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let token = world.longest(definition, variant);
    let certificate = verify_certificate(&token, root, at(200)).unwrap();
    let qr = |token: &str| make(token, root, Standing::InRegister, &world.seal, at(200));
    let subject = definition.parameters[0].name.as_str();
    let facts = certificate.disclosed.facts.iter().map(|fact| fact.terms.name.as_str());
    let keep: Vec<&str> = facts.chain([subject]).collect();
    let shown = |keep: &[&str]| SdJwt::parse(&token).unwrap().present(keep).unwrap().to_string();
    let some = qr(&shown(&keep)).or_else(|_| qr(&shown(&[subject]))).unwrap();
    let whole = qr(&token);
    Made { certificate, whole, qr: some, token }
}

fn paper_qr(text: &QrText) -> Qr {
    let matrix = matrix(text).unwrap();
    let side = 0..matrix.size;
    let modules = side.clone().flat_map(|y| side.clone().map(move |x| (x, y)));
    Qr::new(modules.map(|(x, y)| matrix.is_dark(x, y)).collect(), matrix.size).unwrap()
}

fn printed(world: &World, made: &Made) -> Printed {
    let ca = CertificateAuthority::generate("c.example", at(0), 900 * DAY).unwrap();
    let leaf = papers::certify(&ca, &world.seal, FUND);
    let seal = include_bytes!("../../../paper/src/tests/seal.png");
    let seal = Seal::from_png(seal.to_vec()).unwrap();
    let qr = Some(paper_qr(&made.qr));
    let look = Look { seal: Some(seal), qr: qr.clone() };
    let signed = print(&made.token, &FONTS, &look).unwrap();
    let signed = signed.sign(&world.seal, &leaf, at(300), Stamp::None).unwrap().into_bytes();
    let verified = zerotrip_paper::verify_pdf(&signed, ca.cert_der(), at(400)).unwrap();
    assert_eq!((verified.record.as_str(), &verified.qr), (made.token.as_str(), &qr));
    let record = PaperRecord::read(&made.token).unwrap();
    let pictures = Pictures { has_seal: true, qr };
    let pages = lay_out_record(&record, Form::Pdf, &pictures, &*FONTS).unwrap();
    assert_eq!(verified.pages, pages.len());
    Printed { pdf: signed, pages }
}

/// Left, top, right and bottom of a line of text.
fn box_of(line: &Text) -> (i64, i64, i64, i64) {
    let advance = |c: char| FONTS.advance(c).unwrap();
    // Thousandths of a size that is in hundredths of a point are hundred-thousandths.
    let width: i64 = line.text.chars().map(|c| advance(c) * line.size).sum();
    let height = line.size * 1000;
    (line.x, line.y - height * 8 / 10, line.x + width, line.y + height / 10)
}

/// Nothing crosses the margins, and no line lies on another or on a picture.
fn keeps_its_place(page: &Page, of: &str) {
    let mut boxes: Vec<((i64, i64, i64, i64), String)> = Vec::new();
    for mark in page.items.iter().flat_map(|item| &item.marks) {
        let (one, said) = match mark {
            // The watermark crosses the page on purpose.
            Mark::Text(line) if line.is_turned => continue,
            Mark::Text(line) => (box_of(line), line.text.clone()),
            Mark::Seal(x, y, w, h) => ((*x, *y, x + w, y + h), "the seal".to_owned()),
            // Lines of tables, and modules of the QR.
            Mark::Rect(x, y, w, h, _) => {
                assert!(*x >= MARGIN && *y >= MARGIN, "{of}");
                assert!(x + w <= PAGE_WIDTH - MARGIN && y + h <= PAGE_HEIGHT - MARGIN, "{of}");
                continue;
            }
        };
        let (left, top, right, bottom) = one;
        let is_within = left >= MARGIN && right <= PAGE_WIDTH - MARGIN;
        assert!(is_within && top >= MARGIN && bottom <= PAGE_HEIGHT - MARGIN, "{of}: {said}");
        for ((l, t, r, b), other) in &boxes {
            let apart = right <= *l || *r <= left || bottom <= *t || *b <= top;
            assert!(apart, "{of}: `{said}` lies on `{other}`");
        }
        boxes.push((one, said));
    }
}

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}: tests/outside/install.sh installs what is missing")
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn outside_every_kind_says_on_paper_all_that_its_certificate_says() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let (definitions, mut kinds) = (definitions(), 0);
    assert!(definitions.len() >= 16, "{}", definitions.len());
    for definition in &definitions {
        for variant in &definition.variants {
            let of = format!("{}/{}", definition.name, variant.name);
            let made = made_of(&world, definition, &variant.name);
            let printed = printed(&world, &made);
            printed.pages.iter().for_each(|page| keeps_its_place(page, &of));
            let file = folder.path().join("paper.pdf");
            std::fs::write(&file, &printed.pdf).unwrap();
            let text = run("pdftotext", &["-raw", file.to_str().unwrap(), "-"]);
            let text = squeezed(&String::from_utf8(text).unwrap());
            for words in words_of(&made.certificate) {
                assert!(text.contains(&squeezed(&words)), "{of}: `{words}` in {text}");
            }
            kinds += 1;
        }
    }
    assert!(kinds >= 60, "{kinds}");
}

#[test]
fn outside_the_pages_of_every_kind_look_as_they_were_seen_to_look() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/kinds");
    let is_written = std::env::var_os("ZEROTRIP_WRITE_KINDS").is_some();
    let mut known: Vec<PathBuf> = Vec::new();
    for definition in &definitions() {
        // The variant that has the most to say.
        let length = |variant: &str| zerotrip_certificates::fact_terms(definition, variant).len();
        let variant = definition.variants.iter().max_by_key(|one| length(&one.name)).unwrap();
        let made = made_of(&world, definition, &variant.name);
        let file = folder.path().join(format!("{}.pdf", definition.name));
        std::fs::write(&file, printed(&world, &made).pdf).unwrap();
        let seen = seen(&file, folder.path());
        let golden = pictures.join(format!("{}.png", definition.name));
        if is_written {
            std::fs::create_dir_all(&pictures).unwrap();
            std::fs::write(&golden, seen.png()).unwrap();
            if let Some(kept) = std::env::var_os("ZEROTRIP_KEEP_KINDS") {
                std::fs::copy(&file, Path::new(&kept).join(file.file_name().unwrap())).unwrap();
            }
        }
        let golden_picture = Grey::read(&golden);
        seen.is_like(&golden_picture).unwrap_or_else(|why| panic!("{}: {why}", definition.name));
        known.push(golden);
    }
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&pictures).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files, known, "a picture for each check, and no other");
}

#[test]
fn every_kind_has_a_qr_of_whom_it_is_about_and_what_was_proven() {
    let world = World::new();
    for definition in &definitions() {
        for variant in &definition.variants {
            let of = format!("{}/{}", definition.name, variant.name);
            let made = made_of(&world, definition, &variant.name);
            let read = verified(&world, made.qr.as_str(), Demand::at(at(300))).unwrap().qr.record;
            // The longest name of an enterprise has no room beside sixteen regions.
            let facts = &made.certificate.disclosed.facts;
            let has_name = facts.iter().any(|fact| fact.terms.r#type == "name");
            assert_eq!(read.facts.len(), if has_name { 0 } else { facts.len() }, "{of}");
            assert_eq!(read.subject.unwrap().id, PERSON, "{of}");
            // At the size of a page's QR, a module has a third of a millimetre or more.
            let version = (matrix(&made.qr).unwrap().size - 17) / 4;
            assert!((10..=20).contains(&version), "{of}: version {version}");
            // The longest errand has no room in a QR; an errand as offices write them has.
            let error = made.whole.map(drop).unwrap_err();
            assert!(matches!(error, QrError::TooMuch { .. }), "{of}: {error}");
        }
    }
}

#[test]
fn every_kind_can_be_shown_with_anything_left_out() {
    let world = World::new();
    let directory = world.directory(|_| ());
    for definition in &definitions() {
        for variant in &definition.variants {
            let token = world.longest(definition, &variant.name);
            let token = SdJwt::parse(&token).unwrap();
            let names: Vec<String> = token.disclosed_names().map(str::to_owned).collect();
            for name in &names {
                let shown = token.present(&[name]).unwrap().to_string();
                let read = verify_certificate(&shown, TrustRoot::Directory(&directory), at(200));
                let read = read.unwrap_or_else(|error| panic!("{}: {error}", definition.name));
                let shown = read.disclosed.claims.len() + read.disclosed.facts.len();
                assert!(shown >= 1, "{}: {name}", definition.name);
            }
        }
    }
}

/// A picture in grey.
struct Grey {
    width: usize,
    pixels: Vec<u8>,
}

/// The pages of a PDF beside one another.
fn seen(pdf: &Path, folder: &Path) -> Grey {
    let prefix = folder.join("page");
    let dpi = DPI.to_string();
    run("pdftoppm", &["-gray", "-r", &dpi, pdf.to_str().unwrap(), prefix.to_str().unwrap()]);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "pgm"));
    files.sort();
    let pages: Vec<Grey> =
        files.iter().map(|file| Grey::pgm(&std::fs::read(file).unwrap())).collect();
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    let height = pages[0].pixels.len() / pages[0].width;
    let mut pixels = Vec::new();
    for row in 0..height {
        for page in &pages {
            pixels.extend(&page.pixels[row * page.width..(row + 1) * page.width]);
        }
    }
    Grey { width: pages.iter().map(|page| page.width).sum(), pixels }
}

impl Grey {
    /// `P5`, width, height, 255, and a byte a pixel.
    fn pgm(bytes: &[u8]) -> Self {
        let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
        assert_eq!(parts.next(), Some(&b"P5"[..]));
        let size = std::str::from_utf8(parts.next().unwrap()).unwrap();
        let width = size.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(parts.next(), Some(&b"255"[..]));
        Self { width, pixels: parts.next().unwrap().to_vec() }
    }

    /// With sixteen shades: enough for what is compared.
    fn png(&self) -> Vec<u8> {
        let height = self.pixels.len() / self.width;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Four);
        let mut writer = encoder.write_header().unwrap();
        let mut packed = Vec::new();
        for row in self.pixels.chunks(self.width) {
            let shades = row
                .chunks(2)
                .map(|pair| pair[0] & 0xf0 | pair.get(1).map_or(0xf, |right| right >> 4));
            packed.extend(shades);
        }
        writer.write_image_data(&packed).unwrap();
        writer.finish().unwrap();
        file
    }

    fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap_or_else(|error| {
            let how = "write it with ZEROTRIP_WRITE_KINDS=1, and look at it";
            panic!("{}: {error}: {how}", file.display())
        });
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        Self { width: info.width as usize, pixels }
    }

    /// Whether both look alike, cell by cell.
    fn is_like(&self, other: &Self) -> Result<(), String> {
        let height = self.pixels.len() / self.width;
        if (other.width, other.pixels.len()) != (self.width, self.pixels.len()) {
            let theirs = (other.width, other.pixels.len() / other.width);
            return Err(format!("{:?} dots, and the picture has {theirs:?}", (self.width, height)));
        }
        let (mut sum, mut cells) = (0, 0);
        for top in (0..height).step_by(CELL) {
            for left in (0..self.width).step_by(CELL) {
                let off = self.cell(left, top, height) - other.cell(left, top, height);
                if off.abs() > CELL_OFF {
                    let page = left / (self.width.min(PAGE_DOTS)) + 1;
                    return Err(format!("page {page}, at ({left}, {top}): off by {off} of 255"));
                }
                sum += off.abs();
                cells += 1;
            }
        }
        if sum > MEAN_OFF * cells { Err(format!("off by {sum} in {cells} cells")) } else { Ok(()) }
    }

    /// The mean shade of a cell.
    fn cell(&self, left: usize, top: usize, height: usize) -> i32 {
        let (right, bottom) = ((left + CELL).min(self.width), (top + CELL).min(height));
        let (mut sum, mut count) = (0, 0);
        for row in top..bottom {
            for shade in &self.pixels[row * self.width + left..row * self.width + right] {
                sum += i32::from(*shade);
                count += 1;
            }
        }
        sum / count
    }
}

/// Dots across a page.
const PAGE_DOTS: usize = 595 * DPI / 72;
