use std::path::PathBuf;

use rust_xlsxwriter::{Format, Formula, Workbook as Book, Worksheet};

use super::*;

fn small() -> PackFiles {
    let mut files = PackFiles::default();
    let wording = "\
# Greetings.
hello:
  greet:   # the first line
    # The usual one.
    - \"您好，{{ shop.name }}\"
    - { text: 晚上好, when: \"desk.open\" }   # evenings

  close:
    standard: [再见, \"慢走\"]
    # Only when it went wrong.
    soothing:
    - 抱歉了
# The end.
bye:
  close:
    - 好的
";
    let scenarios = "\
# What customers say.
- id: first
  goals: [close]
  name: 一
  stage: service
  topic: other
  intent: first
  examples:
    # short
    - 在吗
    - 有人吗
    # long
    - 你好在不在
- { id: second, name: 二, stage: service, topic: other, intent: second, goals: [close], examples: [嗯] }
- id: third
  name: 三
  stage: service
  topic: other
  intent: third
  examples: [好的,
    行吧]
  goals: [close]
";
    files.texts.insert("wording/a.yaml".into(), wording.into());
    files.texts.insert("scenarios/a.yaml".into(), scenarios.into());
    files
}

/// A workbook that was exported, with some cells of its sheets written over.
fn changed(
    files: &PackFiles,
    change: impl FnOnce(&mut Worksheet, &mut Worksheet),
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.xlsx");
    let mut book = write::book(&rows(files)).unwrap();
    let [_, wording, examples] = book.worksheets_mut().as_mut_slice() else { panic!("three sheets") };
    change(wording, examples);
    book.save(&path).unwrap();
    (folder, path)
}

#[test]
fn what_is_exported_and_not_touched_changes_nothing() {
    for files in [small(), PackFiles::embedded("zh-CN").unwrap(), PackFiles::embedded("en").unwrap()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pack.xlsx");
        let written = export(&files, &path).unwrap();
        assert!(written.wordings > 3 && written.examples > 3, "{written:?}");
        let import = import(&files, &path).unwrap();
        assert_eq!(import, Import::default());
    }
}

#[test]
fn changes_go_into_the_files_and_comments_stay() {
    let files = small();
    let (_folder, path) = changed(&files, |wording, examples| {
        // hello.greet.standard 1 says something else, 2 goes, a third one comes.
        wording.write_string(1, 4, "  您好呀，“{{ shop.name }}”\"店\" ").unwrap();
        wording.write_string(2, 4, "　").unwrap();
        for (column, text) in
            [(0, "hello"), (1, "greet"), (2, "standard"), (4, "欢迎"), (5, "desk.ahead < 1")]
        {
            wording.write_string(9, column, text).unwrap();
        }
        // A list in brackets.
        wording.write_string(4, 4, "走好").unwrap();
        examples.write_string(2, 2, "有没有人").unwrap();
        examples.write_number(3, 2, 12315).unwrap();
        for (column, text) in [(0, "third"), (2, "中: 不中")] {
            examples.write_string(9, column, text).unwrap();
        }
    });
    let import = import(&files, &path).unwrap();
    let wording = &import.texts["wording/a.yaml"];
    let expected = files.texts["wording/a.yaml"]
        .replace("    - \"您好，{{ shop.name }}\"", "    - \"您好呀，“{{ shop.name }}”\\\"店\\\"\"")
        .replace(
            "    - { text: 晚上好, when: \"desk.open\" }   # evenings",
            "    - { text: \"欢迎\", when: \"desk.ahead < 1\" }",
        )
        .replace("    standard: [再见, \"慢走\"]", "    standard:\n      - \"再见\"\n      - \"走好\"");
    assert_eq!(*wording, expected);
    let scenarios = &import.texts["scenarios/a.yaml"];
    let expected = files.texts["scenarios/a.yaml"]
        .replace("    - 有人吗", "    - 有没有人")
        .replace("    - 你好在不在", "    - \"12315\"")
        .replace("  examples: [好的,\n    行吧]", "  examples:\n    - 好的\n    - 行吧\n    - \"中: 不中\"");
    assert_eq!(*scenarios, expected);
    assert_eq!(import.changes.len(), 7, "{:#?}", import.changes);
    assert!(import.notes.iter().any(|note| note.contains("E2")), "{:?}", import.notes);
    // A second time, against what came of it, the same workbook is out of date.
    let mut after = files.clone();
    after.texts.extend(import.texts);
    let stale = super::import(&after, &path);
    assert!(matches!(stale, Err(SheetError::Cells(_))), "{stale:?}");
}

#[test]
fn every_bad_cell_is_named_and_nothing_is_taken() {
    let files = small();
    let (_folder, path) = changed(&files, |wording, examples| {
        wording.write_formula(1, 4, Formula::new("=1+1").set_result("2")).unwrap();
        wording.write_boolean(2, 4, true).unwrap();
        wording.write_string(3, 3, "zwei").unwrap();
        wording.write_number(4, 3, 9).unwrap();
        wording.write_string(5, 0, "nowhere").unwrap();
        wording.write_string(6, 6, "something else").unwrap();
        examples.merge_range(1, 2, 2, 2, "两行", &Format::new()).unwrap();
        examples.write_string(4, 2, " ").unwrap();
        examples.write_string(9, 2, "没有场景").unwrap();
    });
    let refused = import(&files, &path);
    let Err(SheetError::Cells(faults)) = &refused else { panic!("{refused:?}") };
    let cells: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.sheet, fault.cell)).collect();
    for cell in [
        "wording E2",
        "wording E3",
        "wording D4",
        "wording D5",
        "wording A6",
        "wording E7",
        "examples C2",
        "examples A10",
    ] {
        assert!(cells.iter().any(|found| found == cell), "{cell} is missing in {faults:#?}");
    }
    // 嗯 is the only example of its scenario, and stands in a list that cannot be edited in place.
    assert!(cells.iter().any(|found| found == "examples C5"), "{faults:#?}");
}

#[test]
fn what_is_no_workbook_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.xlsx");
    for bytes in [&b"no workbook"[..], b""] {
        std::fs::write(&path, bytes).unwrap();
        let refused = import(&small(), &path);
        assert!(matches!(refused, Err(SheetError::Workbook { .. })), "{refused:?}");
    }
    let mut book = Book::new();
    book.add_worksheet().write_string(0, 0, "x").unwrap();
    book.save(&path).unwrap();
    assert!(matches!(import(&small(), &path), Err(SheetError::Workbook { .. })));
}
