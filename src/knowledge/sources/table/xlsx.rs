//! Workbooks: is one safe to open, and what stands in its visible sheets? Merged cells count in every cell of their
//! region, errors of formulas are kept as such.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsx, open_workbook_from_rs};

use super::csv::MOST_COLUMNS;
use super::dates::from_workbook;
use super::sheet::{Cell, CellValue, Row, Sheet};

/// A workbook has one entry a sheet and a dozen more.
const MOST_ENTRIES: usize = 2_000;
/// What all entries may have together when they are unpacked, in bytes.
const MOST_UNPACKED: u64 = 512 * 1024 * 1024;
/// Cells with a value in one workbook, those that merged regions add included.
const MOST_CELLS: usize = 5_000_000;

/// A read workbook.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    /// Its visible sheets.
    pub sheets: Vec<Sheet>,
    /// The names of sheets that nobody sees.
    pub hidden: Vec<String>,
}

/// Reads a workbook.
///
/// # Errors
/// It is none, is damaged, or unpacks to more than it may.
pub(super) fn read_xlsx(bytes: &[u8]) -> Result<Workbook, String> {
    check_archive(bytes, MOST_UNPACKED)?;
    // The parser is not ours and has invariants that a forged file can break; nothing of it outlives the call.
    catch_unwind(AssertUnwindSafe(|| read_workbook(bytes))).unwrap_or_else(|_| {
        Err("the workbook is damaged; open it in a spreadsheet program and save it again".into())
    })
}

/// Unpacks every entry once and counts, because sizes in an archive are claims.
pub(super) fn check_archive(bytes: &[u8], most_unpacked: u64) -> Result<(), String> {
    let damaged = |error: &dyn std::fmt::Display| {
        format!(
            "this is no whole workbook ({error}); save it again as .xlsx (an old .xls must be saved as .xlsx, too)"
        )
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MOST_ENTRIES {
        return Err(format!("the workbook has {} parts; at most {MOST_ENTRIES} are taken", archive.len()));
    }
    let mut left = most_unpacked;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let too_large = || {
            let most = most_unpacked / 1024 / 1024;
            format!("the workbook unpacks to more than {most} MB; split it, or save the sheets as CSV")
        };
        if entry.size() > left {
            return Err(too_large());
        }
        let read = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink())
            .map_err(|error| damaged(&error))?;
        left = left.checked_sub(read).ok_or_else(too_large)?;
    }
    Ok(())
}

fn read_workbook(bytes: &[u8]) -> Result<Workbook, String> {
    let damaged =
        |error: calamine::XlsxError| format!("the workbook cannot be read ({error}); save it again as .xlsx");
    let mut file: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    let mut workbook = Workbook::default();
    let mut left = MOST_CELLS;
    for sheet in file.sheets_metadata().to_vec() {
        if sheet.typ != SheetType::WorkSheet {
            continue;
        }
        if sheet.visible != SheetVisible::Visible {
            workbook.hidden.push(sheet.name);
            continue;
        }
        let regions = file.merge_cells_by_sheet_name(&sheet.name).map_err(damaged)?;
        let mut rows = read_rows(&mut file, &sheet.name, &mut left)?;
        let headings = find_headings(&rows, &regions);
        spread(&mut rows, &regions, &mut left)?;
        let rows = rows.into_iter().map(|(number, cells)| {
            let number = number as usize + 1;
            let is_heading = headings.contains(&number);
            Row { number, line: number, cells: in_order(cells), is_heading }
        });
        workbook.sheets.push(Sheet { name: sheet.name, rows: rows.collect() });
    }
    Ok(workbook)
}

/// Rows with the columns that hold something: a sheet may claim a corner a billion cells away.
type Sparse = BTreeMap<u32, BTreeMap<u32, Cell>>;

