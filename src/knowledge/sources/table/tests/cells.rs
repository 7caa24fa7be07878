//! Does a cell mean what a person meant by it?

use serde_json::{Value, json};

use crate::knowledge::sources::table::columns::{Columns, Field, Read};
use crate::knowledge::sources::table::dates;
use crate::knowledge::sources::table::sheet::{CellValue, cell_name};
use crate::knowledge::sources::table::values::{read_cell, text_of};

fn value_as(read: Read, text: &str) -> Result<Vec<(String, Value)>, String> {
    let field = Field { to: "f".into(), read, first_name: String::new() };
    let understood = read_cell(&field, &CellValue::Text(text.into()), &Columns::load(None).unwrap())?;
    Ok([understood.values, understood.notes].concat())
}

#[test]
fn amounts_are_read_in_every_dress() {
    let check = |read: Read, text: &str, expected: Value, note: bool| {
        let mut wanted = vec![("f".to_owned(), expected)];
        if note {
            wanted.push(("f_text".to_owned(), text.into()));
        }
        assert_eq!(value_as(read, text), Ok(wanted), "{text}");
    };
    for (text, expected, note) in [
        ("￥1,999.00 起", json!(1999), true),
        ("1999元", json!(1999), false),
        ("1.2万", json!(12000), false),
        ("１２９．９０", json!(129.9), false),
        ("¥ 1,234,567.5", json!(1_234_567.5), false),
        ("人民币 88 元", json!(88), false),
        ("29.9元/盒", json!(29.9), true),
        ("1.13万", json!(11300), false),
        ("0", json!(0), false),
    ] {
        check(Read::Money, text, expected, note);
    }
    check(Read::Count, "1,024 件", json!(1024), false);
    check(Read::Count, "１０", json!(10), false);
    check(Read::Count, "999+", json!(999), true);
    check(Read::Count, "缺货", json!(0), true);
    check(Read::Quantity, "1.5", json!(1.5), false);
    check(Read::Flag, "是", json!(true), false);
    check(Read::Flag, "×", json!(false), false);
    check(Read::Texts, "几天到；多久到|啥时候到\n几天到", json!(["几天到", "多久到", "啥时候到"]), false);
    check(Read::Ids, "P1，P2、P3 P4", json!(["P1", "P2", "P3", "P4"]), false);
    check(Read::Words("product_status".into()), "已售罄", json!("sold_out"), false);
    assert_eq!(value_as(Read::Count, "充足"), Ok(vec![("f_text".into(), "充足".into())]));
    for empty in ["", " ", "-", "——", "N/A", "暂无"] {
        assert_eq!(value_as(Read::Money, empty), Ok(Vec::new()), "{empty}");
    }
    let span = |text: &str| value_as(Read::Span, text).unwrap().remove(0);
    assert_eq!(span("2026/11/30"), ("valid_until".into(), "2026-11-30".into()));
    assert_eq!(span("2026年11月1日-11月30日").0, "f");
    assert_eq!(span("长期有效").0, "valid_note");
}

#[test]
fn dates_are_read_in_every_form() {
    let time = |value: CellValue| dates::read_time(&value);
    for (text, expected) in [
        ("2026-11-20", "2026-11-20"),
        ("2026/11/20 8:05", "2026-11-20 08:05:00"),
        ("2026.1.2", "2026-01-02"),
        ("20261120", "2026-11-20"),
        ("20261120 10:12", "2026-11-20 10:12:00"),
        ("20261120101500", "2026-11-20 10:15:00"),
        ("2026年11月20日", "2026-11-20"),
        ("2026年11月20日 10时12分", "2026-11-20 10:12:00"),
        ("2026年11月20日（星期五）下午3:05", "2026-11-20 15:05:00"),
        ("２０２６－１１－２０", "2026-11-20"),
        ("11/20/26", "2026-11-20"),
        ("20/11/2026", "2026-11-20"),
        ("11/11/2026", "2026-11-11"),
        ("Nov 20, 2026", "2026-11-20"),
        ("20 November 2026 3:05 PM", "2026-11-20 15:05:00"),
        ("46346", "2026-11-20"),
        ("46346.5", "2026-11-20 12:00:00"),
        ("2026-11-20T10:12:00+08:00", "2026-11-20T10:12:00+08:00"),
        ("2026-11-20 10:12:00 +0800", "2026-11-20T10:12:00+08:00"),
        ("2026-11-20T02:12:00Z", "2026-11-20T02:12:00Z"),
        ("2026-11-30 24:00", "2026-11-30 23:59:59"),
        ("1763604000", "2025-11-20T02:00:00Z"),
    ] {
        assert_eq!(time(CellValue::Text(text.into())).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(time(CellValue::Number(46346.25)).as_deref(), Ok("2026-11-20 06:00:00"));
    assert_eq!(time(CellValue::Number(20_261_120.0)).as_deref(), Ok("2026-11-20"));
    for (text, word) in [
        ("2026-02-30", "does not exist"),
        ("11月20日", "names no year"),
        ("05/06/2026", "may be"),
        ("明天", "is no date"),
        ("2026-11-20 7", "is no date"),
        ("2026-11-20 25:00", "is no date"),
    ] {
        let said = time(CellValue::Text(text.into())).unwrap_err();
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn markup_is_taken_out_of_cells() {
    for (cell, expected) in [
        ("<p>水温&nbsp;40&#8451;</p><p>先<b>加水</b></p>", "水温 40℃\n先加水"),
        ("一<br/>二<script>x=1</script>", "一\n二"),
        ("3 < 5 且 7 > 6", "3 < 5 且 7 > 6"),
        ("A&amp;B &unknown;", "A&B &unknown;"),
        ("  多余 \t 空格 \n\n 换行 ", "多余 空格\n换行"),
    ] {
        assert_eq!(text_of(&CellValue::Text(cell.into())).as_deref(), Some(expected));
    }
}

#[test]
fn cells_are_named_as_spreadsheets_do() {
    for (column, expected) in [(0, "A1"), (25, "Z1"), (26, "AA1"), (701, "ZZ1"), (702, "AAA1")] {
        assert_eq!(cell_name(column, 1), expected);
    }
}
