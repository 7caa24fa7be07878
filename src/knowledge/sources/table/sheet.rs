//! What is a table before anybody knows what it means? Rows of cells, with the places where they stand.

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum CellValue {
    /// Nothing.
    #[default]
    Empty,
    /// A text, as it stands there.
    Text(String),
    /// A number.
    Number(f64),
    /// A date or time of a workbook, already written as records write it.
    Time(String),
    /// True or false.
    Flag(bool),
    /// Something that cannot be taken, with the reason.
    Bad(String),
}

impl CellValue {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Cell {
    /// What it holds.
    pub value: CellValue,
    /// Whether it belongs to a merged region that begins in an upper row.
    pub from_above: bool,
}

impl Cell {
    /// A cell of its own.
    pub fn plain(value: CellValue) -> Self {
        Self { value, from_above: false }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its number as spreadsheets show it, from 1.
    pub number: usize,
    /// The line of the file at which it begins; the number itself in workbooks.
    pub line: usize,
    /// Its cells from the first column on.
    pub cells: Vec<Cell>,
    /// Whether it is one wide merged cell: a heading between rows.
    pub is_heading: bool,
}

impl Row {
    /// An ordinary row.
    pub fn new(number: usize, line: usize, cells: Vec<Cell>) -> Self {
        Self { number, line, cells, is_heading: false }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.width() == 0
    }

    /// How many cells it has up to the last one that holds something.
    pub fn width(&self) -> usize {
        self.cells.iter().rposition(|cell| !cell.value.is_empty()).map_or(0, |last| last + 1)
    }
}

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    /// Its name; empty for files that have only one.
    pub name: String,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// The name of a column, from 0: A, B, … Z, AA.
pub(super) fn column_name(column: usize) -> String {
    let mut name = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = (rest - 1) % 26;
        name.push(char::from(b'A' + digit as u8));
        rest = (rest - 1) / 26;
    }
    name.iter().rev().collect()
}

/// The name of a cell: column from 0, row from 1.
pub(super) fn cell_name(column: usize, row: usize) -> String {
    format!("{}{row}", column_name(column))
}
