//! What was understood of a source: kinds, headers, columns, rows, and what should be looked at.

use std::fmt;

use serde::Serialize;

use crate::record::{Place, RecordKind};

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// `ndjson`, `markdown`, `csv` or `xlsx`.
    pub format: &'static str,
    /// The encoding of a text table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// What stands between the cells of a text table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<&'static str>,
    /// How many records came out of it.
    pub records: usize,
    /// The sheets of a table, one entry for each kind in a sheet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<SheetReport>,
}

/// The rows of one kind in a sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SheetReport {
    /// The sheet's name; empty in a text table.
    pub sheet: String,
    /// What its rows are; absent if it was passed over.
    pub kind: Option<RecordKind>,
    /// By what that was known: `kind column`, `sheet name`, `file name` or `columns`.
    pub known_by: &'static str,
    /// The row of the header, from 1; 0 if there is none.
    pub header_row: usize,
    /// Its columns.
    pub columns: Vec<ColumnReport>,
    /// Rows that were read.
    pub rows: usize,
    /// Records that came of them: rows of one order, or of one merged answer, are one record.
    pub records: usize,
    /// Rows without anything in them.
    pub empty_rows: usize,
    /// Rows that are one wide merged cell.
    pub heading_rows: usize,
    /// Why it was passed over; absent if it was not.
    pub passed_over: Option<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnReport {
    /// Its letter.
    pub column: String,
    /// Its header, as it stands there.
    pub header: String,
    /// The field it became; for columns kept as they are the place where they are kept; absent if it was left out.
    pub field: Option<String>,
    /// Whether the dictionary knows it.
    pub known: bool,
}

/// Something that was taken and should be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file.
    pub source: String,
    /// The line, from 1; 0 if it is not known.
    pub line: usize,
    /// Sheet and cell, in a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What there is.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)?;
        match &self.place {
            Some(place) => write!(formatter, ":{place}")?,
            None if self.line > 0 => write!(formatter, ":{}", self.line)?,
            None => {}
        }
        write!(formatter, ": {}", self.message)
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details: Vec<&str> =
            [Some(self.format), self.encoding, self.delimiter].into_iter().flatten().collect();
        write!(formatter, "{} ({}): {} records", self.file, details.join(", "), self.records)?;
        self.sheets.iter().try_for_each(|sheet| write!(formatter, "\n{sheet}"))
    }
}

impl fmt::Display for SheetReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.sheet.is_empty() { "rows".to_owned() } else { format!("sheet {}", self.sheet) };
        if let Some(reason) = &self.passed_over {
            return write!(formatter, "  {name}: passed over, {reason}");
        }
        let kind = self.kind.map_or("", RecordKind::as_str);
        write!(
            formatter,
            "  {name}: {kind} (by its {}), header in row {}, {} rows read, {} records",
            self.known_by, self.header_row, self.rows, self.records
        )?;
        for (count, what) in [(self.empty_rows, "empty"), (self.heading_rows, "headings")] {
            if count > 0 {
                write!(formatter, ", {count} {what} skipped")?;
            }
        }
        for column in self.columns.iter().filter(|column| column.known) {
            let field = column.field.as_deref().unwrap_or_default();
            write!(formatter, "\n    {} {} → {field}", column.column, column.header)?;
        }
        let kept: Vec<String> = self
            .columns
            .iter()
            .filter(|column| !column.known && column.field.is_some())
            .map(|column| format!("{} {}", column.column, column.header))
            .collect();
        if !kept.is_empty() {
            write!(formatter, "\n    kept as they are: {}", kept.join(", "))?;
        }
        let left: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| column.field.is_none())
            .map(|column| column.column.as_str())
            .collect();
        if !left.is_empty() {
            write!(formatter, "\n    left out, without a header: {}", left.join(", "))?;
        }
        Ok(())
    }
}
