//! How is the workbook laid out? A sheet with a word to its reader, and a sheet for each kind of row.

use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::{EXAMPLES, WORDING};
use crate::pack::load::Rows;

/// What people read first.
const GUIDE: [&str; 9] = [
    "wording 是话术，examples 是顾客的说法；只改 text、when、example 这几列。",
    "改一句：直接改文字。加一句：在表里加一行，填好前面几列，number 留空。删一句：把文字清空，不要删行。",
    "没有出现在表里的行，导入时原样保留。",
    "{{ … }} 是会自动填上的内容，不要改大括号里的字。when 是使用条件，可以留空。",
    "单元格请用文本格式，不要写公式，不要合并单元格。",
    "导入只进草稿：warmdesk pack import 文件；再 warmdesk pack try 试一句，warmdesk pack publish 发布。",
    "",
    "Change only text, when and example. A new line has no number; an emptied text is removed; missing rows stay.",
    "Plain text only: no formulas, no merged cells.",
];

/// Columns of the sheet of wording; the last one is hidden and says what stood there.
pub(super) const WORDING_COLUMNS: [&str; 7] = ["place", "goal", "tier", "number", "text", "when", "exported"];
/// Columns of the sheet of examples.
pub(super) const EXAMPLE_COLUMNS: [&str; 4] = ["scenario", "number", "example", "exported"];

/// Writes the workbook.
pub(super) fn workbook(rows: &Rows, path: &Path) -> Result<(), XlsxError> {
    book(rows)?.save(path)
}

/// The workbook of some rows.
pub(super) fn book(rows: &Rows) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let guide = book.add_worksheet();
    guide.set_name("说明")?.set_column_width(0, 110)?;
    for (row, line) in (0_u32..).zip(GUIDE) {
        guide.write_string(row, 0, line)?;
    }
    let sheet = book.add_worksheet();
    head(sheet, WORDING, &WORDING_COLUMNS, &[26, 14, 12, 8, 80, 40])?;
    for (row, wording) in (1_u32..).zip(&rows.wording) {
        let (place, goal, tier) = &wording.list;
        let when = wording.when.as_deref().unwrap_or_default();
        let cells = [place, goal, tier, "", &wording.text, when, &wording.text];
        texts(sheet, row, &cells)?;
        sheet.write_number(row, 3, wording.number as f64)?;
    }
    let sheet = book.add_worksheet();
    head(sheet, EXAMPLES, &EXAMPLE_COLUMNS, &[30, 8, 80])?;
    for (row, example) in (1_u32..).zip(&rows.examples) {
        texts(sheet, row, &[&example.scenario, "", &example.text, &example.text])?;
        sheet.write_number(row, 1, example.number as f64)?;
    }
    Ok(book)
}

fn head(sheet: &mut Worksheet, name: &str, columns: &[&str], widths: &[u16]) -> Result<(), XlsxError> {
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    for (column, title) in (0_u16..).zip(columns) {
        sheet.write_string_with_format(0, column, *title, &bold)?;
    }
    for (column, width) in (0_u16..).zip(widths) {
        sheet.set_column_width(column, *width)?;
    }
    let hidden = u16::try_from(widths.len()).unwrap_or_default();
    sheet.set_column_hidden(hidden)?;
    Ok(())
}

/// Texts as texts: a cell that looks like a number or a date must not become one.
fn texts(sheet: &mut Worksheet, row: u32, cells: &[&str]) -> Result<(), XlsxError> {
    let format = Format::new().set_num_format("@").set_text_wrap();
    for (column, text) in (0_u16..).zip(cells) {
        if !text.is_empty() {
            sheet.write_string_with_format(row, column, *text, &format)?;
        }
    }
    Ok(())
}
