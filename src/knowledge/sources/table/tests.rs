//! Are tables of every make read as what they mean, and is everything wrong in them named by its cell?

mod cells;

use encoding_rs::GBK;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::{Value, json};

use super::encoding::decode;
use super::*;
use crate::knowledge::sources::contradictions::Contradictions;

fn read(name: &str, bytes: &[u8]) -> Result<FileRecords, Vec<LineFault>> {
    let columns = Columns::load(None).unwrap();
    let file = FileName { shown: name, relative: name };
    if name.ends_with(".xlsx") {
        read_xlsx_file(bytes, &file, &columns)
    } else {
        read_csv_file(bytes, &file, &columns)
    }
}

fn bodies(found: &FileRecords) -> Vec<Value> {
    found.records.iter().map(|(record, _)| Value::Object(record.fields.clone())).collect()
}

fn faults(name: &str, bytes: &[u8]) -> Vec<String> {
    read(name, bytes).unwrap_err().iter().map(ToString::to_string).collect()
}

/// Each field that each column became: `header=field`, with `~` where it was kept as it is.
fn columns_of(found: &FileRecords) -> String {
    let columns = found.report.sheets.iter().flat_map(|sheet| &sheet.columns);
    let said = columns.map(|column| {
        let mark = if column.known { "=" } else { "~" };
        format!("{}{mark}{}", column.header, column.field.as_deref().unwrap_or("-"))
    });
    said.collect::<Vec<_>>().join(" ")
}

const FAQ: &str = "问题,答案\n几天到货,三天左右\n可以退吗,七天内可以退\n";

#[test]
fn every_encoding_is_found_out() {
    let utf16 = |little: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(FAQ.encode_utf16());
        units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for (bytes, encoding) in [
        (FAQ.as_bytes().to_vec(), "UTF-8"),
        ([b"\xef\xbb\xbf", FAQ.as_bytes()].concat(), "UTF-8 with BOM"),
        (GBK.encode(FAQ).0.into_owned(), "GBK"),
        (utf16(true), "UTF-16LE"),
        (utf16(false), "UTF-16BE"),
    ] {
        let found = read("faq.csv", &bytes).unwrap();
        assert_eq!(found.report.encoding, Some(encoding));
        assert_eq!(bodies(&found)[1]["text"], "七天内可以退", "{encoding}");
    }
    let check = |bytes: &[u8], line: usize, word: &str| {
        let bad = decode(bytes).unwrap_err();
        assert_eq!(bad.line, line, "{}", bad.message);
        assert!(bad.message.contains(word), "{}", bad.message);
    };
    check(&FAQ.as_bytes()[..FAQ.len() - 2], 3, "inside a character");
    let mut broken = FAQ.as_bytes().to_vec();
    broken[FAQ.find('三').unwrap()] = 0xff;
    check(&broken, 2, "not UTF-8 like the rest");
    check(
        "问题".encode_utf16().flat_map(u16::to_le_bytes).chain([0]).collect::<Vec<_>>().as_slice(),
        0,
        "zero bytes",
    );
    check(&encoding_rs::BIG5.encode("問題,答案\n幾天到貨,三天左右\n").0, 1, "neither UTF-8 nor GBK");
    check(&GBK.encode(FAQ).0[..GBK.encode(FAQ).0.len() - 2], 3, "GBK");
}

