//! How do people change wording and examples in a sheet? A workbook with a sheet for each kind, out of a pack and back
//! into its files, whose comments and order stay.

mod edit;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::load::{ExampleRow, PackFiles, Rows, WordingRow, rows};
use edit::{Item, ListAt};
use read::{Entry, Workbook};

/// The names of the sheets.
const WORDING: &str = "wording";
const EXAMPLES: &str = "examples";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows of wording.
    pub wordings: usize,
    /// Rows of examples.
    pub examples: usize,
}

/// What a workbook changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// Each change in words.
    pub changes: Vec<String>,
    /// What was mended on the way, and what is not in the workbook.
    pub notes: Vec<String>,
    /// The files that change, with their new texts.
    pub texts: BTreeMap<String, String>,
}

/// Something wrong with one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// The sheet.
    pub sheet: &'static str,
    /// The cell, as in `F12`.
    pub cell: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for CellFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sheet {}, cell {}: {}", self.sheet, self.cell, self.message)
    }
}

/// A workbook was not written or not taken.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// It cannot be read or written at all.
    #[error("{path}: {message}")]
    Workbook {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
    /// Cells cannot be taken; nothing was changed.
    #[error("nothing was taken:\n{}", .0.iter().map(CellFault::to_string).collect::<Vec<_>>().join("\n"))]
    Cells(Vec<CellFault>),
    /// A list is written in a way that cannot be edited.
    #[error("{file}: the list of {list} cannot be changed from a sheet; change it in the file")]
    InPlace {
        /// The file.
        file: String,
        /// Which list.
        list: String,
    },
}

/// Writes the wording and the examples of a pack into a workbook.
///
/// # Errors
/// If the file cannot be written.
pub fn export(files: &PackFiles, path: &Path) -> Result<Written, SheetError> {
    let rows = rows(files);
    write::workbook(&rows, path).map_err(|error| SheetError::Workbook {
        path: path.display().to_string(),
        message: error.to_string(),
    })?;
    Ok(Written { wordings: rows.wording.len(), examples: rows.examples.len() })
}

/// Reads what a workbook changes in a pack. Rows that are not in it stay as they are; a row whose text was emptied is
/// removed; one without a number is added.
///
/// # Errors
/// Every cell that cannot be taken, and then nothing is taken.
pub fn import(files: &PackFiles, path: &Path) -> Result<Import, SheetError> {
    let workbook = Workbook::read(path)?;
    let before = rows(files);
    let mut faults = workbook.faults;
    let wording = wanted(&workbook.wording, &wording_lists(&before), &mut faults);
    let examples = wanted(&workbook.examples, &example_lists(&before), &mut faults);
    if !faults.is_empty() {
        return Err(SheetError::Cells(faults));
    }
    let mut import = Import { notes: workbook.notes, ..Import::default() };
    for (at, list) in wording.into_iter().chain(examples) {
        import.apply(files, at, list)?;
    }
    import.verify(files, &before)?;
    Ok(import)
}

/// A list as it is in the pack, and as it shall be.
struct Wanted {
    file: String,
    before: Vec<Content>,
    items: Vec<Item>,
    changes: Vec<String>,
}

/// What one row says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    text: String,
    when: Option<String>,
}

type Lists = BTreeMap<ListAt, (String, Vec<Content>)>;

fn wording_lists(rows: &Rows) -> Lists {
    let mut lists = Lists::new();
    for WordingRow { file, list, text, when, .. } in &rows.wording {
        let at = ListAt::Wording(list.0.clone(), list.1.clone(), list.2.clone());
        let content = Content { text: text.clone(), when: when.clone() };
        lists.entry(at).or_insert_with(|| (file.clone(), Vec::new())).1.push(content);
    }
    lists
}

fn example_lists(rows: &Rows) -> Lists {
    let mut lists = Lists::new();
    for ExampleRow { file, scenario, text, .. } in &rows.examples {
        let content = Content { text: text.clone(), when: None };
        let at = ListAt::Examples(scenario.clone());
        lists.entry(at).or_insert_with(|| (file.clone(), Vec::new())).1.push(content);
    }
    lists
}

