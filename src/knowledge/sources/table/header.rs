//! Where does a table begin, of what kind are its rows, and which column is which field?

use std::collections::HashSet;

use super::columns::{Columns, KindColumns, Read, header_key};
use super::sheet::{Row, Sheet, column_name};
use super::values::{fold, text_of};
use crate::knowledge::sources::report::ColumnReport;
use crate::record::RecordKind;

/// Above the header stand a title, a date, a remark; not more than this.
pub(super) const HEADER_ROWS: usize = 10;
/// A row with fewer known names is no header.
const FEWEST_KNOWN: usize = 2;

/// The header of a sheet.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// Its index among the rows.
    pub row: usize,
    /// What the rows are; none if each says so itself.
    pub kind: Option<RecordKind>,
    /// The column in which rows say what they are.
    pub kind_column: Option<usize>,
    /// By what the kind is known, for the report.
    pub known_by: &'static str,
}

/// A sheet without a header that can be used.
#[derive(Debug, PartialEq)]
pub(super) enum NoHeader {
    /// It is no table of records.
    PassOver(String),
    /// It is one, and lacks a column.
    Lacks {
        /// The row that was taken for the header, from 1.
        row: usize,
        /// The kind that its name says.
        kind: RecordKind,
        /// The missing field.
        field: String,
        /// How its column may be called.
        name: String,
    },
}

/// Finds the header: the first of the first ten rows in which enough cells are known names.
pub(super) fn find_header(sheet: &Sheet, file_name: &str, columns: &Columns) -> Result<Header, NoHeader> {
    let (named, known_by) = kinds_by_name(sheet, file_name, columns);
    for (index, row) in sheet.rows.iter().enumerate().take(HEADER_ROWS) {
        let headers = headers_of(row);
        if let Some(column) = headers.iter().position(|header| is_kind_header(header))
            && headers.iter().filter(|header| !header.is_empty()).count() > 1
        {
            return Ok(Header { row: index, kind: None, kind_column: Some(column), known_by: "kind column" });
        }
        let fitting = || columns.kinds.iter().filter(|kind| fits(kind, &headers));
        let of_name = best(fitting().filter(|kind| named.contains(&kind.kind)), &headers);
        let found =
            of_name.map(|kind| (kind, known_by)).or_else(|| Some((best(fitting(), &headers)?, "columns")));
        if let Some((kind, known_by)) = found {
            return Ok(Header { row: index, kind: Some(kind), kind_column: None, known_by });
        }
    }
    Err(lacking(sheet, &named, columns))
}

/// The kinds that the sheet's name says; those of the file's name if it says none.
fn kinds_by_name(sheet: &Sheet, file_name: &str, columns: &Columns) -> (Vec<RecordKind>, &'static str) {
    for (name, known_by) in [(sheet.name.as_str(), "sheet name"), (file_name, "file name")] {
        let key = header_key(name);
        let says = |kind: &&KindColumns| kind.sheets.iter().any(|word| key.contains(word.as_str()));
        let found: Vec<RecordKind> = columns.kinds.iter().filter(says).map(|kind| kind.kind).collect();
        if !found.is_empty() {
            return (found, known_by);
        }
    }
    (Vec::new(), "columns")
}

/// The texts of a row.
pub(super) fn headers_of(row: &Row) -> Vec<String> {
    let text = |cell: &super::sheet::Cell| {
        text_of(&cell.value).map(|text| text.replace('\n', " ")).unwrap_or_default()
    };
    row.cells.iter().map(text).collect()
}

fn is_kind_header(header: &str) -> bool {
    matches!(header_key(header).as_str(), "kind" | "记录类型" | "recordkind")
}

fn known(kind: &KindColumns, headers: &[String]) -> HashSet<usize> {
    headers.iter().filter_map(|header| kind.field(header)).collect()
}

fn missing<'a>(kind: &'a KindColumns, known: &HashSet<usize>) -> Option<&'a String> {
    kind.needs.iter().find(|need| !known.iter().any(|index| kind.fields[*index].to == **need))
}

fn fits(kind: &KindColumns, headers: &[String]) -> bool {
    let known = known(kind, headers);
    let filled: HashSet<&String> = headers.iter().filter(|header| !header.is_empty()).collect();
    known.len() >= FEWEST_KNOWN && known.len() * 3 >= filled.len() && missing(kind, &known).is_none()
}

/// The kind that knows most of the columns; of several the one that stands first in the dictionary.
fn best<'a>(kinds: impl Iterator<Item = &'a KindColumns>, headers: &[String]) -> Option<RecordKind> {
    let mut found: Option<(usize, RecordKind)> = None;
    for kind in kinds {
        let count = known(kind, headers).len();
        if found.is_none_or(|(most, _)| count > most) {
            found = Some((count, kind.kind));
        }
    }
    found.map(|(_, kind)| kind)
}

