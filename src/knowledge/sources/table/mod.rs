//! Tables as records: sheets of a workbook or a CSV file, read by the names of their columns.

mod columns;
mod csv;
mod dates;
mod encoding;
mod header;
mod path;
mod rows;
mod sheet;
mod values;
mod xlsx;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::report::{FileReport, SheetReport, Warning};
use super::{FileName, FileRecords, Origin};
use crate::record::{FaultCode, LineFault, Place, RecordKind};

pub use columns::Columns;

use self::header::{Header, Mapping, NoHeader, find_header};
use self::rows::{CellFault, Draft, kind_of_row, read_row};
use self::sheet::{Row, Sheet, cell_name};

/// So many faults of one sheet are told; a sheet with more has one cause.
const MOST_FAULTS: usize = 200;

/// Reads a CSV file.
///
/// # Errors
/// Every fault, by line and cell.
pub(super) fn read_csv_file(
    bytes: &[u8],
    file: &FileName<'_>,
    columns: &Columns,
) -> Result<FileRecords, Vec<LineFault>> {
    let read = csv::read_csv(bytes, file.shown)?;
    let mut found = read_sheets(&[read.sheet], file, columns)?;
    found.report = FileReport {
        format: "csv",
        encoding: Some(read.encoding),
        delimiter: Some(read.delimiter),
        ..found.report
    };
    Ok(found)
}

/// Reads a workbook.
///
/// # Errors
/// Every fault, by sheet and cell.
pub(super) fn read_xlsx_file(
    bytes: &[u8],
    file: &FileName<'_>,
    columns: &Columns,
) -> Result<FileRecords, Vec<LineFault>> {
    let workbook = xlsx::read_xlsx(bytes).map_err(|message| vec![file.fault(message)])?;
    let mut found = read_sheets(&workbook.sheets, file, columns)?;
    found.report.format = "xlsx";
    found.report.sheets.extend(workbook.hidden.into_iter().map(|sheet| SheetReport {
        sheet,
        passed_over: Some("it is hidden".into()),
        ..SheetReport::default()
    }));
    Ok(found)
}

fn read_sheets(
    sheets: &[Sheet],
    file: &FileName<'_>,
    columns: &Columns,
) -> Result<FileRecords, Vec<LineFault>> {
    let mut found = FileRecords::default();
    let mut faults = Vec::new();
    for sheet in sheets {
        let header = find_header(sheet, file.stem(), columns);
        let mut reading = Reading { sheet, file, columns, found: &mut found, faults: Vec::new() };
        match &header {
            Ok(header) => reading.read(header),
            Err(NoHeader::PassOver(reason)) => reading.found.report.sheets.push(SheetReport {
                sheet: sheet.name.clone(),
                passed_over: Some(reason.clone()),
                ..SheetReport::default()
            }),
            Err(NoHeader::Lacks { row, kind, field, name }) => {
                let message = format!(
                    "the name says these are records of kind {kind}, but there is no column for it; call it `{name}`"
                );
                let (line, cell, field) = (*row, row.to_string(), field.clone());
                reading.fail(vec![CellFault { line, cell, field, code: FaultCode::Missing, message }]);
            }
        }
        faults.append(&mut reading.faults);
    }
    if faults.is_empty() && found.report.sheets.iter().all(|sheet| sheet.kind.is_none()) {
        let message = "no table was found in it: a header needs at least two column names that are known, such as \
                       标题 and 价格, or 问题 and 答案; further names can be given in columns.yaml";
        faults.push(file.fault(message.to_owned()));
    }
    found.report.file = file.shown.to_owned();
    found.report.records = found.records.len();
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// A sheet that is being read.
struct Reading<'a> {
    sheet: &'a Sheet,
    file: &'a FileName<'a>,
    columns: &'a Columns,
    found: &'a mut FileRecords,
    faults: Vec<LineFault>,
}

/// A row of a text file with more cells than its header has a delimiter or a quotation mark inside a cell.
fn too_wide(row: &Row, width: usize) -> CellFault {
    CellFault {
        line: row.line,
        cell: cell_name(width, row.number),
        field: String::new(),
        code: FaultCode::ImpossibleValue,
        message: format!(
            "the row has {} cells, the header has {width}; put cells that hold a delimiter in quotation marks",
            row.width()
        ),
    }
}

/// What is known of a sheet so far.
struct Progress<'a> {
    header: &'a Header,
    header_row: &'a Row,
    /// The rows below the header.
    rows: &'a [Row],
    mappings: HashMap<RecordKind, Mapping<'a>>,
    reports: Vec<SheetReport>,
    drafts: Vec<Draft>,
}