fn read_rows<R: Read + std::io::Seek>(
    file: &mut Xlsx<R>,
    sheet: &str,
    left: &mut usize,
) -> Result<Sparse, String> {
    let damaged = |error: calamine::XlsxError| {
        format!("sheet `{sheet}` cannot be read ({error}); save the workbook again as .xlsx")
    };
    let mut rows = Sparse::new();
    let mut reader = file.worksheet_cells_reader(sheet).map_err(damaged)?;
    while let Some(cell) = reader.next_cell_with_formula().map_err(damaged)? {
        let value = match (value_of(&cell.value), &cell.formula) {
            (CellValue::Empty, Some(formula))
                if !formula.is_empty() && matches!(cell.value, DataRef::Empty) =>
            {
                CellValue::Bad(format!(
                    "the formula `={formula}` was never calculated; open the workbook, let it calculate, save it"
                ))
            }
            (value, _) => value,
        };
        if value.is_empty() {
            continue;
        }
        if cell.pos.1 as usize >= MOST_COLUMNS {
            let name = super::sheet::cell_name(cell.pos.1 as usize, cell.pos.0 as usize + 1);
            return Err(format!(
                "sheet `{sheet}` has a value in {name}; at most {MOST_COLUMNS} columns are taken"
            ));
        }
        take_one(left)?;
        rows.entry(cell.pos.0).or_default().insert(cell.pos.1, Cell::plain(value));
    }
    Ok(rows)
}

fn take_one(left: &mut usize) -> Result<(), String> {
    *left = left.checked_sub(1).ok_or_else(|| {
        format!("the workbook has more than {MOST_CELLS} cells; split it, or save the sheets as CSV")
    })?;
    Ok(())
}

fn value_of(value: &DataRef<'_>) -> CellValue {
    match value {
        DataRef::Empty => CellValue::Empty,
        DataRef::Int(number) => CellValue::Number(*number as f64),
        DataRef::Float(number) => CellValue::Number(*number),
        DataRef::String(text) => CellValue::Text(text.clone()),
        DataRef::SharedString(text) => CellValue::Text((*text).to_owned()),
        DataRef::Bool(flag) => CellValue::Flag(*flag),
        DataRef::DateTime(time) => from_workbook(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => CellValue::Text(text.clone()),
        DataRef::Error(error) => CellValue::Bad(format!(
            "the cell shows the error {error}; correct its formula or write the value"
        )),
    }
}

/// Rows that hold only one cell, merged over several columns: titles and headings between rows.
fn find_headings(rows: &Sparse, regions: &[Dimensions]) -> BTreeSet<usize> {
    let wide =
        regions.iter().filter(|region| region.start.0 == region.end.0 && region.start.1 < region.end.1);
    wide.filter(|region| {
        rows.get(&region.start.0).is_some_and(|cells| cells.len() == 1 && cells.contains_key(&region.start.1))
    })
    .map(|region| region.start.0 as usize + 1)
    .collect()
}

/// Gives every cell of a merged region the value of its first one, in rows that hold something of their own.
fn spread(rows: &mut Sparse, regions: &[Dimensions], left: &mut usize) -> Result<(), String> {
    for region in regions {
        let first = rows.get(&region.start.0).and_then(|row| row.get(&region.start.1)).cloned();
        let Some(first) = first else { continue };
        if region.end.0 < region.start.0 || region.end.1 < region.start.1 {
            continue;
        }
        for (number, row) in rows.range_mut(region.start.0..=region.end.0) {
            for column in region.start.1..=region.end.1.min(MOST_COLUMNS as u32 - 1) {
                let from_above = *number > region.start.0;
                if let Entry::Vacant(free) = row.entry(column) {
                    take_one(left)?;
                    free.insert(Cell { value: first.value.clone(), from_above });
                }
            }
        }
    }
    Ok(())
}

fn in_order(cells: BTreeMap<u32, Cell>) -> Vec<Cell> {
    let width = cells.last_key_value().map_or(0, |(column, _)| *column as usize + 1);
    let mut row = vec![Cell::default(); width];
    for (column, cell) in cells {
        row[column as usize] = cell;
    }
    row
}
