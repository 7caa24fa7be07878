//! Where records come from on disk: NDJSON, Markdown, CSV and workbooks, single files or whole folders.

mod contradictions;
mod markdown;
mod report;
mod table;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::KnowledgeError;
use crate::identity::MAX_ID_BYTES;
use crate::record::{
    FaultCode, LineFault, MAX_IMPORT_BYTES, Place, Record, RecordKind, parse_numbered_ndjson,
};

pub use markdown::parse_markdown;
pub use report::{ColumnReport, FileReport, SheetReport, Warning};
pub use table::Columns;

/// What was read from one source as it was named on the command line. Rows that are gone from a source are withdrawn
/// by that name.
#[derive(Debug, Clone, Default)]
pub struct SourceRecords {
    /// The source's name.
    pub source: String,
    /// Its records.
    pub records: Vec<Record>,
    /// What was understood of each file.
    pub files: Vec<FileReport>,
    /// What was taken and should be looked at.
    pub warnings: Vec<Warning>,
    /// Files that were passed over because nothing here reads their format.
    pub skipped: Vec<PathBuf>,
}

/// Where a record stood.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    file: String,
    /// From 1; 0 if it is not known.
    line: usize,
    place: Option<Place>,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.file)?;
        match &self.place {
            Some(place) => write!(formatter, ":{place}"),
            None if self.line > 0 => write!(formatter, ":{}", self.line),
            None => Ok(()),
        }
    }
}

/// What one file held.
#[derive(Debug, Default)]
struct FileRecords {
    records: Vec<(Record, Origin)>,
    report: FileReport,
    warnings: Vec<Warning>,
}

/// The names of a file.
struct FileName<'a> {
    /// Its path as people know it, for faults.
    shown: &'a str,
    /// Its path below the source, for ids.
    relative: &'a str,
}

impl FileName<'_> {
    /// The file's name without folder and extension.
    fn stem(&self) -> &str {
        let file = self.relative.rsplit('/').next().unwrap_or(self.relative);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }

    /// A fault of the whole file.
    fn fault(&self, message: String) -> LineFault {
        let (field, code) = (String::new(), FaultCode::ImpossibleValue);
        LineFault { line: 0, field, code, message, source: self.shown.to_owned(), place: None }
    }
}

/// Sources that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Unreadable(#[from] KnowledgeError),
    /// A source holds nothing that can be read.
    #[error(
        "{0}: no file with records; Warmdesk reads .csv, .tsv, .xlsx, .ndjson, .jsonl, .md and .markdown"
    )]
    Nothing(PathBuf),
    /// Lines are wrong; nothing was taken.
    #[error("{} faults, nothing was taken; the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Faults(Vec<LineFault>),
}

/// Reads sources: files, or folders with all files below them. Nothing is given if anything is wrong.
///
/// # Errors
/// Every fault of every file, by file and line or cell.
pub fn read_sources(paths: &[PathBuf], columns: &Columns) -> Result<Vec<SourceRecords>, SourceError> {
    let mut read = Vec::new();
    let mut faults = Vec::new();
    let mut seen: HashMap<(RecordKind, String), Origin> = HashMap::new();
    let mut contradictions = contradictions::Contradictions::default();
    for path in paths {
        let mut source = SourceRecords { source: source_name(path), ..SourceRecords::default() };
        let mut files = Vec::new();
        collect(path, &mut files)?;
        for file in files {
            let Some(format) = Format::of(&file) else {
                source.skipped.push(file);
                continue;
            };
            match read_file(&file, path, format, columns)? {
                Ok(found) => {
                    source.files.push(found.report);
                    source.warnings.extend(found.warnings);
                    for (record, origin) in found.records {
                        source.warnings.extend(contradictions.look_at(&record, &origin));
                        if let Some(first) = seen.insert(record.key(), origin.clone()) {
                            faults.push(twice(&record, &first, origin));
                        }
                        source.records.push(record);
                    }
                }
                Err(found) => {
                    source.files.push(FileReport::default());
                    faults.extend(found);
                }
            }
        }
        if source.files.is_empty() {
            return Err(SourceError::Nothing(path.clone()));
        }
        read.push(source);
    }
    if faults.is_empty() { Ok(read) } else { Err(SourceError::Faults(faults)) }
}

