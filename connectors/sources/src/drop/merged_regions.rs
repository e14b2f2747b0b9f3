//! Cells of a spreadsheet that act as one.

use std::collections::BTreeMap;

/// Columns of a sheet.
pub const MOST_COLUMNS: u32 = 16_384;

/// Cells that act as one, and whose value is in the first of them. Bounds are inclusive, from
/// 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    pub top: u32,
    pub left: u32,
    pub bottom: u32,
    pub right: u32,
}

/// MergedRegions regions, and the values of those that the present row belongs to.
pub struct MergedRegions {
    /// Not yet reached, the first one last.
    ahead: Vec<Region>,
    present: Vec<(Region, Option<String>)>,
}

impl MergedRegions {
    pub fn new(mut regions: Vec<Region>) -> Self {
        regions.sort_unstable_by(|a, b| b.cmp(a));
        Self { ahead: regions, present: Vec::new() }
    }

    pub fn reach(&mut self, row: u32, cells: &BTreeMap<u32, String>) -> Result<(), &'static str> {
        self.present.retain(|(region, _)| region.bottom >= row);
        while let Some(region) = self.ahead.pop_if(|region| region.top <= row) {
            if region.bottom >= row {
                let value = cells.get(&region.left).filter(|_| region.top == row).cloned();
                self.present.push((region, value));
            }
        }
        let columns: u64 = self
            .present
            .iter()
            .map(|(region, _)| u64::from(region.right.saturating_sub(region.left)) + 1)
            .sum();
        if columns > u64::from(MOST_COLUMNS) {
            Err("merged cells overlap; have it written again")
        } else {
            Ok(())
        }
    }

    /// The first columns of regions with a value that the present row belongs to.
    pub fn columns(&self) -> impl Iterator<Item = u32> + '_ {
        let with_value =
            |value: &Option<String>| value.as_deref().is_some_and(|value| !value.trim().is_empty());
        self.present
            .iter()
            .filter(move |(_, value)| with_value(value))
            .map(|(region, _)| region.left)
    }

    /// Gives a region's value to its cells in this row; to those straight below it only, if so
    /// asked.
    pub fn fill(&self, row: u32, width: u32, straight: bool, cells: &mut BTreeMap<u32, String>) {
        for (region, value) in &self.present {
            let Some(value) = value else { continue };
            let right =
                if straight { region.left } else { region.right.min(width.saturating_sub(1)) };
            for column in
                (region.left..=right).filter(|column| (row, *column) != (region.top, region.left))
            {
                let cell = cells.entry(column).or_default();
                if cell.trim().is_empty() {
                    value.clone_into(cell);
                }
            }
        }
    }
}
