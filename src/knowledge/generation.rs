//! Generations of the index: built aside, never changed again, swapped by one rename, pruned behind.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::{Index, IndexWriter, TantivyDocument};

use super::KnowledgeError;
use super::analyzer::Analyzer;
use super::meanings::{VectorCache, embed_records};
use super::schema::{Fields, document, register, schema};
use super::vectors::Vectors;
use crate::identity::ShopId;
use crate::model::Embedder;
use crate::parallel::in_shares;
use crate::record::{Record, RecordKind};
use crate::time::Now;

/// How many generations are kept, the current one included: a reader that has just read `CURRENT` still finds
/// its files.
const KEPT: usize = 2;
/// So many documents are made before they are handed to the engine.
const AT_ONCE: usize = 4_096;
/// Memory for building, in bytes.
const BUILD_MEMORY: usize = 128 * 1024 * 1024;

/// What stands in a generation's `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its id, the name of its folder.
    pub id: String,
    /// The analyzer it was built with; another one would not find what is in it.
    pub analyzer: String,
    /// When the records were read from the store, in milliseconds since 1970.
    pub created_at: i64,
    /// The newest change of the store that it has; changes after it must be applied. Without one, those since
    /// `created_at`.
    #[serde(default)]
    pub change: Option<i64>,
    /// How many documents of each kind.
    pub documents: std::collections::BTreeMap<RecordKind, usize>,
}

/// The folder of the index inside a data folder.
pub fn index_folder(data: &Path) -> PathBuf {
    data.join("index")
}

/// The generation that `CURRENT` names, with its folder; `None` if there is none yet.
///
/// # Errors
/// A damaged or missing manifest.
pub fn current_generation(data: &Path) -> Result<Option<(Manifest, PathBuf)>, KnowledgeError> {
    let root = index_folder(data);
    let current = root.join("CURRENT");
    let id = match fs::read_to_string(&current) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KnowledgeError::file(current)(error)),
    };
    if id.is_empty() || id.contains(['/', '\\', '.']) {
        return Err(KnowledgeError::Manifest {
            path: current,
            message: format!("`{id}` names no generation"),
        });
    }
    let folder = root.join("generations").join(&id);
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).map_err(KnowledgeError::file(&path))?;
    let manifest = serde_json::from_str(&text)
        .map_err(|error| KnowledgeError::Manifest { path, message: error.to_string() })?;
    Ok(Some((manifest, folder)))
}

/// What a generation is built with.
#[derive(Clone, Copy)]
pub struct Builder<'a> {
    /// What cuts texts into terms.
    pub analyzer: &'a Analyzer,
    /// What turns texts into vectors; without it records are found by words alone.
    pub embedder: Option<&'a dyn Embedder>,
    /// The newest change of the store that is among the records, if it is known.
    pub change: Option<i64>,
}

impl<'a> From<&'a Analyzer> for Builder<'a> {
    fn from(analyzer: &'a Analyzer) -> Self {
        Self { analyzer, embedder: None, change: None }
    }
}

/// Builds a generation from all records of the store, makes it current, and prunes old ones. If anything fails,
/// the old one stays in force.
///
/// `now` is the moment at which the records were read.
///
/// # Errors
/// Another build is running, or a file cannot be written.
pub fn build_generation<'a>(
    data: &Path,
    builder: impl Into<Builder<'a>>,
    records: impl IntoIterator<Item = (&'a ShopId, &'a Record)>,
    now: &Now,
) -> Result<Manifest, KnowledgeError> {
    let builder = builder.into();
    let records: Vec<(&ShopId, &Record)> = records.into_iter().collect();
    let root = index_folder(data);
    let generations = root.join("generations");
    fs::create_dir_all(&generations).map_err(KnowledgeError::file(&generations))?;
    let _lock = lock(&root)?;
    let id = free_id(&generations, now);
    let building = generations.join(format!(".building-{id}"));
    remove_folder(&building)?;
    fs::create_dir_all(&building).map_err(KnowledgeError::file(&building))?;
    let outcome = fill(&building, builder, &records, &id, now).and_then(|manifest| {
        if let Some(embedder) = builder.embedder {
            write_vectors(&building, &root, embedder, &records)?;
        }
        let target = generations.join(&id);
        fs::rename(&building, &target).map_err(KnowledgeError::file(&target))?;
        sync_folder(&generations);
        publish(&root, &id)?;
        Ok(manifest)
    });
    if outcome.is_err() {
        // What was begun is worth nothing; the error that matters is the first one.
        let _ = remove_folder(&building);
        return outcome;
    }
    prune(&generations, &id);
    outcome
}

/// The file of vectors in a generation's folder.
pub(super) const VECTORS: &str = "vectors.bin";