#[test]
fn delimiters_and_quotes_are_understood_and_broken_files_named() {
    for (text, delimiter) in [
        (FAQ.to_owned(), "comma"),
        (FAQ.replace(',', ";"), "semicolon"),
        (FAQ.replace(',', "\t"), "tab"),
        ("问题;答案\n几天到货;一,二,三\n可以退吗;四,五\n".to_owned(), "semicolon"),
    ] {
        assert_eq!(read("faq.csv", text.as_bytes()).unwrap().report.delimiter, Some(delimiter), "{text}");
    }
    let found =
        read("faq.csv", "问题,答案\r\n\"几天,到货\",\"第一行\r\n\"\"第二行\"\"\"\r\n".as_bytes()).unwrap();
    assert_eq!(bodies(&found)[0]["text"], "第一行\n\"第二行\"");
    let check = |text: &str, expected: &str| {
        let said = faults("faq.csv", text.as_bytes());
        assert!(said[0].starts_with(expected), "{said:?}");
    };
    check("问题,答案\n几天,\"三天\n可以退吗,可以\n", "faq.csv:2: a quotation mark");
    check("问题,答案\n几天,\"三\"天\n", "faq.csv:2: a quotation mark");
    check("问题,答案\n几天,三天\n可以", "faq.csv:3: the last line has 1 of 2 cells");
    check("问题,答案\n几天,三天,多,了\n", "faq.csv:C2: the row has 4 cells");
    check("问题,答案\n几天,\n", "faq.csv:B2: `text`: must be given");
    check("甲,乙\n1,2\n", "faq.csv:0: no table was found");
    check("", "faq.csv:0: no table was found");
}

#[test]
fn a_fault_names_cell_field_and_a_way_out() {
    let check = |header: &str, row: &str, expected: &str| {
        let said = faults("商品.csv", format!("货号,商品名称,{header}\nP1,睡袋,{row}\n").as_bytes());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("商品.csv:C2: "), "{said:?}");
        assert!(said[0].contains(expected), "{said:?}");
    };
    check("库存", "-3", "`stock`: `-3` must be a whole number, 0 or more; correct it");
    check("库存", "2.5", "`stock`: `2.5` must be a whole number");
    check("售价", "面议", "`price`: `面议` is no amount; write it as");
    check("售价", "199-299", "`price`: `199-299` names two amounts");
    check("售价", "$20", "`price`: `$20` is in another currency");
    check("售价", "-1", "`price`: `-1` is less than 0");
    check("状态", "不明", "`status`: `不明` is no known word; write one of off_sale, on_sale");
    check("上架时间", "11/12/26", "`listed_at`: `11/12/26` may be 2011-12-26 or 2026-11-12 or 2026-12-11");
    let said = faults("订单.csv", "订单号,状态,客户\n2.02611E+17,已付款,c1\n".as_bytes());
    assert!(said[0].starts_with("订单.csv:A2: `id`: `2.02611E+17` is a number that has lost"), "{said:?}");
    let said = faults("订单.csv", "订单号,金额\n1,2\n".as_bytes());
    assert!(said[0].contains("no column for it; call it `状态`"), "{said:?}");
    let said = faults("a.csv", "kind,编号,标题\n商品,1,睡袋\n政策,2,x\n".as_bytes());
    assert!(said[0].contains("`政策` is no kind of record that tables can hold"), "{said:?}");
}

#[test]
fn headers_are_known_in_both_languages_and_the_rest_is_kept() {
    let check = |name: &str, header: &str, kind: RecordKind, columns: &str| {
        let found = read(name, format!("{header}\n").as_bytes()).unwrap();
        assert_eq!(found.report.sheets[0].kind, Some(kind), "{header}");
        assert_eq!(columns_of(&found), columns);
    };
    check(
        "a.csv",
        "商品ID,品名,现价（元）,现货数,产地",
        RecordKind::Product,
        "商品ID=id 品名=title 现价（元）=price 现货数=stock 产地~attributes.产地",
    );
    check(
        "a.csv",
        "Item ID,Name,Unit Price,In Stock",
        RecordKind::Product,
        "Item ID=id Name=title Unit Price=price In Stock=stock",
    );
    check(
        "a.csv",
        "常见问法,问法1,问法2,回复,部门",
        RecordKind::Knowledge,
        "常见问法=questions 问法1=questions 问法2=questions 回复=text 部门~部门",
    );
    check(
        "双11活动.csv",
        "名称,内容,开始时间,结束时间",
        RecordKind::Promotion,
        "名称=title 内容=text 开始时间=valid_from 结束时间=valid_until",
    );
    check("公告.csv", "标题,内容", RecordKind::Notice, "标题=title 内容=text");
    check(
        "export.csv",
        "订单号,买家ID,订单状态,下单时间,收货地址,物流公司,快递单号",
        RecordKind::Order,
        "订单号=id 买家ID=customer 订单状态=status 下单时间=placed_at 收货地址=address.street 物流公司=shipment.carrier 快递单号=shipment.tracking",
    );
    check("会员.csv", "会员号,姓名,手机号", RecordKind::Customer, "会员号=id 姓名=name 手机号=phone");
    check("商品.csv", "名称,标题,售价", RecordKind::Product, "名称=title 标题~attributes.标题 售价=price");
}