impl<'a> Reading<'a> {
    fn read(&mut self, header: &'a Header) {
        let (above, rows) = self.sheet.rows.split_at(header.row + 1);
        let Some(header_row) = above.last() else { return };
        let (mappings, reports, drafts) = (HashMap::new(), Vec::new(), Vec::new());
        let mut progress = Progress { header, header_row, rows, mappings, reports, drafts };
        let (mut empty_rows, mut heading_rows) = (0, 0);
        // The kind of the sheet is reported even if it has no rows.
        if let Some(kind) = header.kind {
            self.prepare(kind, &mut progress);
        }
        for row in rows {
            if self.faults.len() >= MOST_FAULTS {
                break;
            }
            match row {
                row if row.is_empty() => empty_rows += 1,
                row if row.is_heading => heading_rows += 1,
                row => self.take(row, &mut progress),
            }
        }
        if let Some(first) = progress.reports.first_mut() {
            (first.empty_rows, first.heading_rows) = (empty_rows, heading_rows);
        }
        let mut used: HashMap<String, usize> = HashMap::new();
        for draft in std::mem::take(&mut progress.drafts) {
            self.finish(draft, &mut used, &mut progress);
        }
        self.found.report.sheets.append(&mut progress.reports);
    }

    /// Maps the columns for a kind, once.
    fn prepare(&self, kind: RecordKind, progress: &mut Progress<'a>) {
        if let Some(known) = self.columns.of(kind).filter(|_| !progress.mappings.contains_key(&kind)) {
            let mapping = Mapping::new(progress.header_row, progress.rows, known);
            progress.reports.push(self.new_report(progress, &mapping));
            progress.mappings.insert(kind, mapping);
        }
    }

    fn take(&mut self, row: &Row, progress: &mut Progress<'a>) {
        let kind = match (progress.header.kind, progress.header.kind_column) {
            (Some(kind), _) => Ok(kind),
            (None, column) => kind_of_row(row, column.unwrap_or_default(), self.columns),
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(fault) => return self.fail(vec![fault]),
        };
        if self.sheet.name.is_empty() && row.width() > progress.header_row.cells.len() {
            return self.fail(vec![too_wide(row, progress.header_row.cells.len())]);
        }
        self.prepare(kind, progress);
        let Some(mapping) = progress.mappings.get(&kind) else { return };
        if let Some(report) = progress.reports.iter_mut().find(|report| report.kind == Some(kind)) {
            report.rows += 1;
        }
        match read_row(row, mapping, self.columns) {
            Ok(draft) => self.add(draft, &mut progress.drafts),
            Err(found) => self.fail(found),
        }
    }

    fn new_report(&self, progress: &Progress<'_>, mapping: &Mapping<'_>) -> SheetReport {
        SheetReport {
            sheet: self.sheet.name.clone(),
            kind: Some(mapping.kind.kind),
            known_by: progress.header.known_by,
            header_row: progress.header_row.number,
            columns: mapping.report(progress.rows),
            ..SheetReport::default()
        }
    }

    /// Takes a row, or adds it to the one above that it belongs to.
    fn add(&mut self, draft: Draft, drafts: &mut Vec<Draft>) {
        match drafts.last_mut().filter(|last| draft.belongs_to(last)) {
            Some(last) => {
                if let Err(faults) = last.join(draft) {
                    self.fail(faults);
                }
            }
            None => drafts.push(draft),
        }
    }

    fn finish(&mut self, draft: Draft, used: &mut HashMap<String, usize>, progress: &mut Progress<'_>) {
        let kind = draft.kind();
        let Some(mapping) = progress.mappings.get(&kind) else { return };
        let sheet = if self.sheet.name.is_empty() { String::new() } else { format!("{}/", self.sheet.name) };
        let stem = format!("{}#{sheet}", self.file.relative);
        let origin = Origin {
            file: self.file.shown.to_owned(),
            line: draft.line,
            place: Some(self.place(draft.row.to_string())),
        };
        for (cell, message) in &draft.remarks {
            let place = Some(self.place(cell.clone()));
            let (source, line, message) = (self.file.shown.to_owned(), draft.line, message.clone());
            self.found.warnings.push(Warning { source, line, place, message });
        }
        match draft.finish(&stem, used, mapping) {
            Ok(record) => {
                if let Some(report) = progress.reports.iter_mut().find(|report| report.kind == Some(kind)) {
                    report.records += 1;
                }
                self.found.records.push((record, origin));
            }
            Err(faults) => self.fail(faults),
        }
    }

    fn place(&self, cell: String) -> Place {
        Place { sheet: self.sheet.name.clone(), cell }
    }

    fn fail(&mut self, faults: Vec<CellFault>) {
        for fault in faults {
            if self.faults.len() > MOST_FAULTS {
                return;
            }
            let place = Some(self.place(fault.cell));
            let source = self.file.shown.to_owned();
            let (line, field, code, message) = (fault.line, fault.field, fault.code, fault.message);
            self.faults.push(LineFault { line, field, code, message, source, place });
        }
    }
}