fn write_vectors(
    folder: &Path,
    root: &Path,
    embedder: &dyn Embedder,
    records: &[(&ShopId, &Record)],
) -> Result<(), KnowledgeError> {
    let mut vectors = Vectors::default();
    let mut cache = VectorCache::open(Some(root), embedder);
    for meanings in embed_records(records, embedder, &mut cache)? {
        vectors.put(meanings);
    }
    let path = folder.join(VECTORS);
    vectors.write(&path, embedder.name()).map_err(KnowledgeError::file(&path))?;
    sync_folder(folder);
    Ok(())
}

fn fill(
    folder: &Path,
    builder: Builder<'_>,
    records: &[(&ShopId, &Record)],
    id: &str,
    now: &Now,
) -> Result<Manifest, KnowledgeError> {
    let (schema, fields) = schema();
    let index = Index::create_in_dir(folder, schema)?;
    register(&index, builder.analyzer);
    let mut writer: IndexWriter<TantivyDocument> = index.writer_with_num_threads(1, BUILD_MEMORY)?;
    let mut documents = std::collections::BTreeMap::new();
    for some in records.chunks(AT_ONCE) {
        for (kind, document) in made(&fields, builder.analyzer, some) {
            writer.add_document(document)?;
            *documents.entry(kind).or_default() += 1;
        }
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let manifest = Manifest {
        id: id.to_owned(),
        analyzer: builder.analyzer.version().to_owned(),
        created_at: now.epoch_milliseconds(),
        change: builder.change,
        documents,
    };
    let path = folder.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| KnowledgeError::Manifest { path: path.clone(), message: error.to_string() })?;
    write_synced(&path, text.as_bytes())?;
    sync_folder(folder);
    Ok(manifest)
}

/// The documents of some records, in their order, made on all processors: cutting texts takes most of the time.
fn made(
    fields: &Fields,
    analyzer: &Analyzer,
    records: &[(&ShopId, &Record)],
) -> Vec<(RecordKind, TantivyDocument)> {
    in_shares(records, |share| {
        let made = |(shop, record): &(&ShopId, &Record)| {
            Some((record.kind, document(fields, analyzer, shop, record)?))
        };
        share.iter().filter_map(made).collect()
    })
}

/// Makes a generation current: written aside, synced, renamed over the old name.
fn publish(root: &Path, id: &str) -> Result<(), KnowledgeError> {
    let aside = root.join("CURRENT.new");
    write_synced(&aside, format!("{id}\n").as_bytes())?;
    let current = root.join("CURRENT");
    fs::rename(&aside, &current).map_err(KnowledgeError::file(current))?;
    sync_folder(root);
    Ok(())
}

/// Removes every generation but the current one, in which may stand what the store has erased since.
///
/// # Errors
/// A build is running, or a file cannot be read or removed.
pub fn forget_earlier_generations(data: &Path) -> Result<(), KnowledgeError> {
    let root = index_folder(data);
    let Some((current, _)) = current_generation(data)? else { return Ok(()) };
    let _lock = lock(&root)?;
    let generations = root.join("generations");
    let entries = fs::read_dir(&generations).map_err(KnowledgeError::file(&generations))?;
    for entry in entries {
        let entry = entry.map_err(KnowledgeError::file(&generations))?;
        if entry.file_name() != current.id.as_str() {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), KnowledgeError> {
    let write = || -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(KnowledgeError::file(path))
}

/// Not every system can sync a folder; where it can, the rename survives a power cut.
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

fn lock(root: &Path) -> Result<File, KnowledgeError> {
    let path = root.join("build.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(KnowledgeError::file(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(KnowledgeError::Busy(root.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(KnowledgeError::file(path)(error)),
    }
}

fn free_id(generations: &Path, now: &Now) -> String {
    let stem = format!("g{:013}", now.epoch_milliseconds().max(0));
    let mut id = stem.clone();
    let mut number = 1;
    while generations.join(&id).exists() {
        id = format!("{stem}-{number:03}");
        number += 1;
    }
    id
}

fn remove_folder(path: &Path) -> Result<(), KnowledgeError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(KnowledgeError::file(path)(error)),
        _ => Ok(()),
    }
}

/// Removes all but the newest generations, never the current one. What cannot be removed now is removed later.
fn prune(generations: &Path, current: &str) {
    let Ok(entries) = fs::read_dir(generations) else { return };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name != current)
        .collect();
    names.sort();
    let finished = names.iter().filter(|name| !name.starts_with('.')).count();
    let mut surplus = (finished + 1).saturating_sub(KEPT);
    for name in names {
        // The lock is ours, so every unfinished build is an abandoned one.
        let abandoned = name.starts_with('.');
        if abandoned || surplus > 0 {
            surplus -= usize::from(!abandoned);
            let _ = remove_folder(&generations.join(name));
        }
    }
}
