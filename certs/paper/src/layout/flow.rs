//! Blocks one below another, from page to page.

use super::lines::{Line, lines};
use super::{
    Block, Content, Figure, Item, Length, Mark, Metrics, PAGE_HEIGHT, PAGE_WIDTH, Page, Pictures,
    QR_SIDE, Role, SEAL_SIDE, Style, Text, points,
};
use crate::bounds::PAGES;
use crate::error::PaperError;
use crate::words;

const MARGIN: Length = points(56);
const TOP: Length = points(54);
const BOTTOM: Length = PAGE_HEIGHT - points(66);
const WIDTH: Length = PAGE_WIDTH - 2 * MARGIN;
/// Where the values of fields begin, from the margin.
const INDENT: Length = points(126);
/// Widths of the columns of a table.
const COLUMNS: [Length; 4] = [points(108), points(78), points(132), points(165)];
/// Between a cell's edge and its text.
const PADDING: Length = points(5);
const RULE: Length = 60_000;
const RULE_SHADE: u8 = 200;
const NAME_SHADE: u8 = 96;
const FIELD_SIZE: i64 = 1_000;
const CELL_SIZE: i64 = 900;
const FOOT_SIZE: i64 = 800;
const WATERMARK_SIZE: i64 = 1_600;
const WATERMARK_SHADE: u8 = 228;
const WATERMARK_WIDTH: Length = points(600);

/// From one base line to the next.
const fn leading(size: i64) -> Length {
    size * 1_440
}

/// From the top of a line to its base line.
const fn ascent(size: i64) -> Length {
    size * 1_080
}

/// A column of lines in a row.
struct Cell {
    x: Length,
    lines: Vec<Line>,
    shade: u8,
    role: Role,
}

struct Flow<'a> {
    pages: Vec<Page>,
    y: Length,
    metrics: &'a dyn Metrics,
    watermark: Vec<Mark>,
}

/// Lays a paper out.
pub(crate) fn lay_out(
    content: &Content,
    pictures: &Pictures,
    metrics: &dyn Metrics,
) -> Result<Vec<Page>, PaperError> {
    let watermark = watermark(&content.watermark, metrics)?;
    let mut flow = Flow { pages: Vec::new(), y: TOP, metrics, watermark };
    flow.new_page()?;
    let mut blocks = content.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        match block {
            Block::Text { text, style } => {
                if let Some(Block::Table { titles, rows }) = blocks.peek() {
                    flow.keep_together(*style, titles, rows.first())?;
                }
                flow.text(text, *style)?;
            }
            Block::Field { name, values } => flow.field(name, values)?,
            Block::Table { titles, rows } => flow.table(titles, rows)?,
            Block::Pictures { lines } => flow.pictures(lines, pictures)?,
            Block::NewPage => flow.new_page()?,
        }
    }
    flow.number(&content.foot)?;
    Ok(flow.pages)
}

