//! How do records get their vectors? Their texts are embedded in groups, and what was embedded once is kept by its
//! content, so that a new build of the index computes only what is new.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::schema::key;
use super::vectors::{Meanings, Row};
use crate::identity::ShopId;
use crate::model::{EmbedError, Embedder, Purpose, Vector};
use crate::record::{Record, RecordKind, clean_title};

/// So many texts are embedded before what is done is kept.
const GROUP: usize = 64;

/// Of a long text so many characters are embedded: what a text is about stands at its beginning.
const READ_CHARACTERS: usize = 300;

/// Whether records of this kind have vectors: what everybody may see and asks about. Private records never do, so that
/// a search by meaning cannot find them for anybody.
pub(super) fn has_meaning(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::Product
            | RecordKind::Knowledge
            | RecordKind::Policy
            | RecordKind::Promotion
            | RecordKind::Notice
    )
}

/// Texts, each with what it is to the search.
type Texts = Vec<(Purpose, String)>;

/// The texts of a record that a question may be like.
fn texts(record: &Record) -> Texts {
    let shortened = |text: &str| text.chars().take(READ_CHARACTERS).collect::<String>();
    let mut texts = Texts::new();
    let mut add = |purpose: Purpose, text: String| {
        if !text.trim().is_empty() && !texts.iter().any(|(_, known)| *known == text) {
            texts.push((purpose, text));
        }
    };
    let title = match record.kind {
        RecordKind::Product => record.text("title").map(clean_title),
        _ => record.text("title").map(str::to_owned),
    };
    let title = title.unwrap_or_default();
    add(Purpose::Passage, shortened(&title));
    for question in record.texts("questions") {
        add(Purpose::Query, shortened(question));
    }
    let text = record.text("text").or_else(|| record.text("description")).unwrap_or_default();
    if !text.trim().is_empty() {
        add(Purpose::Passage, shortened(&format!("{title}：{text}")));
    }
    texts
}

/// The vectors of records, from the cache as far as it has them.
///
/// # Errors
/// The embedder failed. A cache that cannot be written only costs time.
pub(super) fn embed_records(
    records: &[(&ShopId, &Record)],
    embedder: &dyn Embedder,
    cache: &mut VectorCache,
) -> Result<Vec<Meanings>, EmbedError> {
    let wanted: Vec<(&ShopId, &Record, Texts)> = records
        .iter()
        .filter(|(_, record)| has_meaning(record.kind))
        .map(|(shop, record)| (*shop, *record, texts(record)))
        .collect();
    for purpose in [Purpose::Query, Purpose::Passage] {
        let texts = wanted.iter().flat_map(|(.., texts)| texts).filter(|(its, _)| *its == purpose);
        fill(texts.map(|(_, text)| text.as_str()), purpose, embedder, cache)?;
    }
    let meanings = wanted.iter().filter_map(|(shop, record, texts)| {
        let rows: Vec<Row> =
            texts.iter().filter_map(|(purpose, text)| cache.get(*purpose, text).cloned()).collect();
        let name = (key(shop, record.kind, &record.id), shop.to_string(), record.kind, record.id.clone());
        (!rows.is_empty()).then(|| Meanings::new(name, &rows))
    });
    Ok(meanings.collect())
}

/// The vectors of questions, from the cache as far as it has them.
///
/// # Errors
/// The embedder failed.
pub(super) fn embed_questions(
    questions: &[&str],
    embedder: &dyn Embedder,
    cache: &mut VectorCache,
) -> Result<Vec<Vector>, EmbedError> {
    fill(questions.iter().copied(), Purpose::Query, embedder, cache)?;
    let vectors = questions.iter().filter_map(|question| cache.get(Purpose::Query, question));
    Ok(vectors.map(Row::vector).collect())
}

/// Embeds what the cache does not have.
fn fill<'t>(
    texts: impl Iterator<Item = &'t str>,
    purpose: Purpose,
    embedder: &dyn Embedder,
    cache: &mut VectorCache,
) -> Result<(), EmbedError> {
    let mut missing: Vec<&str> = texts.filter(|text| cache.get(purpose, text).is_none()).collect();
    missing.sort_unstable();
    missing.dedup();
    for group in missing.chunks(GROUP) {
        let vectors = embedder.embed(group, purpose)?;
        let rows = group.iter().zip(vectors).map(|(text, vector)| (*text, Row::of(&vector)));
        cache.add(purpose, rows);
    }
    Ok(())
}

type Name = [u8; 16];

/// Vectors by the content they were made of, in memory and, if it has a file, appended there.
#[derive(Debug)]
pub(super) struct VectorCache {
    embedder: String,
    dimensions: usize,
    path: Option<PathBuf>,
    known: HashMap<Name, Row>,
}

impl VectorCache {
    /// The one in a folder, or without one an empty one that is forgotten. What cannot be read is computed again.
    pub(super) fn open(folder: Option<&Path>, embedder: &dyn Embedder) -> Self {
        let (name, dimensions) = (embedder.name().to_owned(), embedder.dimensions());
        let mut cache = Self { embedder: name, dimensions, path: None, known: HashMap::new() };
        let Some(folder) = folder else { return cache };
        let path = folder.join(format!("vectors-{}.cache", cache.embedder));
        let content = fs::read(&path).unwrap_or_default();
        for entry in content.chunks_exact(cache.entry_length()) {
            let (name, rest) = entry.split_at(size_of::<Name>());
            let (scale, numbers) = rest.split_at(4);
            let (Ok(name), Ok(scale)) = (name.try_into(), scale.try_into()) else { continue };
            let numbers = numbers.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
            cache.known.insert(name, Row { scale: f32::from_le_bytes(scale), numbers });
        }
        cache.path = Some(path);
        cache
    }

    fn entry_length(&self) -> usize {
        size_of::<Name>() + 4 + self.dimensions
    }

    fn get(&self, purpose: Purpose, text: &str) -> Option<&Row> {
        self.known.get(&self.name(purpose, text))
    }

    fn add<'t>(&mut self, purpose: Purpose, rows: impl Iterator<Item = (&'t str, Row)>) {
        let mut entries = Vec::new();
        for (text, row) in rows {
            let name = self.name(purpose, text);
            entries.extend_from_slice(&name);
            entries.extend_from_slice(&row.scale.to_le_bytes());
            entries.extend(row.numbers.iter().map(|number| number.to_le_bytes()[0]));
            self.known.insert(name, row);
        }
        if let Some(path) = &self.path
            && let Err(error) = append(path, &entries, self.entry_length())
        {
            tracing::warn!(path = %path.display(), %error, "vectors cannot be kept; they will be computed again");
            self.path = None;
        }
    }

    fn name(&self, purpose: Purpose, text: &str) -> Name {
        let mut hasher = Sha256::new();
        for part in [self.embedder.as_str(), if purpose == Purpose::Query { "q" } else { "p" }, text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut name = Name::default();
        name.copy_from_slice(&hasher.finalize()[..size_of::<Name>()]);
        name
    }
}

/// Appends whole entries. Another process may do the same, and a power cut may have left half of one.
fn append(path: &Path, entries: &[u8], length: usize) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    file.lock()?;
    let whole = file.metadata()?.len() / length as u64 * length as u64;
    file.set_len(whole)?;
    file.write_all(entries)
}
