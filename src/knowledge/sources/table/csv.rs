//! CSV as exported by shops: encoding and delimiter are found out, quotes must balance, the last line must be whole.

use csv::ReaderBuilder;

use super::encoding::decode;
use super::sheet::{Cell, CellValue, Row, Sheet};
use crate::record::{FaultCode, LineFault, Place};

/// What may stand between cells, the likeliest first.
const DELIMITERS: [(u8, &str); 3] = [(b',', "comma"), (b'\t', "tab"), (b';', "semicolon")];
/// How many rows are looked at to find the delimiter.
const SAMPLE_ROWS: usize = 20;
/// More columns than this are no table of a shop but a wrong delimiter.
pub(super) const MOST_COLUMNS: usize = 512;

/// A read file.
#[derive(Debug)]
pub(super) struct CsvFile {
    /// Its only sheet, without a name.
    pub sheet: Sheet,
    /// The encoding it was in.
    pub encoding: &'static str,
    /// The delimiter, in words.
    pub delimiter: &'static str,
}

/// Reads a file. `source` is its name for faults.
///
/// # Errors
/// Encoding, quotes, too many columns, a last line that was not written to its end.
pub(super) fn read_csv(bytes: &[u8], source: &str) -> Result<CsvFile, Vec<LineFault>> {
    let fault = |line: usize, row: usize, message: String| {
        let place = (row > 0).then(|| Place { sheet: String::new(), cell: row.to_string() });
        let (field, source) = (String::new(), source.to_owned());
        vec![LineFault { line, field, code: FaultCode::ImpossibleValue, message, source, place }]
    };
    let decoded = decode(bytes).map_err(|bad| fault(bad.line, 0, bad.message))?;
    let text = decoded.text;
    let (delimiter, name) = find_delimiter(&text);
    if let Some(line) = unbalanced_quote(&text, delimiter) {
        let message = "a quotation mark is opened here and not closed where the cell ends; write \"\" for one \
                       inside a cell, or export the file again";
        return Err(fault(line, 0, message.into()));
    }
    let mut rows = Vec::new();
    let mut widths: Vec<usize> = Vec::new();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| fault(0, index + 1, error.to_string()))?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        if record.len() > MOST_COLUMNS {
            let message = format!("{} columns, more than the {MOST_COLUMNS} a table may have", record.len());
            return Err(fault(line, index + 1, message));
        }
        widths.push(record.len());
        rows.push(Row::new(index + 1, line, record.iter().map(read_cell).collect()));
    }
    if let Some(message) = half_written(&text, &widths) {
        let last = rows.last().map_or((0, 0), |row| (row.line, row.number));
        return Err(fault(last.0, last.1, message));
    }
    Ok(CsvFile { sheet: Sheet { name: String::new(), rows }, encoding: decoded.encoding, delimiter: name })
}

fn read_cell(text: &str) -> Cell {
    let text = text.trim();
    // `="0012"` is how programs tell Excel that digits are text.
    let text = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    Cell::plain(if text.is_empty() { CellValue::Empty } else { CellValue::Text(text.to_owned()) })
}

/// The delimiter by which the first rows have the same number of cells most often.
fn find_delimiter(text: &str) -> (u8, &'static str) {
    let mut best = (DELIMITERS[0], 0_usize);
    for candidate in DELIMITERS {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(candidate.0)
            .from_reader(text.as_bytes());
        let widths: Vec<usize> =
            reader.records().take(SAMPLE_ROWS).filter_map(Result::ok).map(|record| record.len()).collect();
        let alike = |width: usize| widths.iter().filter(|other| **other == width).count();
        let score = widths.iter().filter(|width| **width > 1).map(|width| alike(*width) * 100 + width).max();
        if score.unwrap_or(0) > best.1 {
            best = (candidate, score.unwrap_or(0));
        }
    }
    best.0
}

/// The line of the first quotation mark that opens a cell and does not close it properly.
fn unbalanced_quote(text: &str, delimiter: u8) -> Option<usize> {
    #[derive(PartialEq)]
    enum At {
        Start,
        Bare,
        Quoted,
        Closed,
    }
    let (mut at, mut line, mut opened) = (At::Start, 1, 1);
    for byte in text.bytes() {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, b'\n' | b'\r') => At::Start,
            (_, other) if other == delimiter => At::Start,
            (At::Start, b'"') => {
                opened = line;
                At::Quoted
            }
            (At::Closed, b'"') => At::Quoted,
            (At::Closed, b' ') => At::Closed,
            (At::Closed, _) => return Some(opened),
            (At::Start | At::Bare, _) => At::Bare,
        };
        line += usize::from(byte == b'\n');
    }
    (at == At::Quoted).then_some(opened)
}

/// A last line without a line end and with fewer cells than all others was cut off.
fn half_written(text: &str, widths: &[usize]) -> Option<String> {
    let (last, others) = widths.split_last()?;
    let usual = *others.iter().max()?;
    if text.ends_with(['\n', '\r']) || *last >= usual {
        return None;
    }
    Some(format!(
        "the last line has {last} of {usual} cells and no line end; the file was not written to its end, export it again"
    ))
}