impl Flow<'_> {
    fn new_page(&mut self) -> Result<(), PaperError> {
        if self.pages.len() == PAGES {
            return Err(PaperError::TooMany("pages", PAGES));
        }
        let item = Item { role: Role::Artifact, marks: self.watermark.clone() };
        self.pages.push(Page { items: vec![item] });
        self.y = TOP;
        Ok(())
    }

    fn add(&mut self, role: Role, marks: Vec<Mark>) {
        if let Some(page) = self.pages.last_mut()
            && !marks.is_empty()
        {
            page.items.push(Item { role, marks });
        }
    }

    fn lines(&self, text: &str, size: i64, width: Length) -> Result<Vec<Line>, PaperError> {
        lines(text, size, width, self.metrics)
    }

    fn text(&mut self, text: &str, style: Style) -> Result<(), PaperError> {
        let role = if style.is_heading { Role::Heading } else { Role::Paragraph };
        let broken = self.lines(text, style.size, WIDTH)?;
        self.y += style.above;
        // A heading is not left alone at the foot of a page.
        let wanted = if style.is_heading { leading(style.size) * 4 } else { leading(style.size) };
        let mut marks = Vec::new();
        for line in broken {
            if self.y + wanted > BOTTOM {
                self.add(role, std::mem::take(&mut marks));
                self.new_page()?;
            }
            let left = if style.is_centred { (WIDTH - line.width) / 2 } else { 0 };
            let y = self.y + ascent(style.size);
            marks.push(plain(MARGIN + left, y, style.size, style.shade, line.text));
            self.y += leading(style.size);
        }
        self.add(role, marks);
        Ok(())
    }

    fn field(&mut self, name: &str, values: &[String]) -> Result<(), PaperError> {
        let role = Role::Paragraph;
        let mut of_values = Vec::new();
        for value in values {
            of_values.extend(self.lines(value, FIELD_SIZE, WIDTH - INDENT)?);
        }
        let of_name = self.lines(name, FIELD_SIZE, INDENT - points(8))?;
        let cells = [
            Cell { x: MARGIN, lines: of_name, shade: NAME_SHADE, role },
            Cell { x: MARGIN + INDENT, lines: of_values, shade: 0, role },
        ];
        self.row(&cells, FIELD_SIZE, points(2), true, &[])
    }

    /// A table's heading and titles are not left behind by its first row, unless that fits on no
    /// page.
    fn keep_together(
        &mut self,
        heading: Style,
        titles: &[String],
        first: Option<&Vec<Vec<String>>>,
    ) -> Result<(), PaperError> {
        let titles: Vec<Vec<String>> = titles.iter().map(|title| vec![title.clone()]).collect();
        let mut tall = leading(heading.size) + points(16);
        for row in std::iter::once(&titles).chain(first) {
            tall += height(&self.cells(row, false)?, CELL_SIZE) + points(8);
        }
        if self.y + heading.above + tall > BOTTOM && tall < BOTTOM - TOP {
            self.new_page()?;
        }
        Ok(())
    }

    fn table(&mut self, titles: &[String], rows: &[Vec<Vec<String>>]) -> Result<(), PaperError> {
        let titles: Vec<Vec<String>> = titles.iter().map(|title| vec![title.clone()]).collect();
        let titles = self.cells(&titles, true)?;
        if self.y + height(&titles, CELL_SIZE) * 3 > BOTTOM {
            self.new_page()?;
        }
        self.titles(&titles, Role::ColumnTitle);
        for row in rows {
            let cells = self.cells(row, false)?;
            self.row(&cells, CELL_SIZE, points(4), false, &titles)?;
        }
        Ok(())
    }

    fn cells(&self, row: &[Vec<String>], are_titles: bool) -> Result<Vec<Cell>, PaperError> {
        let (mut cells, mut x) = (Vec::new(), MARGIN);
        for (place, (texts, width)) in row.iter().zip(COLUMNS).enumerate() {
            let mut broken = Vec::new();
            for text in texts {
                broken.extend(self.lines(text, CELL_SIZE, width - 2 * PADDING)?);
            }
            let role = if are_titles { Role::ColumnTitle } else { Role::Cell(place == 0) };
            let shade = if are_titles { 40 } else { 0 };
            cells.push(Cell { x: x + PADDING, lines: broken, shade, role });
            x += width;
        }
        Ok(cells)
    }

    /// The titles of a table; repeated ones are an artifact.
    fn titles(&mut self, titles: &[Cell], role: Role) {
        let tall = height(titles, CELL_SIZE) + points(8);
        self.add(Role::Artifact, vec![Mark::Rect(MARGIN, self.y, WIDTH, tall, 238)]);
        let top = self.y + points(4);
        for cell in titles {
            self.add(role, marks_of(cell, &cell.lines, top, CELL_SIZE));
        }
        self.y += tall;
    }

    /// A row of cells and a rule below it. It goes to the next page where it does not fit, and is
    /// taken apart where it fits on no page.
    fn row(
        &mut self,
        cells: &[Cell],
        size: i64,
        above: Length,
        is_one: bool,
        titles: &[Cell],
    ) -> Result<(), PaperError> {
        let room = BOTTOM - TOP - height(titles, CELL_SIZE) - points(10) - 2 * above;
        let tall = height(cells, size);
        let (mut from, most) = (0, cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0));
        let is_split = tall > room;
        while from < most {
            let fits = (BOTTOM - self.y - 2 * above) / leading(size);
            let left = most - from;
            let wanted = if is_split { left.min(3) } else { left };
            if usize::try_from(fits).unwrap_or(0) < wanted {
                self.new_page()?;
                if !titles.is_empty() {
                    self.titles(titles, Role::Artifact);
                }
                continue;
            }
            let take = left.min(usize::try_from(fits).unwrap_or(0));
            let top = self.y + above;
            let mut together = Vec::new();
            for cell in cells {
                let part: Vec<Line> = cell.lines.iter().skip(from).take(take).cloned().collect();
                let marks = marks_of(cell, &part, top, size);
                if is_one { together.extend(marks) } else { self.add(cell.role, marks) }
            }
            self.add(Role::Paragraph, together);
            self.y = top + leading(size) * i64::try_from(take).unwrap_or(0) + above;
            from += take;
        }
        self.add(Role::Artifact, vec![Mark::Rect(MARGIN, self.y, WIDTH, RULE, RULE_SHADE)]);
        self.y += RULE;
        Ok(())
    }

    fn pictures(&mut self, texts: &[String], pictures: &Pictures) -> Result<(), PaperError> {
        let middle = WIDTH - SEAL_SIDE - QR_SIDE - points(24);
        let mut broken = Vec::new();
        for text in texts {
            broken.extend(self.lines(text, CELL_SIZE, middle)?);
        }
        let size = CELL_SIZE;
        let of_text = leading(size) * i64::try_from(broken.len()).unwrap_or(0);
        let tall = SEAL_SIDE.max(of_text);
        self.y += points(10);
        if self.y + tall > BOTTOM {
            self.new_page()?;
        }
        if let Some(qr) = &pictures.qr {
            let marks = qr_marks(qr, MARGIN, self.y);
            self.add(Role::Figure(Figure::Qr), marks);
        }
        let x = MARGIN + QR_SIDE + points(12);
        let cell = Cell { x, lines: broken, shade: 0, role: Role::Paragraph };
        let marks = marks_of(&cell, &cell.lines, self.y + (tall - of_text) / 2, size);
        self.add(Role::Paragraph, marks);
        if pictures.has_seal {
            let left = MARGIN + WIDTH - SEAL_SIDE;
            let mark = Mark::Seal(left, self.y, SEAL_SIDE, SEAL_SIDE);
            self.add(Role::Figure(Figure::Seal), vec![mark]);
        }
        self.y += tall;
        Ok(())
    }

    /// Numbers all pages.
    fn number(&mut self, foot: &str) -> Result<(), PaperError> {
        let total = self.pages.len();
        let y = PAGE_HEIGHT - points(38);
        for place in 0..total {
            let number = words::page(place + 1, total);
            let width: Length =
                self.lines(&number, FOOT_SIZE, WIDTH)?.iter().map(|l| l.width).sum();
            let rule = Mark::Rect(MARGIN, y - points(14), WIDTH, RULE, RULE_SHADE);
            let marks = vec![
                rule,
                plain(MARGIN, y, FOOT_SIZE, NAME_SHADE, foot.to_owned()),
                plain(MARGIN + WIDTH - width, y, FOOT_SIZE, NAME_SHADE, number),
            ];
            if let Some(page) = self.pages.get_mut(place) {
                page.items.push(Item { role: Role::Artifact, marks });
            }
        }
        Ok(())
    }
}

