//! The handle a running program searches with: the current generation in memory, single changes at once.
//!
//! A generation on disk is never changed. It is read into memory, changes go there, and after a restart or a swap
//! the store's newer changes are applied again.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use arc_swap::ArcSwap;
use tantivy::directory::RamDirectory;
use tantivy::{Directory, Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument};

use super::KnowledgeError;
use super::analyzer::Analyzer;
use super::background::Background;
use super::generation::{Manifest, VECTORS, current_generation, index_folder};
use super::schema::{Fields, document, key, key_term, register, schema};
use super::sounds::Sounds;
use super::vectors::Vectors;
use crate::identity::ShopId;
use crate::model::Embedder;
use crate::record::{Record, RecordKind};

/// Memory for taking single changes, in bytes; the least the engine allows.
const CHANGE_MEMORY: usize = 15_000_000;

/// A single change of the shop's records.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A record is new or changed.
    Put(Record),
    /// A record is gone.
    Remove(RecordKind, String),
}

/// What the shop knows, searchable. Share it behind an `Arc`.
pub struct Knowledge {
    pub(super) analyzer: Analyzer,
    pub(super) data: Option<PathBuf>,
    pub(super) live: ArcSwap<Live>,
    changes: Mutex<Changes>,
    pub(super) embedder: Option<Arc<dyn Embedder>>,
    pub(super) background: Background,
    /// Where vectors are kept by the content they were made of.
    pub(super) vector_cache: Option<PathBuf>,
}

/// One generation in memory.
pub(super) struct Live {
    pub manifest: Option<Manifest>,
    pub index: Index,
    pub reader: IndexReader,
    pub fields: Fields,
    pub vectors: RwLock<Vectors>,
    /// The words of the index by their sound, as far as anybody has needed them. Words that come with single changes are
    /// known by their sound from the next generation on.
    pub sounds: OnceLock<Sounds>,
}

type Journal = HashMap<String, (ShopId, Change)>;

/// The writer of the generation in memory, and what was changed lately.
#[derive(Default)]
struct Changes {
    writer: Option<IndexWriter<TantivyDocument>>,
    /// Changes since this generation was opened.
    recent: Journal,
    /// Changes of the generation before: a new one may have been built while they were made.
    before: Journal,
}

impl std::fmt::Debug for Knowledge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Knowledge").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Opens the current generation of a data folder.
    ///
    /// Changes the store took after those of the manifest must be applied by the caller.
    ///
    /// # Errors
    /// There is no generation, or it is damaged or was built by another analyzer.
    pub fn open(data: &Path, analyzer: Analyzer) -> Result<Self, KnowledgeError> {
        let live = load(data, &analyzer)?;
        Ok(Self::with(live, analyzer, Some(data.to_owned())))
    }

    /// Knowledge of nothing, which is filled by [`Knowledge::apply`].
    ///
    /// # Errors
    /// The engine cannot be set up.
    pub fn empty(analyzer: Analyzer) -> Result<Self, KnowledgeError> {
        let (schema, fields) = schema();
        let index = Index::create_in_ram(schema);
        let live = live(index, fields, &analyzer, None)?;
        Ok(Self::with(live, analyzer, None))
    }

    /// Like [`Knowledge::open`], but a data folder without a usable generation gives empty knowledge that picks up
    /// the first one on [`Knowledge::refresh`].
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn open_or_empty(data: &Path, analyzer: Analyzer) -> Result<Self, KnowledgeError> {
        match load(data, &analyzer) {
            Ok(live) => Ok(Self::with(live, analyzer, Some(data.to_owned()))),
            Err(KnowledgeError::NoGeneration(_) | KnowledgeError::OtherAnalyzer { .. }) => {
                let mut knowledge = Self::empty(analyzer)?;
                knowledge.vector_cache = Some(index_folder(data));
                knowledge.data = Some(data.to_owned());
                Ok(knowledge)
            }
            Err(error) => Err(error),
        }
    }

    fn with(live: Live, analyzer: Analyzer, data: Option<PathBuf>) -> Self {
        Self {
            analyzer,
            vector_cache: data.as_deref().map(index_folder),
            data,
            live: ArcSwap::from_pointee(live),
            changes: Mutex::default(),
            embedder: None,
            background: Background::default(),
        }
    }

    /// The same, with something that turns texts into vectors.
    ///
    /// # Errors
    /// The vectors of the generation in use cannot be read.
    pub fn with_embedder(mut self, embedder: Option<Arc<dyn Embedder>>) -> Result<Self, KnowledgeError> {
        self.embedder = embedder;
        let live = self.live.load_full();
        *live.vectors.write().unwrap_or_else(PoisonError::into_inner) =
            self.vectors_of(live.manifest.as_ref())?;
        Ok(self)
    }

    /// The same, with vectors kept in a folder by the content they were made of.
    #[must_use]
    pub fn with_vector_cache(mut self, folder: Option<PathBuf>) -> Self {
        self.vector_cache = folder.or(self.vector_cache);
        self
    }

    /// The vectors that were built with a generation, as far as this embedder made them.
    fn vectors_of(&self, manifest: Option<&Manifest>) -> Result<Vectors, KnowledgeError> {
        let (Some(data), Some(manifest), Some(embedder)) = (&self.data, manifest, &self.embedder) else {
            return Ok(Vectors::default());
        };
        let path = index_folder(data).join("generations").join(&manifest.id).join(VECTORS);
        let read = Vectors::read(&path, embedder.name()).map_err(KnowledgeError::file(&path))?;
        Ok(read.unwrap_or_default())
    }

    /// What turns texts into vectors, if there is anything.
    pub fn embedder(&self) -> Option<&Arc<dyn Embedder>> {
        self.embedder.as_ref()
    }

    /// The analyzer it searches with.
    pub fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }

    /// The manifest of the generation in use; none if nothing was ever built.
    pub fn manifest(&self) -> Option<Manifest> {
        self.live.load().manifest.clone()
    }

    /// How many documents can be found now, over all shops.
    pub fn documents(&self) -> u64 {
        self.live.load().reader.searcher().num_docs()
    }

    /// Takes single changes. When it returns, every search sees them.
    ///
    /// # Errors
    /// The engine failed; then none of the changes is seen.
    pub fn apply(&self, shop: &ShopId, changes: &[Change]) -> Result<(), KnowledgeError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut state = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.load_full();
        let journal: Vec<(ShopId, Change)> =
            changes.iter().map(|change| (shop.clone(), change.clone())).collect();
        write((&live, &self.analyzer), &mut state.writer, &journal)?;
        self.note(&live, &journal);
        for (shop, change) in journal {
            state.recent.insert(key_of(&shop, &change), (shop, change));
        }
        Ok(())
    }

    /// Picks up the generation that `CURRENT` names now. Gives its manifest if it is another one than before.
    ///
    /// # Errors
    /// The new generation cannot be opened; the old one stays in use.
    pub fn refresh(&self) -> Result<Option<Manifest>, KnowledgeError> {
        let Some(data) = &self.data else { return Ok(None) };
        let Some((current, _)) = current_generation(data)? else { return Ok(None) };
        if self.manifest().is_some_and(|used| used.id == current.id) {
            return Ok(None);
        }
        let mut state = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = load(data, &self.analyzer)?;
        let manifest = fresh.manifest.clone();
        *fresh.vectors.write().unwrap_or_else(PoisonError::into_inner) =
            self.vectors_of(manifest.as_ref())?;
        let mut writer = None;
        let mut again = state.before.clone();
        again.extend(state.recent.clone());
        let again: Vec<(ShopId, Change)> = again.into_values().collect();
        if !again.is_empty() {
            write((&fresh, &self.analyzer), &mut writer, &again)?;
            self.note(&fresh, &again);
        }
        state.writer = writer;
        state.before = std::mem::take(&mut state.recent);
        self.live.store(Arc::new(fresh));
        Ok(manifest)
    }
}

