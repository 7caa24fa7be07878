//! How a file of records is read: one JSON object a line, every fault named by its line.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::{FaultCode, FieldFault};
use super::{Record, RecordKind};

/// The largest import that is taken at once.
pub const MAX_IMPORT_BYTES: usize = 64 * 1024 * 1024;

/// Where in a table something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The sheet; empty in files that have only one.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub sheet: String,
    /// The cell, as `C7`, or the row alone.
    pub cell: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sheet.is_empty() {
            write!(formatter, "{}!", self.sheet)?;
        }
        formatter.write_str(&self.cell)
    }
}

/// A fault in a line of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFault {
    /// The line, from 1; 0 if it is the whole text.
    pub line: usize,
    /// The field; empty if it is the whole line.
    pub field: String,
    /// The stable code.
    pub code: FaultCode,
    /// What is wrong.
    pub message: String,
    /// The file, if there is one.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub source: String,
    /// Sheet and cell, if it is a table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<Place>,
}

impl fmt::Display for LineFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            write!(formatter, "{}:", self.source)?;
        }
        match &self.place {
            Some(place) => write!(formatter, "{place}: ")?,
            None => write!(formatter, "{}: ", self.line)?,
        }
        if !self.field.is_empty() {
            write!(formatter, "`{}`: ", self.field)?;
        }
        formatter.write_str(&self.message)
    }
}

/// Reads a whole import. `source` is the file's name for faults, or empty.
///
/// A byte-order mark, blank lines and both kinds of line end are fine. A record that stands there twice is a
/// fault, because it would not be clear which one is meant.
///
/// # Errors
/// Every fault of every line.
pub fn parse_ndjson(bytes: &[u8], source: &str) -> Result<Vec<Record>, Vec<LineFault>> {
    Ok(parse_numbered_ndjson(bytes, source)?.into_iter().map(|(_, record)| record).collect())
}

/// Reads a whole import like [`parse_ndjson`] and keeps the line of each record, from 1.
///
/// # Errors
/// Every fault of every line.
pub fn parse_numbered_ndjson(bytes: &[u8], source: &str) -> Result<Vec<(usize, Record)>, Vec<LineFault>> {
    if bytes.len() > MAX_IMPORT_BYTES {
        let message =
            format!("an import may have at most {MAX_IMPORT_BYTES} bytes, this one has {}", bytes.len());
        return Err(vec![fault(0, FieldFault::new("", FaultCode::TooLarge, message), source)]);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = Vec::new();
    let mut faults = Vec::new();
    let mut seen: HashMap<(RecordKind, String), usize> = HashMap::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        match parse_line(line) {
            Ok(None) => {}
            Ok(Some(record)) => {
                if let Some(first) = seen.insert((record.kind, record.id.clone()), number) {
                    let message = format!("`{}:{}` stands in line {first} already", record.kind, record.id);
                    faults.push(fault(
                        number,
                        FieldFault::new("id", FaultCode::ImpossibleValue, message),
                        source,
                    ));
                }
                records.push((number, record));
            }
            Err(found) => faults.extend(found.into_iter().map(|one| fault(number, one, source))),
        }
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

fn parse_line(line: &[u8]) -> Result<Option<Record>, Vec<FieldFault>> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let message = format!("the line is not UTF-8 ({error}); save the file as UTF-8");
        vec![FieldFault::new("", FaultCode::InvalidJson, message)]
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Record::parse(text).map(Some)
}

fn fault(line: usize, fault: FieldFault, source: &str) -> LineFault {
    LineFault {
        line,
        field: fault.field,
        code: fault.code,
        message: fault.message,
        source: source.to_owned(),
        place: None,
    }
}