fn plain(x: Length, y: Length, size: i64, shade: u8, text: String) -> Mark {
    Mark::Text(Text { x, y, size, shade, is_turned: false, text })
}

fn height(cells: &[Cell], size: i64) -> Length {
    let most = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    leading(size) * i64::try_from(most).unwrap_or(0)
}

fn marks_of(cell: &Cell, lines: &[Line], top: Length, size: i64) -> Vec<Mark> {
    let mut y = top + ascent(size);
    let mut marks = Vec::new();
    for line in lines {
        marks.push(plain(cell.x, y, size, cell.shade, line.text.clone()));
        y += leading(size);
    }
    marks
}

/// The lines that rise across each page, twice; their middle is on the page's middle.
fn watermark(texts: &[String], metrics: &dyn Metrics) -> Result<Vec<Mark>, PaperError> {
    let mut broken = Vec::new();
    for text in texts {
        broken.extend(lines(text, WATERMARK_SIZE, WATERMARK_WIDTH, metrics)?);
    }
    let count = i64::try_from(broken.len()).unwrap_or(0);
    let mut marks = Vec::new();
    for middle in [PAGE_HEIGHT * 3 / 10, PAGE_HEIGHT * 7 / 10] {
        for (place, line) in broken.iter().enumerate() {
            let place = i64::try_from(place).unwrap_or(0);
            // How far below the middle, at a right angle to the line.
            let below = (2 * place - count + 1) * leading(WATERMARK_SIZE) / 2;
            let x = PAGE_WIDTH / 2 + below * 3 / 5 - line.width * 2 / 5;
            let y = middle + below * 4 / 5 + line.width * 3 / 10;
            marks.push(Mark::Text(Text {
                x,
                y,
                size: WATERMARK_SIZE,
                shade: WATERMARK_SHADE,
                is_turned: true,
                text: line.text.clone(),
            }));
        }
    }
    Ok(marks)
}

/// Dark modules of a row that are side by side are one rectangle.
fn qr_marks(qr: &super::Qr, left: Length, top: Length) -> Vec<Mark> {
    let count = i64::try_from(qr.size()).unwrap_or(1);
    let side = QR_SIDE / count;
    let mut marks = Vec::new();
    for y in 0..qr.size() {
        let mut x = 0;
        while x < qr.size() {
            let run = (x..qr.size()).take_while(|x| qr.is_dark(*x, y)).count();
            if run > 0 {
                let at = |place: usize| side * i64::try_from(place).unwrap_or(0);
                marks.push(Mark::Rect(left + at(x), top + at(y), at(run), side, 0));
            }
            x += run.max(1);
        }
    }
    marks
}

/// The QR code whose rectangles these are, if they are a QR code's at its place.
pub fn qr_of(rects: &[(f64, f64, f64, f64)]) -> Option<super::Qr> {
    let (left, top, width, side) = *rects.first()?;
    let bottom = rects.iter().map(|rect| rect.1 + rect.3).fold(0.0, f64::max);
    if side <= 0.0 || (width / side - 7.0).abs() > 0.1 {
        return None;
    }
    let count = ((bottom - top) / side).round();
    if !(21.0..=177.0).contains(&count) {
        return None;
    }
    let size = count as usize;
    let mut modules = vec![false; size * size];
    for (x, y, wide, _) in rects {
        let (column, row) = (((x - left) / side).round(), ((y - top) / side).round());
        let run = (wide / side).round();
        if column < 0.0 || row < 0.0 || column + run > count || row >= count {
            return None;
        }
        let begin = row as usize * size + column as usize;
        modules.get_mut(begin..begin + run as usize)?.fill(true);
    }
    super::Qr::new(modules, size).ok()
}