/// Why there is no header: a sheet whose name says what it is must not be passed over in silence.
fn lacking(sheet: &Sheet, named: &[RecordKind], columns: &Columns) -> NoHeader {
    for row in sheet.rows.iter().take(HEADER_ROWS) {
        let headers = headers_of(row);
        for kind in columns.kinds.iter().filter(|kind| named.contains(&kind.kind)) {
            let known = known(kind, &headers);
            if known.len() < FEWEST_KNOWN {
                continue;
            }
            if let Some(need) = missing(kind, &known) {
                let name =
                    kind.fields.iter().find(|field| field.to == *need).map(|field| field.first_name.clone());
                let name = name.unwrap_or_default();
                return NoHeader::Lacks { row: row.number, kind: kind.kind, field: need.clone(), name };
            }
        }
    }
    if sheet.rows.iter().all(Row::is_empty) {
        return NoHeader::PassOver("it is empty".into());
    }
    NoHeader::PassOver(format!("none of its first {HEADER_ROWS} rows is a header with names that are known"))
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// A field of the dictionary, by its index.
    Field(usize),
    /// A field of the column's own name.
    Own(String),
    /// An attribute of the column's own name.
    Attribute(String),
    /// It says the kind.
    Kind,
    /// It has no header.
    Nameless,
}

/// The columns of a sheet for one kind.
#[derive(Debug)]
pub(super) struct Mapping<'a> {
    /// The kind's dictionary.
    pub kind: &'a KindColumns,
    /// What becomes of each column.
    pub targets: Vec<Target>,
    headers: Vec<String>,
}

impl<'a> Mapping<'a> {
    /// Maps the columns of a header, and those without one that hold something in the rows below.
    pub fn new(header: &Row, rows: &[Row], kind: &'a KindColumns) -> Self {
        let mut headers = headers_of(header);
        let width = rows.iter().map(Row::width).max().unwrap_or(0);
        headers.resize(width.max(headers.len()), String::new());
        let fields: Vec<Option<usize>> = headers.iter().map(|header| kind.field(header)).collect();
        let has = |path: &str| fields.iter().flatten().any(|index| kind.fields[*index].to == path);
        let has_skus = has("skus[].id");
        let mut taken: HashSet<usize> = HashSet::new();
        let mut names: HashSet<String> = HashSet::new();
        let mut targets = Vec::with_capacity(headers.len());
        for (column, header) in headers.iter().enumerate() {
            let usable = fields[column].filter(|index| {
                let field = &kind.fields[*index];
                let repeats = matches!(field.read, Read::Texts | Read::Ids);
                (has_skus || !field.to.starts_with("skus[]")) && (repeats || !taken.contains(index))
            });
            targets.push(match usable {
                Some(index) => {
                    taken.insert(index);
                    Target::Field(index)
                }
                None if header.is_empty() => Target::Nameless,
                None if is_kind_header(header) => Target::Kind,
                None => own_name(header, column, kind, &mut names),
            });
        }
        Self { kind, targets, headers }
    }

    /// The columns for the report. Nameless ones are told only if something stands below them.
    pub fn report(&self, rows: &[Row]) -> Vec<ColumnReport> {
        let filled = |column: usize| {
            rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| !cell.value.is_empty()))
        };
        let columns = self.targets.iter().enumerate().filter(|(column, target)| match target {
            Target::Kind => false,
            Target::Nameless => filled(*column),
            _ => true,
        });
        columns
            .map(|(column, target)| ColumnReport {
                column: column_name(column),
                header: self.headers[column].clone(),
                field: match target {
                    Target::Field(index) => Some(self.kind.fields[*index].to.clone()),
                    Target::Own(name) => Some(name.clone()),
                    Target::Attribute(name) => Some(format!("attributes.{name}")),
                    Target::Kind | Target::Nameless => None,
                },
                known: matches!(target, Target::Field(_)),
            })
            .collect()
    }
}

/// A column nobody knows keeps its name; a second one of the same name gets its letter, too.
fn own_name(header: &str, column: usize, kind: &KindColumns, names: &mut HashSet<String>) -> Target {
    let mut name = fold(header);
    // A column that was not taken for its field, because another was, must not overwrite it.
    let clashes = kind.fields.iter().any(|field| field.to == name)
        || matches!(name.as_str(), "kind" | "id" | "attributes");
    if clashes || !names.insert(name.clone()) {
        name = format!("{name} ({})", column_name(column));
        names.insert(name.clone());
    }
    if kind.into_attributes { Target::Attribute(name) } else { Target::Own(name) }
}
