//! `warmdesk train`: labelled texts in, small classifiers and their cards out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::options::GlobalOptions;
use crate::classifier::recipes::{DataFile, Recipe, Trained};

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
    /// Both
    All,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: &TrainOptions) -> anyhow::Result<ExitCode> {
    let wanted: &[Recipe] = match command.subject {
        Subject::Emotion => &[Recipe::Emotion],
        Subject::Polarity => &[Recipe::Polarity],
        Subject::All => &Recipe::ALL,
    };
    for recipe in wanted {
        let files = recipe.files().iter().map(|name| read(&options.data, name));
        let trained = recipe.train(&files.collect::<anyhow::Result<Vec<_>>>()?)?;
        write(&command.out, &trained)?;
        let (card, scores) = (&trained.card, trained.card.scores);
        println!(
            "{}: {} bytes, sha256 {}; accuracy {:.4}, macro-F1 {:.4} on {} ({})",
            card.name, card.size, card.sha256, scores.accuracy, scores.macro_f1, scores.n, card.measured
        );
    }
    Ok(ExitCode::SUCCESS)
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
