//! Are a shop's sheets understood as the report says, found by a search, and withdrawn row by row?

use std::fs;
use std::io::Write;
use std::path::Path;

use encoding_rs::GBK;
use serde_json::Value;

use crate::app::repository;
use crate::program::{Finished, refuses, run, warmdesk};

/// A folder with a table of each make, a Markdown page and lines of records.
fn shop(folder: &Path) {
    let shop = folder.join("shop");
    fs::create_dir(&shop).unwrap();
    for name in ["catalogue_gbk.csv", "messy.xlsx"] {
        fs::copy(repository("tests/data").join(name), shop.join(name)).unwrap();
    }
    fs::write(shop.join("stores.md"), "# 门店\n门店在湖滨路，十点开门。\n").unwrap();
    fs::write(shop.join("customers.jsonl"), "{\"kind\": \"customer\", \"id\": \"c-1\", \"name\": \"何\"}\n")
        .unwrap();
    fs::write(shop.join("picture.png"), "x").unwrap();
}

fn index(folder: &Path, flags: &[&str]) -> Finished {
    run(warmdesk(folder).args(["index", "shop", "--data", "data"]).args(flags))
}

fn search(folder: &Path, words: &[&str]) -> Vec<Value> {
    let said = run(warmdesk(folder).arg("search").args(words).args(["--json", "--data", "data"]));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    serde_json::from_str::<Value>(&said.stdout).unwrap()["hits"].as_array().unwrap().clone()
}

#[test]
fn a_gbk_sheet_and_a_messy_workbook_are_imported_with_an_exact_report() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let tried = index(folder.path(), &["--dry-run"]);
    assert_eq!(tried.code, Some(0), "{}", tried.stderr);
    insta::with_settings!({ filters => vec![(r"(?m)^.*/shop: ", "[folder]/shop: ")] }, {
        insta::assert_snapshot!("tables_report", tried.stdout);
    });
    assert!(!folder.path().join("data").exists(), "nothing was changed");

    let done = index(folder.path(), &["--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    let source = &report["sources"][0];
    assert_eq!((&source["written"], &source["records"]), (&14.into(), &14.into()), "{source}");
    assert_eq!(source["files"].as_array().unwrap().len(), 4);
    assert!(report["generation"]["id"].is_string(), "{report}");
    let again = index(folder.path(), &[]);
    assert!(again.stdout.contains("0 written, 14 unchanged, "), "{}", again.stdout);

    let hits = search(folder.path(), &["羊羔绒披肩多少钱", "--kind", "product"]);
    assert_eq!(hits[0]["id"], "product:W-101");
    let hits = search(folder.path(), &["乡镇能送吗", "--kind", "knowledge"]);
    assert_eq!(hits[0]["id"], "knowledge:messy.xlsx#客服问答/能送到村里吗");
    let own = search(folder.path(), &["竹纤维浴巾", "--kind", "order", "--customer", "c-1"]);
    assert_eq!(own[0]["id"], "order:20261118000012345");
    assert!(search(folder.path(), &["竹纤维浴巾", "--kind", "order"]).is_empty(), "nobody else finds it");
}

#[test]
fn a_row_that_is_gone_is_withdrawn_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shop")).unwrap();
    let write = |rows: &str| {
        let text = format!("货号,商品名称,售价,库存\r\n{rows}");
        fs::write(folder.path().join("shop/商品.csv"), GBK.encode(&text).0).unwrap();
    };
    write("A1,羽毛枕,99,5\r\nA2,乳胶枕,199,5\r\n");
    assert_eq!(index(folder.path(), &[]).code, Some(0));
    write("A1,羽毛枕,99,5\r\nA2,乳胶枕,199,-5\r\nA3,记忆枕,299.00.1,1\r\n");
    let mut command = warmdesk(folder.path());
    command.args(["index", "shop", "--data", "data"]);
    refuses(&mut command, &["商品.csv:D3: `stock`", "商品.csv:C4: `price`", "2 faults; nothing was changed"]);
    assert_eq!(search(folder.path(), &["乳胶枕"])[0]["id"], "product:A2");
    let told = index(folder.path(), &["--json"]);
    let faults: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(faults["faults"][0]["place"]["cell"], "D3");
    write("A1,羽毛枕,99,5\r\n");
    let done = index(folder.path(), &[]);
    assert!(
        done.stdout.contains("0 written, 1 unchanged, 0 older than what is there, 1 withdrawn"),
        "{}",
        done.stdout
    );
    assert!(search(folder.path(), &["乳胶枕"]).iter().all(|hit| hit["id"] != "product:A2"));
}

#[test]
fn files_that_are_too_large_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shop")).unwrap();
    fs::write(folder.path().join("shop/好.csv"), "货号,商品名称,售价\nA1,羽毛枕,99\n").unwrap();
    // Half a gigabyte that takes no room on the disk, and a workbook that unpacks to more than half a gigabyte.
    let large = fs::File::create(folder.path().join("shop/大.csv")).unwrap();
    large.set_len(500 * 1024 * 1024).unwrap();
    let bomb = fs::File::create(folder.path().join("shop/炸.xlsx")).unwrap();
    let mut bomb = zip::ZipWriter::new(bomb);
    let deflated =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    bomb.start_file("xl/worksheets/sheet1.xml", deflated).unwrap();
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..520 {
        bomb.write_all(&piece).unwrap();
    }
    bomb.finish().unwrap();
    let packed = fs::metadata(folder.path().join("shop/炸.xlsx")).unwrap().len();
    assert!(packed < 4 * 1024 * 1024, "{packed} bytes are no bomb");
    let mut command = warmdesk(folder.path());
    command.args(["index", "shop", "--data", "data"]);
    let words = [
        "大.csv",
        "524288000 bytes; at most 67108864 are taken, split it",
        "炸.xlsx",
        "unpacks to more than 512 MB",
    ];
    refuses(&mut command, &words);
    assert!(!folder.path().join("data").exists(), "not even the good file was taken");
}

#[test]
fn references_to_nobody_are_kept_and_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shop")).unwrap();
    let write = |lines: &str| fs::write(folder.path().join("shop/orders.ndjson"), lines).unwrap();
    write(
        "{\"kind\":\"order\",\"id\":\"o1\",\"customer\":\"c-9\",\"status\":\"paid\",\"items\":[{\"product\":\"P-9\",\"title\":\"羽毛枕\"}]}\n",
    );
    let done = index(folder.path(), &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for told in
        ["order:o1 refers to the unknown customer `c-9`", "order:o1 refers to the unknown product `P-9`"]
    {
        assert!(done.stdout.contains(told), "{}", done.stdout);
    }
    // What came in another source is known.
    fs::write(folder.path().join("known.ndjson"), "{\"kind\":\"customer\",\"id\":\"c-9\"}\n").unwrap();
    let known = run(warmdesk(folder.path()).args(["index", "known.ndjson", "--data", "data"]));
    assert_eq!(known.code, Some(0), "{}", known.stderr);
    let again = index(folder.path(), &["--json"]);
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        report["unknown_references"],
        serde_json::json!(["order:o1 refers to the unknown product `P-9`"])
    );
}
