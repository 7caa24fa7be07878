//! What does a workbook say? Reads its rows as text, and names every cell that cannot be taken.

use std::collections::BTreeMap;
use std::path::Path;

use calamine::{Data, Range, Reader, Xlsx, open_workbook};

use super::edit::ListAt;
use super::write::{EXAMPLE_COLUMNS, WORDING_COLUMNS};
use super::{CellFault, Content, EXAMPLES, SheetError, WORDING};

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub wording: Vec<Entry>,
    pub examples: Vec<Entry>,
    pub faults: Vec<CellFault>,
    pub notes: Vec<String>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Entry {
    pub at: ListAt,
    /// Its number within the list; none for a new one.
    pub number: Option<usize>,
    pub content: Content,
    /// What stood there when the workbook was made.
    pub exported: Option<String>,
    pub number_column: u32,
    pub text_column: u32,
    sheet: &'static str,
    row: u32,
}

impl Entry {
    /// A fault of one of its cells.
    pub fn fault(&self, column: u32, message: String) -> CellFault {
        CellFault { sheet: self.sheet, cell: cell_name(self.row, column), message }
    }
}

impl Workbook {
    /// Reads a workbook.
    ///
    /// # Errors
    /// If it is none, or has neither sheet.
    pub fn read(path: &Path) -> Result<Self, SheetError> {
        let failed = |message: String| SheetError::Workbook { path: path.display().to_string(), message };
        let mut book: Xlsx<_> =
            open_workbook(path).map_err(|error: calamine::XlsxError| failed(error.to_string()))?;
        let mut read = Self::default();
        let mut found = false;
        for (name, columns) in [(WORDING, &WORDING_COLUMNS[..]), (EXAMPLES, &EXAMPLE_COLUMNS[..])] {
            if !book.sheet_names().iter().any(|sheet| sheet == name) {
                continue;
            }
            found = true;
            let cells = book.worksheet_range(name).map_err(|error| failed(error.to_string()))?;
            let formulas = book.worksheet_formula(name).map_err(|error| failed(error.to_string()))?;
            let merged = book.merge_cells_by_sheet_name(name).map_err(|error| failed(error.to_string()))?;
            for region in merged {
                read.fault(name, region.start, "cells are merged here; unmerge them");
            }
            let sheet = Sheet { name, cells: &cells, formulas: &formulas };
            read.rows(&sheet, columns);
        }
        if found { Ok(read) } else { Err(failed(format!("it has no sheet `{WORDING}` or `{EXAMPLES}`"))) }
    }

    fn fault(&mut self, sheet: &'static str, (row, column): (u32, u32), message: impl Into<String>) {
        self.faults.push(CellFault { sheet, cell: cell_name(row, column), message: message.into() });
    }

    fn rows(&mut self, sheet: &Sheet<'_>, columns: &[&'static str]) {
        let Some(end) = sheet.cells.end() else { return };
        let mut places: BTreeMap<&str, u32> = BTreeMap::new();
        for column in 0..=end.1 {
            if let Some(Data::String(title)) = sheet.cells.get_value((0, column))
                && let Some(known) = columns.iter().find(|known| **known == title.trim())
            {
                places.insert(known, column);
            }
        }
        let missing: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|title| !places.contains_key(title) && !["exported", "when"].contains(title))
            .collect();
        if !missing.is_empty() {
            let message = format!("the first row must have the columns {}", missing.join(", "));
            self.fault(sheet.name, (0, 0), message);
            return;
        }
        for row in 1..=end.0 {
            let mut cells: BTreeMap<&str, String> = BTreeMap::new();
            let known = self.faults.len();
            for (title, column) in &places {
                match sheet.text(row, *column) {
                    Ok(text) => {
                        let trimmed = text.trim();
                        if trimmed != text && *title != "exported" {
                            let cell = cell_name(row, *column);
                            self.notes.push(format!(
                                "sheet {}, cell {cell}: white space at the ends is left out",
                                sheet.name
                            ));
                        }
                        cells.insert(title, trimmed.to_owned());
                    }
                    Err(message) => self.fault(sheet.name, (row, *column), message),
                }
            }
            // A row with a broken cell is not half read.
            if self.faults.len() == known {
                self.entry(sheet.name, row, (&places, cells));
            }
        }
    }

    fn entry(
        &mut self,
        sheet: &'static str,
        row: u32,
        (places, mut cells): (&BTreeMap<&str, u32>, BTreeMap<&str, String>),
    ) {
        let mut take = |title: &str| cells.remove(title).unwrap_or_default();
        let wording = sheet == WORDING;
        let (text_title, keys) =
            if wording { ("text", &["place", "goal", "tier"][..]) } else { ("example", &["scenario"][..]) };
        let names: Vec<String> = keys.iter().map(|key| take(key)).collect();
        let (number, text, when, exported) =
            (take("number"), take(text_title), take("when"), take("exported"));
        if names.iter().all(String::is_empty) && number.is_empty() && text.is_empty() {
            return;
        }
        let column = |title: &str| places.get(title).copied().unwrap_or_default();
        if let Some((key, _)) = keys.iter().zip(&names).find(|(_, name)| name.is_empty()) {
            self.fault(sheet, (row, column(key)), format!("the {key} is missing"));
            return;
        }
        let number = match number.as_str() {
            "" => None,
            text => match text.parse::<usize>() {
                Ok(number) if number > 0 => Some(number),
                _ => {
                    self.fault(sheet, (row, column("number")), format!("`{text}` is no number of a line"));
                    return;
                }
            },
        };
        let mut names = names.into_iter();
        let mut name = || names.next().unwrap_or_default();
        let at = if wording { ListAt::Wording(name(), name(), name()) } else { ListAt::Examples(name()) };
        let entry = Entry {
            at,
            number,
            content: Content { text, when: Some(when).filter(|when| !when.is_empty()) },
            exported: Some(exported).filter(|exported| number.is_some() && !exported.is_empty()),
            number_column: column("number"),
            text_column: column(text_title),
            sheet,
            row,
        };
        if wording { self.wording.push(entry) } else { self.examples.push(entry) }
    }
}

struct Sheet<'a> {
    name: &'static str,
    cells: &'a Range<Data>,
    formulas: &'a Range<String>,
}

impl Sheet<'_> {
    /// What a cell says; an empty one nothing.
    fn text(&self, row: u32, column: u32) -> Result<String, &'static str> {
        if self.formulas.get_value((row, column)).is_some_and(|formula| !formula.is_empty()) {
            return Err("is a formula; paste its value");
        }
        match self.cells.get_value((row, column)) {
            None | Some(Data::Empty) => Ok(String::new()),
            Some(Data::String(text)) => Ok(text.replace("\r\n", "\n")),
            Some(Data::Int(number)) => Ok(number.to_string()),
            Some(Data::Float(number)) if number.fract() == 0.0 && number.abs() < 1e15 => {
                Ok(format!("{number:.0}"))
            }
            Some(Data::Error(_)) => Err("shows an error; write a text"),
            Some(_) => {
                Err("is a date, a truth value or a broken number; format the cell as text and write it again")
            }
        }
    }
}

/// `F12` for the row 11 and the column 5.
fn cell_name(row: u32, column: u32) -> String {
    let mut name = String::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        name.insert(0, char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    format!("{name}{}", row + 1)
}
