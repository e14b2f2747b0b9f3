//! A page's content: its marks as text objects and path objects (GB/T 33190, 8 to 11).

use zerotrip_paper::PaperError;
use zerotrip_paper::layout::{Length, Mark, Metrics as _, Page, Qr, Text, qr_of};

use crate::fonts::EmbeddedFonts;
use crate::xml::{HEAD, NAMESPACE, all_in_millimetres, decimal, escaped, millimetres, rounded};

/// The paper: A4, in millimetres.
pub(crate) const PAPER: &str = "0 0 210 297";
/// Of a path that is filled and black: a QR code.
const BLACK: &str = "Fill=\"true\"><ofd:FillColor Value=\"0 0 0\"/><ofd:AbbreviatedData>";
/// From the top of a line's box to its base line, and the height of the box, in thousandths of the
/// size.
const ASCENT: i64 = 1_080;
const HEIGHT: i64 = 1_440;

/// Gives each object of a document its number.
pub(crate) struct Numbers(u32);

impl Numbers {
    pub(crate) fn after(number: u32) -> Self {
        Self(number)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    pub(crate) fn last(&self) -> u32 {
        self.0
    }
}

/// The box of a seal on a page, in millimetres.
pub(crate) type Boundary = String;

/// Writes a page. Seals are not drawn: their boundaries are handed out, and the reader of the OFD
/// draws the picture that the electronic seal holds.
pub(crate) fn write(
    page: &Page,
    numbers: &mut Numbers,
    fonts: &EmbeddedFonts,
) -> Result<(String, Vec<Boundary>), PaperError> {
    let mut out = format!(
        "{HEAD}<ofd:Page {NAMESPACE}><ofd:Area><ofd:PhysicalBox>{PAPER}</ofd:PhysicalBox>\
         </ofd:Area><ofd:Content><ofd:Layer ID=\"{}\" Type=\"Body\">",
        numbers.next()
    );
    let mut seals = Vec::new();
    for item in &page.items {
        let mut rects: Vec<[Length; 4]> = Vec::new();
        let mut shade = 0;
        for mark in &item.marks {
            if let Mark::Rect(x, y, width, height, its) = mark {
                if *its != shade {
                    path(&mut out, &mut rects, shade, numbers);
                }
                rects.push([*x, *y, *width, *height]);
                shade = *its;
                continue;
            }
            path(&mut out, &mut rects, shade, numbers);
            match mark {
                Mark::Text(line) => text(&mut out, line, numbers, fonts)?,
                Mark::Seal(x, y, w, h) => seals.push(all_in_millimetres([*x, *y, *w, *h])),
                Mark::Rect(..) => {}
            }
        }
        path(&mut out, &mut rects, shade, numbers);
    }
    out.push_str("</ofd:Layer></ofd:Content></ofd:Page>\n");
    Ok((out, seals))
}

/// Rectangles of one shade as one filled path.
fn path(out: &mut String, rects: &mut Vec<[Length; 4]>, shade: u8, numbers: &mut Numbers) {
    let rects = std::mem::take(rects);
    let edge = |side: fn(&[Length; 4]) -> Length| rects.iter().map(side);
    let (Some(left), Some(top)) = (edge(|rect| rect[0]).min(), edge(|rect| rect[1]).min()) else {
        return;
    };
    let right = edge(|rect| rect[0] + rect[2]).max().unwrap_or(left);
    let bottom = edge(|rect| rect[1] + rect[3]).max().unwrap_or(top);
    let boundary = all_in_millimetres([left, top, right - left, bottom - top]);
    let mut data = Vec::new();
    for [x, y, width, height] in rects {
        let [x0, y0, x1, y1] = [x - left, y - top, x - left + width, y - top + height];
        let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(millimetres);
        data.push(format!("M {x0} {y0} L {x1} {y0} L {x1} {y1} L {x0} {y1} C"));
    }
    let fill = if shade == 0 {
        BLACK.to_owned()
    } else {
        BLACK.replace("0 0 0", &format!("{shade} {shade} {shade}"))
    };
    out.push_str(&format!(
        "<ofd:PathObject ID=\"{}\" Boundary=\"{boundary}\" Stroke=\"false\" {fill}{}\
         </ofd:AbbreviatedData></ofd:PathObject>",
        numbers.next(),
        data.join(" ")
    ));
}

/// Characters of a line that one font has, one behind another.
struct Run {
    font: usize,
    /// Where it begins, from the beginning of the line.
    begin: Length,
    /// Each with its place, from the beginning of the line.
    characters: Vec<(char, Length)>,
}

/// One object for each run of characters of one font.
fn text(
    out: &mut String,
    line: &Text,
    numbers: &mut Numbers,
    fonts: &EmbeddedFonts,
) -> Result<(), PaperError> {
    let mut along = 0;
    let mut run: Option<Run> = None;
    for c in line.text.chars() {
        let font = fonts.place_of(c)?;
        match &mut run {
            Some(run) if run.font == font => run.characters.push((c, along)),
            _ => {
                let next = Run { font, begin: along, characters: vec![(c, along)] };
                if let Some(ended) = run.replace(next) {
                    object(out, line, &ended, along, numbers);
                }
            }
        }
        along += fonts.advance(c)? * line.size;
    }
    if let Some(ended) = run {
        object(out, line, &ended, along, numbers);
    }
    Ok(())
}

fn object(
    out: &mut String,
    line: &Text,
    Run { font, begin, characters }: &Run,
    end: Length,
    numbers: &mut Numbers,
) {
    let (size, begin) = (line.size, *begin);
    let (place, x, y) = if line.is_turned {
        // The run begins on the line that rises by 3 in 4 from its left end.
        let at = [line.x + begin * 4 / 5, line.y - begin * 3 / 5];
        let turned = format!("0.8 -0.6 0.6 0.8 {}", all_in_millimetres(at));
        (format!("Boundary=\"{PAPER}\" CTM=\"{turned}\""), 0, 0)
    } else {
        let top = line.y - size * ASCENT;
        let boundary = all_in_millimetres([line.x + begin, top, end - begin, size * HEIGHT]);
        (format!("Boundary=\"{boundary}\""), 0, size * ASCENT)
    };
    let places = characters.iter().map(|(_, at)| rounded(at - begin));
    // Each step from one rounded place to the next: rounding does not add up.
    let steps: Vec<String> =
        places.clone().zip(places.skip(1)).map(|(one, next)| decimal(next - one)).collect();
    let delta =
        if steps.is_empty() { String::new() } else { format!(" DeltaX=\"{}\"", steps.join(" ")) };
    let shade = line.shade;
    let shown: String = characters.iter().map(|(c, _)| *c).collect();
    out.push_str(&format!(
        "<ofd:TextObject ID=\"{}\" {place} Font=\"{}\" Size=\"{}\"><ofd:FillColor \
         Value=\"{shade} {shade} {shade}\"/><ofd:TextCode X=\"{}\" Y=\"{}\"{delta}>{}\
         </ofd:TextCode></ofd:TextObject>",
        numbers.next(),
        font + 1,
        millimetres(size * 1_000),
        millimetres(x),
        millimetres(y),
        escaped(&shown)
    ));
}

/// The QR code on a page, read from its path. What is read counts only once the page is written
/// again with it, and is the same.
pub(crate) fn qr(page: &str) -> Option<Qr> {
    let (_, behind) = page.split_once(BLACK)?;
    let (data, _) = behind.split_once('<')?;
    let mut rects = Vec::new();
    for part in data.split(" C") {
        let mut numbers = part.split(' ').filter_map(|word| word.parse::<f64>().ok());
        let mut next = || numbers.next();
        let (Some(x), Some(y), Some(right), Some(_), Some(_), Some(bottom)) =
            (next(), next(), next(), next(), next(), next())
        else {
            continue;
        };
        rects.push((x, y, right - x, bottom - y));
    }
    qr_of(&rects)
}

/// The characters that a page shows, in their order: for what an error tells.
pub(crate) fn shown(page: &str) -> String {
    let codes = page.split("<ofd:TextCode ").skip(1);
    let inside = |code: &str| Some(code.split_once('>')?.1.split_once('<')?.0.to_owned());
    codes.filter_map(inside).collect()
}