#[test]
fn rows_of_one_order_or_product_become_one_record() {
    let orders = "订单号,客户,状态,商品名称,数量,单价,收货人,快递单号,备注\n\
                  O1,c1,已发货,睡袋,1,269元,陈,YT1,请快\nO1,c1,已发货,奶瓶,2,129,陈,YT1,请快\nO2,c2,奇怪,帽子,1,39,,,\n";
    let found = read("orders.csv", orders.as_bytes()).unwrap();
    let bodies_found = bodies(&found);
    assert_eq!(bodies_found.len(), 2);
    assert_eq!(bodies_found[0]["status"], "shipped");
    assert_eq!(bodies_found[0]["status_text"], "已发货");
    assert_eq!(
        bodies_found[0]["items"],
        json!([{"title": "睡袋", "quantity": 1, "price": 269}, {"title": "奶瓶", "quantity": 2, "price": 129}])
    );
    assert_eq!(bodies_found[0]["address"], json!({"name": "陈"}));
    assert_eq!(bodies_found[0]["shipment"], json!({"tracking": "YT1"}));
    assert_eq!(found.warnings.len(), 1, "an unknown state is told: {:?}", found.warnings);
    assert_eq!(found.warnings[0].place.as_ref().unwrap().cell, "C4");
    let said = faults("orders.csv", orders.replace("O1,c1,已发货,奶瓶", "O1,c9,已发货,奶瓶").as_bytes());
    assert_eq!(
        said,
        ["orders.csv:B3: `customer`: differs from row 2 with the same id; rows of one record must agree"]
    );

    let skus = "商品编号,商品名称,SKU编码,颜色,售价,库存\nP1,睡袋,S1,红,100,3\nP1,睡袋,S2,蓝,120,0\n";
    let found = bodies(&read("商品.csv", skus.as_bytes()).unwrap());
    assert_eq!(
        found[0]["skus"],
        json!([
            {"id": "S1", "attributes": {"颜色": "红"}, "price": 100, "stock": 3},
            {"id": "S2", "attributes": {"颜色": "蓝"}, "price": 120, "stock": 0}
        ])
    );
    assert!(found[0].get("price").is_none() && found[0].get("stock").is_none(), "they differ: {}", found[0]);
}

/// A workbook as people make them: titles, merged cells, dates, numbers as text, several sheets.
fn workbook() -> Workbook {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let bold = Format::new();
    let sheet = book.add_worksheet().set_name("商品").unwrap();
    sheet.merge_range(0, 0, 0, 5, "十一月商品资料", &bold).unwrap();
    for (column, header) in ["货号", "商品名称", "售价", "库存", "上架时间", "材质"].iter().enumerate()
    {
        sheet.write(2, column as u16, *header).unwrap();
    }
    sheet.merge_range(3, 0, 3, 5, "—— 秋冬 ——", &bold).unwrap();
    sheet.write(4, 0, 1001).unwrap().write(4, 1, "睡袋").unwrap().write(4, 2, "￥269.00").unwrap();
    sheet.write(4, 3, "12").unwrap();
    let day = ExcelDateTime::from_ymd(2026, 11, 20).unwrap();
    sheet.write_with_format(4, 4, &day, &date).unwrap();
    sheet.merge_range(4, 5, 6, 5, "纯棉", &bold).unwrap();
    sheet.write(6, 0, "A-7").unwrap().write(6, 1, "围嘴").unwrap();
    sheet.write_formula(6, 2, Formula::new("=19+20").set_result("39")).unwrap();
    let faq = book.add_worksheet().set_name("常见问题").unwrap();
    for (column, header) in ["问题1", "问题2", "答案"].iter().enumerate() {
        faq.write(0, column as u16, *header).unwrap();
    }
    faq.write(1, 0, "几天到").unwrap().write(1, 1, "多久到货\n什么时候到").unwrap();
    faq.merge_range(1, 2, 2, 2, "<p>三天左右</p>", &bold).unwrap();
    faq.write(2, 0, "发货快吗").unwrap();
    let notes = book.add_worksheet().set_name("填写说明").unwrap();
    notes.write(0, 0, "红色的列必填").unwrap();
    book.add_worksheet().set_name("词表").unwrap().set_hidden(true);
    book
}

