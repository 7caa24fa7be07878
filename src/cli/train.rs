//! `warmdesk train`: labelled texts in, small classifiers and their cards out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::options::{GlobalOptions, cache_environment};
use crate::classifier::recipes::{DataFile, EmbeddedPack, Recipe, Trained, train_understanding};
use crate::model::{Catalogue, Embedder, Purpose, open_embedder};
use crate::pack::load::{PackSource, load};
use crate::turn::understand::labelled_examples;

/// The languages of the packs that heads for vectors learn from.
const LANGUAGES: [&str; 2] = ["zh-CN", "en"];
/// So many examples are turned into vectors before the progress is shown again.
const AT_ONCE: usize = 256;

/// Options of `train`. Here `--data` is the folder with the labelled texts; the cards in models/ name the files below it.
#[derive(Debug, Clone, Args)]
pub struct TrainOptions {
    /// Which classifier; --data names the folder with the labelled texts
    pub subject: Subject,
    /// Where the classifier and its card are written
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub out: PathBuf,
}

/// What can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// Six emotions of a post
    Emotion,
    /// Positive or negative, of a review
    Polarity,
    /// Topic and stage of a message by its vector, from the examples of the packs (`--prompts`); needs the
    /// embedder's weights and takes minutes
    Understanding,
    /// All of them
    All,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: &TrainOptions) -> anyhow::Result<ExitCode> {
    let wanted: &[Recipe] = match command.subject {
        Subject::Emotion => &[Recipe::Emotion],
        Subject::Polarity => &[Recipe::Polarity],
        Subject::Understanding => &[],
        Subject::All => &Recipe::ALL,
    };
    for recipe in wanted {
        let files = recipe.files().iter().map(|name| read(&options.data, name));
        let trained = recipe.train(&files.collect::<anyhow::Result<Vec<_>>>()?)?;
        deliver(&command.out, &trained)?;
    }
    if matches!(command.subject, Subject::Understanding | Subject::All) {
        deliver(&command.out, &understanding(options)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a classifier and says how good it is.
fn deliver(out: &Path, trained: &Trained) -> anyhow::Result<()> {
    write(out, trained)?;
    let (card, scores) = (&trained.card, trained.card.scores);
    println!(
        "{}: {} bytes, sha256 {}; accuracy {:.4}, macro-F1 {:.4} on {} ({})",
        card.name, card.size, card.sha256, scores.accuracy, scores.macro_f1, scores.n, card.measured
    );
    Ok(())
}

/// Turns the examples of the packs into vectors and learns from them.
fn understanding(options: &GlobalOptions) -> anyhow::Result<Trained> {
    let embedder = open_embedder(&Catalogue::embedded()?, &cache_environment())?
        .context("the embedder's weights are not here; run `warmdesk model pull`")?;
    let source = options.pack_source();
    let packs = LANGUAGES.iter().map(|language| embedded_pack(&source, language, embedder.as_ref()));
    let packs = packs.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(train_understanding(&packs, embedder.name())?)
}

fn embedded_pack(
    source: &PackSource,
    language: &str,
    embedder: &dyn Embedder,
) -> anyhow::Result<EmbeddedPack> {
    let pack = load(&source.files(language)?)?.pack;
    let examples = labelled_examples(&pack);
    let mut vectors = Vec::with_capacity(examples.len());
    for group in examples.chunks(AT_ONCE) {
        let texts: Vec<&str> = group.iter().map(|example| example.text.as_str()).collect();
        vectors
            .extend(embedder.embed(&texts, Purpose::Query)?.iter().map(|vector| vector.as_slice().to_vec()));
        eprint!("\r{language}: {} of {} examples", vectors.len(), examples.len());
    }
    eprintln!();
    Ok(EmbeddedPack {
        folder: format!("prompts/{language}"),
        examples: examples.into_iter().zip(vectors).collect(),
    })
}

fn read(folder: &Path, name: &'static str) -> anyhow::Result<DataFile> {
    let path = folder.join(name);
    let content = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; --data names the folder that holds it", path.display()))?;
    Ok(DataFile { name, content })
}

/// The model first: a card without its model would promise what is not there.
fn write(folder: &Path, trained: &Trained) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let card = toml::to_string(&trained.card).context("a card is plain data")?;
    let card = format!("# Written by `{}`; do not edit.\n{card}", trained.card.command);
    for (name, content) in [
        (trained.card.file.clone(), trained.bytes.as_slice()),
        (format!("{}.toml", trained.card.name), card.as_bytes()),
    ] {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
