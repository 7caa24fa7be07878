//! What is wrong with a pack, and where?

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pack is refused.
    Error,
    /// The pack is taken; somebody should look.
    Warning,
}

/// Something wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, inside the pack.
    pub file: String,
    /// The line, from 1; 0 if it concerns the whole file.
    pub line: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(formatter, "{}", self.file)?;
        if self.line > 0 {
            write!(formatter, ":{}", self.line)?;
        }
        write!(formatter, ": {severity}: {}", self.message)
    }
}

/// A pack was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A file or folder cannot be read.
    #[error("cannot read `{file}`: {message}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        message: String,
    },
    /// There is no pack of this language.
    #[error("no pack for `{language}` in {place}; a pack is a folder with `pack.yaml` in it")]
    Absent {
        /// Where it was looked for.
        place: String,
        /// The language.
        language: String,
    },
    /// The pack has errors.
    #[error("the pack in `{root}` has errors:\n{}", list(.problems))]
    Refused {
        /// The folder.
        root: String,
        /// All errors, and the warnings beside them.
        problems: Vec<Problem>,
    },
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// Collects problems while one pack is read.
#[derive(Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
    /// Names of scenarios and places that could not be read; what refers to them is not reported a second time.
    pub broken: BTreeSet<String>,
    /// Files that could not be read at all.
    unreadable: BTreeSet<String>,
}

impl Problems {
    /// All of them, by file and line.
    pub fn sorted(mut self) -> Vec<Problem> {
        self.found.sort();
        self.found
    }

    /// Notes that nothing is known of what a file says.
    pub fn unreadable(&mut self, path: &str) {
        self.unreadable.insert(path.to_owned());
    }

    /// Whether a file whose path begins so could not be read.
    pub fn is_unreadable(&self, prefix: &str) -> bool {
        self.unreadable.iter().any(|path| path.starts_with(prefix))
    }

    /// Whether a scenario that is not there may stand where something could not be read.
    pub fn may_be_scenario(&self, id: &str) -> bool {
        self.broken.contains(id) || self.is_unreadable("scenarios/")
    }

    /// Whether wording that is not there may stand where something could not be read.
    pub fn may_have_wording(&self, place: &str) -> bool {
        self.broken.contains(place) || self.is_unreadable("wording/")
    }

    pub fn error(&mut self, at: At<'_>, message: impl Into<String>) {
        self.push(at, Severity::Error, message.into());
    }

    pub fn warn(&mut self, at: At<'_>, message: impl Into<String>) {
        self.push(at, Severity::Warning, message.into());
    }

    fn push(&mut self, at: At<'_>, severity: Severity, message: String) {
        self.found.push(Problem { file: at.file.to_owned(), line: at.line, severity, message });
    }

    /// Reads a name of an enumeration.
    pub fn named<T: DeserializeOwned>(
        &mut self,
        file: &str,
        text: &Spanned<String>,
        field: &str,
    ) -> Option<T> {
        match serde_json::from_value(serde_json::Value::String(text.value.clone())) {
            Ok(value) => Some(value),
            Err(error) => {
                let reason = error.to_string().replace("unknown variant", "unknown name");
                self.error(At::text(file, text), format!("{field}: {reason}"));
                None
            }
        }
    }

    /// Compiles expressions; bad ones are reported and left out.
    pub fn expressions(&mut self, file: &str, sources: &[Spanned<String>]) -> Vec<regex::Regex> {
        sources
            .iter()
            .filter_map(|source| match regex::Regex::new(&source.value) {
                Ok(expression) => Some(expression),
                Err(error) => {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
                    self.error(
                        At::text(file, source),
                        format!("bad expression `{}`: {reason}", source.value),
                    );
                    None
                }
            })
            .collect()
    }

    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At<'a> {
    pub file: &'a str,
    pub line: u64,
}

impl<'a> At<'a> {
    pub fn file(file: &'a str) -> Self {
        Self { file, line: 0 }
    }

    pub fn text<T>(file: &'a str, text: &Spanned<T>) -> Self {
        Self { file, line: text.referenced.line() }
    }
}