#[test]
fn a_workbook_is_read_sheet_by_sheet() {
    let found = read("店铺.xlsx", &workbook().save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        bodies(&found),
        [
            json!({"kind": "product", "id": "1001", "title": "睡袋", "price": 269, "stock": 12,
                   "listed_at": "2026-11-20", "attributes": {"材质": "纯棉"}}),
            json!({"kind": "product", "id": "A-7", "title": "围嘴", "price": 39, "attributes": {"材质": "纯棉"}}),
            json!({"kind": "knowledge", "id": "店铺.xlsx#常见问题/几天到", "title": "几天到",
                   "questions": ["几天到", "多久到货", "什么时候到", "发货快吗"], "text": "三天左右"}),
        ]
    );
    let sheets = &found.report.sheets;
    let told = |index: usize| {
        (sheets[index].header_row, sheets[index].rows, sheets[index].records, sheets[index].heading_rows)
    };
    assert_eq!((told(0), told(1)), ((3, 2, 2, 1), (1, 2, 1, 0)));
    assert!(sheets[2..].iter().all(|sheet| sheet.passed_over.is_some()), "{sheets:?}");
    assert_eq!(found.records[1].1.place.as_ref().unwrap().to_string(), "商品!7");
}

#[test]
fn errors_of_formulas_and_lost_digits_are_named_by_cell() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("订单").unwrap();
    for (column, header) in ["订单号", "客户", "状态", "实付"].iter().enumerate() {
        sheet.write(0, column as u16, *header).unwrap();
    }
    sheet
        .write(1, 0, 202_611_200_000_012_345_f64)
        .unwrap()
        .write(1, 1, "c1")
        .unwrap()
        .write(1, 2, "已付款")
        .unwrap();
    sheet.write(2, 0, "O2").unwrap().write(2, 1, "c1").unwrap().write(2, 2, "已付款").unwrap();
    sheet.write_formula(2, 3, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    let said = faults("a.xlsx", &book.save_to_buffer().unwrap());
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("a.xlsx:订单!A2: `id`: ") && said[0].contains("lost its last digits"),
        "{said:?}"
    );
    assert!(
        said[1].starts_with("a.xlsx:订单!D3: `paid_amount`: the cell shows the error #DIV/0!"),
        "{said:?}"
    );
}