/// The lists that a sheet changes.
fn wanted(entries: &[Entry], lists: &Lists, faults: &mut Vec<CellFault>) -> BTreeMap<ListAt, Wanted> {
    let mut wanted: BTreeMap<ListAt, Wanted> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries {
        let Some((file, before)) = lists.get(&entry.at) else {
            faults.push(
                entry.fault(
                    0,
                    format!("the pack has no list of {}; write its first line in the file", entry.at),
                ),
            );
            continue;
        };
        let list = wanted.entry(entry.at.clone()).or_insert_with(|| Wanted {
            file: file.clone(),
            before: before.clone(),
            items: (0..before.len()).map(Item::Keep).collect(),
            changes: Vec::new(),
        });
        match entry.number {
            None => list.add(entry),
            Some(number) if !seen.insert((entry.at.clone(), number)) => {
                faults.push(entry.fault(entry.number_column, format!("number {number} stands here twice")));
            }
            Some(number) => faults.extend(list.change(entry, number)),
        }
    }
    wanted.retain(|at, list| {
        let empty = !list.changes.is_empty() && list.items.iter().all(|item| matches!(item, Item::Remove));
        if empty && let Some(entry) = entries.iter().find(|entry| entry.at == *at) {
            faults
                .push(entry.fault(entry.text_column, "the last line of a list cannot be removed".to_owned()));
        }
        !list.changes.is_empty()
    });
    wanted
}

impl Wanted {
    fn add(&mut self, entry: &Entry) {
        if entry.content.text.is_empty() {
            return;
        }
        self.changes.push(format!("+ {}: {}", entry.at, shown(&entry.content)));
        self.items.push(Item::New(rendered(&entry.at, &entry.content)));
    }

    fn change(&mut self, entry: &Entry, number: usize) -> Option<CellFault> {
        let Some(there) = number.checked_sub(1).and_then(|index| self.before.get(index)) else {
            let message = format!("{} has no number {number}; leave it empty for a new line", entry.at);
            return Some(entry.fault(entry.number_column, message));
        };
        if entry.exported.as_ref().is_some_and(|exported| exported != &there.text) {
            let message =
                format!("was changed in the pack since the workbook was made; it says `{}` now", there.text);
            return Some(entry.fault(entry.text_column, message));
        }
        let name = format!("{} {number}", entry.at);
        let slot = &mut self.items[number - 1];
        if entry.content.text.is_empty() {
            self.changes.push(format!("- {name}: {}", shown(there)));
            *slot = Item::Remove;
        } else if entry.content != *there {
            self.changes.push(format!("~ {name}: {} → {}", shown(there), shown(&entry.content)));
            *slot = Item::Change(rendered(&entry.at, &entry.content));
        }
        None
    }
}

fn shown(content: &Content) -> String {
    match &content.when {
        Some(when) => format!("{} (when {when})", content.text),
        None => content.text.clone(),
    }
}

/// How a row is written in its file.
fn rendered(at: &ListAt, content: &Content) -> String {
    match (&content.when, at) {
        (Some(when), _) => {
            format!("{{ text: {}, when: {} }}", edit::quoted(&content.text), edit::quoted(when))
        }
        (None, ListAt::Wording(..)) => edit::quoted(&content.text),
        (None, ListAt::Examples(_)) => edit::plain_or_quoted(&content.text),
    }
}

impl Import {
    fn apply(&mut self, files: &PackFiles, at: ListAt, list: Wanted) -> Result<(), SheetError> {
        let text =
            self.texts.get(&list.file).or_else(|| files.texts.get(&list.file)).cloned().unwrap_or_default();
        let originals: Vec<String> = list.before.iter().map(|content| rendered(&at, content)).collect();
        let edited = edit::replace(&text, &at, &list.items, &originals);
        let edited =
            edited.ok_or_else(|| SheetError::InPlace { file: list.file.clone(), list: at.to_string() })?;
        self.texts.insert(list.file, edited);
        self.changes.extend(list.changes);
        Ok(())
    }

    /// What the edited files say must be what was asked for, and nothing else may have moved.
    fn verify(&self, files: &PackFiles, before: &Rows) -> Result<(), SheetError> {
        let mut edited = files.clone();
        edited.texts.extend(self.texts.clone());
        let after = rows(&edited);
        let count = |rows: &Rows| (rows.wording.len() + rows.examples.len()) as isize;
        let signs =
            |sign: char| self.changes.iter().filter(|change| change.starts_with(sign)).count() as isize;
        if count(&after) - count(before) == signs('+') - signs('-') {
            return Ok(());
        }
        let file = self.texts.keys().next().cloned().unwrap_or_default();
        Err(SheetError::InPlace { file, list: "one of the changed places".to_owned() })
    }
}

#[cfg(test)]
mod tests;
