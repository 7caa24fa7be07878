//! Where records come from on disk: NDJSON and Markdown, single files or whole folders.

mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use super::KnowledgeError;
use crate::record::{FaultCode, LineFault, MAX_IMPORT_BYTES, Record, RecordKind, parse_ndjson};

pub use markdown::parse_markdown;

/// What was read from one source as it was named on the command line. Rows that are gone from a source are withdrawn
/// by that name.
#[derive(Debug, Clone, Default)]
pub struct SourceRecords {
    /// The source's name.
    pub source: String,
    /// Its records.
    pub records: Vec<Record>,
    /// Files that were passed over because nothing here reads their format.
    pub skipped: Vec<PathBuf>,
}

/// Sources that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error(transparent)]
    Unreadable(#[from] KnowledgeError),
    /// A source holds nothing that can be read.
    #[error("{0}: no file with records; Warmdesk reads .ndjson, .jsonl, .md and .markdown")]
    Nothing(PathBuf),
    /// Lines are wrong; nothing was taken.
    #[error("{} faults, nothing was taken; the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Faults(Vec<LineFault>),
}

/// Reads sources: files, or folders with all files below them. Nothing is given if anything is wrong.
///
/// # Errors
/// Every fault of every file, by file and line.
pub fn read_sources(paths: &[PathBuf]) -> Result<Vec<SourceRecords>, SourceError> {
    let mut read = Vec::new();
    let mut faults = Vec::new();
    let mut seen: std::collections::HashMap<(RecordKind, String), String> = std::collections::HashMap::new();
    for path in paths {
        let mut source = SourceRecords { source: source_name(path), ..SourceRecords::default() };
        let mut files = Vec::new();
        collect(path, &mut files)?;
        let mut readable = 0;
        for file in files {
            let Some(format) = Format::of(&file) else {
                source.skipped.push(file);
                continue;
            };
            readable += 1;
            match read_file(&file, path, format)? {
                Ok(records) => {
                    for record in &records {
                        let name = file.display().to_string();
                        if let Some(first) = seen.insert((record.kind, record.id.clone()), name.clone()) {
                            faults.push(twice(record, &first, &name));
                        }
                    }
                    source.records.extend(records);
                }
                Err(found) => faults.extend(found),
            }
        }
        if readable == 0 {
            return Err(SourceError::Nothing(path.clone()));
        }
        read.push(source);
    }
    if faults.is_empty() { Ok(read) } else { Err(SourceError::Faults(faults)) }
}

fn twice(record: &Record, first: &str, second: &str) -> LineFault {
    LineFault {
        line: 0,
        field: "id".into(),
        code: FaultCode::ImpossibleValue,
        message: format!("`{}` stands in {first} already; an id may be used once", record.fact_id()),
        source: second.to_owned(),
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
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }
}

fn read_file(
    file: &Path,
    root: &Path,
    format: Format,
) -> Result<Result<Vec<Record>, Vec<LineFault>>, SourceError> {
    let name = file.display().to_string();
    let size = fs::metadata(file).map_err(KnowledgeError::file(file))?.len();
    if size > MAX_IMPORT_BYTES as u64 {
        let message = format!("the file has {size} bytes; at most {MAX_IMPORT_BYTES} are taken, split it");
        let fault =
            LineFault { line: 0, field: String::new(), code: FaultCode::TooLarge, message, source: name };
        return Ok(Err(vec![fault]));
    }
    let bytes = fs::read(file).map_err(KnowledgeError::file(file))?;
    Ok(match format {
        Format::Ndjson => parse_ndjson(&bytes, &name),
        Format::Markdown => parse_markdown(&bytes, &relative_name(file, root), &name),
    })
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
