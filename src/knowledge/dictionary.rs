//! The merchant's own words, synonyms and stop words: embedded defaults, or files of a folder in their place.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::KnowledgeError;

/// The defaults, named one by one so that nothing else lying in that folder gets into the program.
const EMBEDDED: [(&str, &str); 3] = [
    ("words.txt", include_str!("../../index/words.txt")),
    ("synonyms.txt", include_str!("../../index/synonyms.txt")),
    ("stop_words.txt", include_str!("../../index/stop_words.txt")),
];

/// A word list, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionaries {
    /// Own words with their frequency, if one is given.
    pub words: Vec<(String, Option<usize>)>,
    /// Groups of words that may stand for one another.
    pub synonyms: Vec<Vec<String>>,
    /// Words that say nothing about what is looked for.
    pub stop_words: HashSet<String>,
    /// A hash of all of them.
    pub version: String,
}

impl Dictionaries {
    /// Reads `words.txt`, `synonyms.txt` and `stop_words.txt`. Files of `folder` take the place of the embedded
    /// ones of the same name.
    ///
    /// # Errors
    /// A file that cannot be read, or a bad line.
    pub fn load(folder: Option<&Path>) -> Result<Self, KnowledgeError> {
        let mut hash = Sha256::new();
        let mut text_of = |name: &str| -> Result<String, KnowledgeError> {
            let text = read(folder, name)?;
            hash.update(name.as_bytes());
            hash.update(text.as_bytes());
            Ok(text)
        };
        let words = text_of("words.txt")?;
        let synonyms = text_of("synonyms.txt")?;
        let stop_words = text_of("stop_words.txt")?;
        let version = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            words: read_words(&words)?,
            synonyms: read_synonyms(&synonyms)?,
            stop_words: lines(&stop_words).map(|(_, line)| line.to_lowercase()).collect(),
            version,
        })
    }

    /// For each word the others of its groups.
    pub(super) fn alternatives(&self) -> HashMap<String, Vec<String>> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        for group in &self.synonyms {
            for word in group {
                let others = group.iter().filter(|other| *other != word).cloned();
                found.entry(word.clone()).or_default().extend(others);
            }
        }
        found
    }
}

fn read(folder: Option<&Path>, name: &str) -> Result<String, KnowledgeError> {
    if let Some(path) = folder.map(|folder| folder.join(name)).filter(|path| path.exists()) {
        return fs::read_to_string(&path).map_err(KnowledgeError::file(path));
    }
    let default = EMBEDDED.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text);
    Ok(default.to_owned())
}

/// Lines with their number, without comments and blank ones.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn read_words(text: &str) -> Result<Vec<(String, Option<usize>)>, KnowledgeError> {
    lines(text)
        .map(|(line, entry)| {
            let mut parts = entry.split_whitespace();
            let word = parts.next().unwrap_or_default().to_lowercase();
            let frequency = match parts.next() {
                None => None,
                Some(text) => Some(text.parse().map_err(|_| KnowledgeError::Dictionary {
                    file: "words.txt".into(),
                    line,
                    message: format!("`{text}` is no frequency; write a whole number or nothing"),
                })?),
            };
            Ok((word, frequency))
        })
        .collect()
}

fn read_synonyms(text: &str) -> Result<Vec<Vec<String>>, KnowledgeError> {
    lines(text)
        .map(|(line, entry)| {
            let group: Vec<String> = entry
                .split(|character: char| {
                    character.is_whitespace() || matches!(character, ',' | '，' | '、' | '=')
                })
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            if group.len() < 2 {
                return Err(KnowledgeError::Dictionary {
                    file: "synonyms.txt".into(),
                    line,
                    message: "a group needs at least two words".into(),
                });
            }
            Ok(group)
        })
        .collect()
}
