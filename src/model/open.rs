//! Which model a command means by `--model`, and what becomes of it when its weights are not there.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    AbsentModel, CacheEnvironment, Catalogue, ChatModel, EngineOptions, ModelCard, ModelError, RemoteModel,
    RemoteOptions,
    cache::file_path,
    engine::{Engine, EngineSource},
};

/// What is to generate text.
#[derive(Debug, Clone)]
pub enum ModelChoice {
    /// Nothing: wording and evidence only.
    None,
    /// The card marked as the default.
    Default,
    /// A card's name or a GGUF file.
    Local(String),
    /// An OpenAI-compatible endpoint.
    Remote(RemoteOptions),
}

impl ModelChoice {
    /// Reads a `--model` value: `none`, a card's name, or the path of a GGUF file.
    pub fn from_flag(value: &str) -> Self {
        match value.trim() {
            "" => Self::Default,
            "none" => Self::None,
            other => Self::Local(other.to_owned()),
        }
    }
}

/// Starts the chosen model. Never downloads: missing weights give an [`AbsentModel`] that says how to get them,
/// while a name that means nothing is an error.
pub fn open(
    choice: &ModelChoice,
    catalogue: &Catalogue,
    environment: &CacheEnvironment,
    options: &EngineOptions,
) -> Result<Arc<dyn ChatModel>, ModelError> {
    let unknown = |error: super::card::CardError| ModelError::Load(error.to_string());
    match choice {
        ModelChoice::None => Ok(Arc::new(AbsentModel::new("none", "no model was asked for (--model none)"))),
        ModelChoice::Remote(remote) => Ok(Arc::new(RemoteModel::new(remote.clone())?)),
        ModelChoice::Default => open_card(catalogue.default_card().map_err(unknown)?, environment, options),
        ModelChoice::Local(name) if looks_like_path(name) => open_file(Path::new(name), options),
        ModelChoice::Local(name) => open_card(catalogue.find(name).map_err(unknown)?, environment, options),
    }
}

fn looks_like_path(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR) || name.contains('/') || name.to_lowercase().ends_with(".gguf")
}

fn open_card(
    card: &ModelCard,
    environment: &CacheEnvironment,
    options: &EngineOptions,
) -> Result<Arc<dyn ChatModel>, ModelError> {
    let present = |file| file_path(card, file, environment).filter(|path| path.exists());
    let weights = card.weights().and_then(present);
    let tokenizer = card.tokenizer().map(present);
    let (Some(weights), None | Some(Some(_))) = (weights, &tokenizer) else {
        let reason = format!("its weights are not on this machine; run `warmdesk model pull {}`", card.name);
        return Ok(Arc::new(AbsentModel::new(&card.name, reason)));
    };
    let source = EngineSource {
        name: card.name.clone(),
        weights,
        tokenizer: tokenizer.flatten(),
        stated: card.weights().cloned(),
        architecture: Some(card.architecture.clone()),
    };
    Ok(Arc::new(Engine::start(source, options.clone())?))
}

/// A GGUF file of the user's own; a `tokenizer.json` beside it is used instead of its own vocabulary.
fn open_file(path: &Path, options: &EngineOptions) -> Result<Arc<dyn ChatModel>, ModelError> {
    let name =
        path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned());
    if !path.exists() {
        let reason = format!("there is no file {}", path.display());
        return Ok(Arc::new(AbsentModel::new(name, reason)));
    }
    let tokenizer: PathBuf = path.with_file_name("tokenizer.json");
    let source = EngineSource {
        name,
        weights: path.to_owned(),
        tokenizer: Some(tokenizer).filter(|tokenizer| tokenizer.exists()),
        stated: None,
        architecture: None,
    };
    Ok(Arc::new(Engine::start(source, options.clone())?))
}