fn twice(record: &Record, first: &Origin, second: Origin) -> LineFault {
    LineFault {
        line: second.line,
        field: "id".into(),
        code: FaultCode::ImpossibleValue,
        message: format!("`{}` stands in {first} already; an id may be used once", record.fact_id()),
        source: second.file,
        place: second.place,
    }
}

/// The name by which a source is remembered: its whole path, so that the same file is the same source tomorrow.
fn source_name(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Ndjson,
    Markdown,
    Csv,
    Xlsx,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        // Spreadsheet programs keep a lock file beside an open workbook.
        if path.file_name()?.to_string_lossy().starts_with("~$") {
            return None;
        }
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "md" | "markdown" => Some(Self::Markdown),
            "csv" | "tsv" => Some(Self::Csv),
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

fn read_file(
    path: &Path,
    root: &Path,
    format: Format,
    columns: &Columns,
) -> Result<Result<FileRecords, Vec<LineFault>>, SourceError> {
    let (shown, relative) = (path.display().to_string(), relative_name(path, root));
    let file = FileName { shown: &shown, relative: &relative };
    let size = fs::metadata(path).map_err(KnowledgeError::file(path))?.len();
    if size > MAX_IMPORT_BYTES as u64 {
        let message = format!("the file has {size} bytes; at most {MAX_IMPORT_BYTES} are taken, split it");
        return Ok(Err(vec![LineFault { code: FaultCode::TooLarge, ..file.fault(message) }]));
    }
    let bytes = fs::read(path).map_err(KnowledgeError::file(path))?;
    Ok(match format {
        Format::Ndjson => {
            parse_numbered_ndjson(&bytes, &shown).map(|records| listed(records, &shown, "ndjson"))
        }
        Format::Markdown => parse_markdown(&bytes, &relative, &shown).map(|records| {
            listed(records.into_iter().map(|record| (0, record)).collect(), &shown, "markdown")
        }),
        Format::Csv => table::read_csv_file(&bytes, &file, columns),
        Format::Xlsx => table::read_xlsx_file(&bytes, &file, columns),
    })
}

fn listed(records: Vec<(usize, Record)>, file: &str, format: &'static str) -> FileRecords {
    let report =
        FileReport { file: file.to_owned(), format, records: records.len(), ..FileReport::default() };
    let origin = |line| Origin { file: file.to_owned(), line, place: None };
    let records = records.into_iter().map(|(line, record)| (record, origin(line))).collect();
    FileRecords { records, report, warnings: Vec::new() }
}

/// The id of what has none, from the place where it stands; `number` tells those apart that stand alike. Ids have a
/// limit; a long one keeps its beginning and gets a hash.
fn fitting_id(stem: &str, number: usize) -> String {
    let clean: String = stem.chars().filter(|character| !character.is_control()).collect();
    let suffix = if number > 1 { format!("~{number}") } else { String::new() };
    if clean.len() + suffix.len() <= MAX_ID_BYTES {
        return clean + &suffix;
    }
    let hash: String =
        Sha256::digest(clean.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut end = MAX_ID_BYTES - hash.len() - suffix.len() - 1;
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{hash}{suffix}", &clean[..end])
}

/// The file's path below the source, with forward slashes: stable wherever the source lies.
fn relative_name(file: &Path, root: &Path) -> String {
    let inside = file.strip_prefix(root).ok().filter(|path| path.components().next().is_some());
    let path = inside.unwrap_or_else(|| Path::new(file.file_name().unwrap_or(file.as_os_str())));
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), KnowledgeError> {
    let kind = fs::metadata(path).map_err(KnowledgeError::file(path))?;
    if kind.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(KnowledgeError::file(path))? {
        let entry = entry.map_err(KnowledgeError::file(path))?;
        // Links are not followed below the source: they may lead out of it or in circles.
        let kind = entry.file_type().map_err(KnowledgeError::file(entry.path()))?;
        if !entry.file_name().to_string_lossy().starts_with('.') && !kind.is_symlink() {
            entries.push(entry.path());
        }
    }
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, files))
}
