//! Which plans do the store's statements have? What grows without end is never read as a whole: not by a turn, not by a lane, and
//! not while a customer is erased.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::store::nudges::{DUE, DUE_OF_ONE};

/// The tables that grow with every promise, action, matter and word said first. Waits are not among them: a row ends with its
/// wait.
const GROWING: [&str; 4] = ["promises", "actions", "flows", "nudges"];

/// What the database says of the beginning of a statement that is put together from parts. Those of looks are given whole below.
const PART: &str = "incomplete input";

/// Where a table may be read as a whole: what people look at in a report, and what an erasure looks through.
const SELDOM: [&str; 2] = ["nudges/report.rs", "customers/steps.rs: SEARCH nudges"];

/// A statement as it stands in the source.
static STATEMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?s)"((?:SELECT|UPDATE|DELETE|INSERT|WITH)\s(?:[^"\\]|\\.)*)""#).unwrap());

/// A line feed that the source has and the statement has not.
static BROKEN_LINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").unwrap());

/// A growing table, and the other name that the statement gives it.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?i)\b(?P<table>{})\b(?:\s+AS\s+(?P<name>\w+))?", GROWING.join("|"))).unwrap()
});

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let of_tests = path.file_stem().unwrap() == "tests";
        if path.is_dir() && !of_tests {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !of_tests {
            found.push(path);
        }
    }
}

/// Every statement of the store with the file that it stands in.
fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    files.sort();
    let mut statements = Vec::new();
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
        let source = std::fs::read_to_string(&file).unwrap();
        statements.extend(STATEMENT.captures_iter(&source).map(|found| {
            let statement = BROKEN_LINE.replace_all(&found[1], "").replace("\\\"", "\"");
            (name.clone(), statement)
        }));
    }
    statements
}

/// How the database goes about a statement; an error if it is none by itself.
async fn plan(store: &Store, statement: &str) -> Result<Vec<String>, sqlx::Error> {
    let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explained).fetch_all(store.readers()).await?;
    Ok(rows.iter().map(|row| row.get("detail")).collect())
}

/// Whether a statement is about a growing table.
fn is_about_growing(statement: &str) -> bool {
    NAMED.is_match(statement)
}

/// The steps of a statement's plan that read a growing table from its beginning to its end: all of it, or all of it that is of
/// the one shop that most databases hold.
fn scans<'p>(statement: &str, plan: &'p [String]) -> Vec<&'p String> {
    let named = NAMED.captures_iter(statement);
    let names: Vec<&str> =
        named.filter_map(|found| Some(found.name("name").or(found.name("table"))?.as_str())).collect();
    let reads_all = |step: &&String| {
        let mut words = step.split(' ');
        let how = words.next();
        let of_growing = words.next().is_some_and(|table| names.contains(&table));
        of_growing && (how == Some("SCAN") || step.ends_with("(shop=?)"))
    };
    plan.iter().filter(reads_all).collect()
}

#[tokio::test]
async fn nothing_that_grows_is_read_as_a_whole() {
    let (_folder, store) = store().await;
    let whole = [("nudges, due", DUE), ("nudges, due of one", DUE_OF_ONE)];
    let whole = whole.map(|(name, statement)| (name.to_owned(), statement.to_owned()));
    let statements = statements();
    assert!(statements.len() > 250, "only {} statements were found in the source", statements.len());
    let (mut scanned, mut unread) = (Vec::new(), Vec::new());
    for (file, statement) in statements.into_iter().chain(whole).filter(|(_, text)| is_about_growing(text)) {
        match plan(&store, &statement).await {
            Ok(plan) => {
                let found = scans(&statement, &plan).into_iter();
                scanned.extend(found.map(|step| format!("{file}: {step} in {statement}")));
            }
            Err(error) if error.to_string().contains(PART) => {}
            Err(error) => unread.push(format!("{file}: {error} in {statement}")),
        }
    }
    scanned.retain(|scan| !SELDOM.iter().any(|seldom| scan.starts_with(seldom)));
    assert_eq!(scanned, Vec::<String>::new());
    assert_eq!(unread, Vec::<String>::new());
}

/// The test above sees a scan where there is one.
#[tokio::test]
async fn a_scan_is_seen() {
    let (_folder, store) = store().await;
    for statement in [
        "SELECT id FROM promises WHERE kind = ?1",
        "UPDATE actions SET due = ?1 WHERE executor = ?2",
        "SELECT count(*) FROM nudges WHERE shop = ?1 AND looks > ?2",
        "SELECT 1 FROM nudges AS other WHERE other.shop = ?1 AND other.looks > ?2",
    ] {
        let plan = plan(&store, statement).await.unwrap();
        assert_eq!(scans(statement, &plan).len(), 1, "{statement}: {plan:?}");
    }
}

/// What a lane looks at again and again is found by an index of nothing else.
#[tokio::test]
async fn what_is_due_is_found_by_the_index_of_what_may_be_due() {
    let (_folder, store) = store().await;
    for (table, due, index) in [
        ("promises", "wake_at <= ?1", "promises_by_waking (wake_at<?)"),
        ("flows", "wake_at <= ?1", "flows_by_waking (wake_at<?)"),
        ("waits", "wake_at <= ?1", "waits_by_waking (wake_at<?)"),
        ("actions", "next_attempt_at <= ?1", "actions_by_attempt (next_attempt_at<?)"),
        ("tickets", "snoozed_until <= ?1", "tickets_by_snooze (shop=? AND snoozed_until<?)"),
        ("conversations", "updated_at <= ?3", "conversations_by_change (updated_at>? AND updated_at<?)"),
    ] {
        let is_look = |statement: &str| {
            statement.starts_with("SELECT")
                && statement.contains(&format!("FROM {table}"))
                && statement.contains(due)
        };
        let looks: Vec<(String, String)> =
            statements().into_iter().filter(|(_, statement)| is_look(statement)).collect();
        let [(file, look)] = looks.as_slice() else { panic!("{table}: {looks:?}") };
        let plan = plan(&store, look).await.unwrap();
        assert!(plan.contains(&format!("SEARCH {table} USING INDEX {index}")), "{file}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{file}: {plan:?}");
    }
    for due in [DUE, DUE_OF_ONE] {
        let plan = plan(&store, due).await.unwrap();
        assert!(plan.iter().any(|step| step.starts_with("SEARCH nudges USING INDEX")), "{plan:?}");
    }
}