#[test]
fn archives_that_unpack_to_too_much_are_refused() {
    use std::io::Write;
    let pack = |entries: usize, size: usize| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for entry in 0..entries {
            archive.start_file(format!("{entry}"), zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&vec![0; size]).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    assert!(pack(2, 500_000).len() < 5_000);
    assert!(xlsx::check_archive(&pack(2, 500_000), 999_999).unwrap_err().contains("unpacks to more"));
    assert_eq!(xlsx::check_archive(&pack(2, 500_000), 1_000_000), Ok(()));
    assert!(xlsx::check_archive(&pack(2001, 0), 1).unwrap_err().contains("2001 parts"));
    assert!(
        faults("a.xlsx", b"PK\x03\x04 not a workbook")[0].starts_with("a.xlsx:0: this is no whole workbook")
    );
    let whole = workbook().save_to_buffer().unwrap();
    assert!(faults("a.xlsx", &whole[..whole.len() / 2])[0].contains("no whole workbook"));
    assert!(!faults("a.xlsx", &pack(3, 10)).is_empty(), "an archive that is no workbook");
}

#[test]
fn the_dictionary_names_its_faults() {
    let check = |text: &str, expected: &str| {
        let said = Columns::parse(text).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    };
    check("kinds:\n  - kind: dog\n    fields: []\n", "columns.yaml:2: `dog`");
    check(
        "kinds:\n  - kind: product\n    fields:\n      - { to: title, as: colour }\n",
        "columns.yaml:4: `colour`",
    );
    check("kinds:\n  - kind: product\n    needs: [id]\n    fields: []\n", "columns.yaml:2: `needs`");
    check(
        "kinds:\n  - kind: product\n    fields:\n      - { to: title, names: [名] }\n      - { to: id, names: [名] }\n",
        "columns.yaml:5: `名` names both",
    );
    check("kinds: 3\n", "columns.yaml:1:");
}

#[test]
fn a_shop_may_name_its_own_columns_and_a_file_may_be_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let own = "kinds:\n  - kind: knowledge\n    needs: [text]\n    fields:\n      - { to: questions, as: texts, names: [客人怎么问] }\n      - { to: text, names: [我们怎么答] }\n";
    std::fs::write(folder.path().join("columns.yaml"), own).unwrap();
    let columns = Columns::load(Some(folder.path())).unwrap();
    let table = folder.path().join("table.csv");
    std::fs::write(&table, "客人怎么问,我们怎么答\n几点开门,十点\n").unwrap();
    let read =
        |columns: &Columns| crate::knowledge::sources::read_sources(std::slice::from_ref(&table), columns);
    assert_eq!(read(&columns).unwrap()[0].records[0].text("text"), Some("十点"));
    assert!(read(&Columns::load(None).unwrap()).is_err(), "nobody else calls them so");
    let size = crate::record::MAX_IMPORT_BYTES as u64 + 1;
    std::fs::File::create(&table).unwrap().set_len(size).unwrap();
    let said = read(&columns).unwrap_err().to_string();
    assert!(said.contains("split it"), "{said}");
}

#[test]
fn contradictions_are_told() {
    let text = "问题,答案\n几天到货？,3 天\n几天到货,5 天\n可以退吗,可以\n可以退吗？,可以的\n";
    let products = "货号,标题,售价,描述\nP1,睡袋,199,到手价￥189，满300减40元，运费10元\nP2,睡袋,209,厚款\n";
    let promotions = "活动名称,内容,有效期\n满减,满一百减十,长期有效\n买赠,送袜子,2026年11月1日-11月30日\n";
    let mut seen = Contradictions::default();
    let mut said = Vec::new();
    for (name, table) in [("faq.csv", text), ("商品.csv", products), ("活动.csv", promotions)] {
        for (record, origin) in &read(name, table.as_bytes()).unwrap().records {
            said.extend(seen.look_at(record, origin).iter().map(ToString::to_string));
        }
    }
    assert_eq!(
        said,
        [
            "faq.csv:3: the question `几天到货` is answered with 5 here and with 3 in faq.csv:2",
            "faq.csv:5: the question `可以退吗？` is asked twice, in faq.csv:4",
            "商品.csv:2: product:P1: the description says 189, less than the price 199; customers may claim it",
            "商品.csv:3: `睡袋` stands in 商品.csv:2 too, with another price: 209 and 199",
            "活动.csv:2: promotion:活动.csv#满减: the promotion has no end that can be read; give valid_until (结束时间)",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read("a.csv", &bytes);
        let _ = read("a.xlsx", &bytes);
        let header = [FAQ.as_bytes(), &bytes].concat();
        let _ = read("商品.csv", &header);
    }

    #[test]
    fn no_text_makes_the_cells_panic(cells in prop::collection::vec("[^\"\n\r,]{0,12}", 6)) {
        let row = cells.join(",");
        let _ = read("商品.csv", format!("货号,标题,售价,库存,上架时间,状态\n{row}\n").as_bytes());
        let _ = read("活动.csv", format!("标题,内容,门槛,开始时间,有效期,公开\n{row}\n").as_bytes());
    }

    #[test]
    fn no_damaged_workbook_makes_the_reader_panic(at in 0_usize..6000, byte in any::<u8>()) {
        let mut bytes = workbook().save_to_buffer().unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = read("a.xlsx", &bytes);
    }
}