pub(super) fn key_of(shop: &ShopId, change: &Change) -> String {
    match change {
        Change::Put(record) => key(shop, record.kind, &record.id),
        Change::Remove(kind, id) => key(shop, *kind, id),
    }
}

fn write(
    (live, analyzer): (&Live, &Analyzer),
    kept: &mut Option<IndexWriter<TantivyDocument>>,
    changes: &[(ShopId, Change)],
) -> Result<(), KnowledgeError> {
    let mut writer = match kept.take() {
        Some(writer) => writer,
        None => live.index.writer_with_num_threads(1, CHANGE_MEMORY)?,
    };
    for (shop, change) in changes {
        match change {
            Change::Put(record) => {
                writer.delete_term(key_term(&live.fields, shop, record.kind, &record.id));
                if let Some(document) = document(&live.fields, analyzer, shop, record) {
                    writer.add_document(document)?;
                }
            }
            Change::Remove(kind, id) => {
                writer.delete_term(key_term(&live.fields, shop, *kind, id));
            }
        }
    }
    // A writer that failed is dropped with what it had taken; the next change begins with a fresh one.
    writer.commit()?;
    *kept = Some(writer);
    live.reader.reload()?;
    Ok(())
}

/// Reads the current generation into memory.
fn load(data: &Path, analyzer: &Analyzer) -> Result<Live, KnowledgeError> {
    let Some((manifest, folder)) = current_generation(data)? else {
        return Err(KnowledgeError::NoGeneration(data.to_owned()));
    };
    if manifest.analyzer != analyzer.version() {
        return Err(KnowledgeError::OtherAnalyzer {
            found: manifest.analyzer,
            expected: analyzer.version().to_owned(),
        });
    }
    let memory = RamDirectory::create();
    for entry in fs::read_dir(&folder).map_err(KnowledgeError::file(&folder))? {
        let entry = entry.map_err(KnowledgeError::file(&folder))?;
        let name = entry.file_name();
        if !entry.path().is_file()
            || name.to_string_lossy().ends_with(".lock")
            || name == "manifest.json"
            || name == VECTORS
        {
            continue;
        }
        let bytes = fs::read(entry.path()).map_err(KnowledgeError::file(entry.path()))?;
        memory.atomic_write(Path::new(&name), &bytes).map_err(KnowledgeError::file(entry.path()))?;
    }
    let index = Index::open(memory)?;
    let (_, fields) = schema();
    live(index, fields, analyzer, Some(manifest))
}

fn live(
    index: Index,
    fields: Fields,
    analyzer: &Analyzer,
    manifest: Option<Manifest>,
) -> Result<Live, KnowledgeError> {
    register(&index, analyzer);
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok(Live { manifest, index, reader, fields, vectors: RwLock::default(), sounds: OnceLock::new() })
}
