//! `warmdesk eval`: labelled rows in, scores out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ablation::{self, AblationOptions};
use super::dialogues::{self, DialogueOptions};
use super::guard::{self, GuardOptions};
use super::options::{GlobalOptions, cache_environment};
use super::replay::{self, ReplayOptions};
use super::serve::clock;
use crate::app::analyzer;
use crate::classifier::recipes::{LabelledText, read_labelled};
use crate::classifier::{DenseHeads, emotion_model, polarity_model};
use crate::eval;
use crate::eval::tone::ToneError;
use crate::knowledge::{Method, index_folder};
use crate::model::{Catalogue, open_embedder};
use crate::pack::types::Pack;
use crate::turn::understand::Reader;
use crate::turn::understand::emotion::{EmotionReader, Sources};

/// Options of `eval`.
#[derive(Debug, Clone, Args)]
pub struct EvalOptions {
    /// What to measure
    #[command(subcommand)]
    pub subject: Subject,
}

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Subject {
    /// Intents, stages, emotions and handoffs of labelled utterances
    Understanding(Utterances),
    /// Whether reviews are positive or negative, read by the trained classifier
    Polarity(PolarityRows),
    /// The emotion of texts: the public sets' six labels by the trained classifier, this program's eight by all of it
    Emotion(EmotionRows),
    /// What the guard catches of planted faults, and what it wrongly blocks
    Guard(GuardOptions),
    /// What the guard changes: drafts of a real model, recorded once and said again with the guard and without it
    Ablation(AblationOptions),
    /// How high the right title ranks for each query of a set
    Retrieval(RetrievalOptions),
    /// Whether whole conversations go as their files say; fails if one does not
    Dialogues(DialogueOptions),
    /// What a changed pack would have said in past conversations, and what of it differs
    Replay(ReplayOptions),
}

/// A set of titles, queries and judgements.
#[derive(Debug, Clone, Args)]
pub struct RetrievalOptions {
    /// The folder with corpus.tsv, queries.tsv and qrels.tsv, or with train.tsv: pairs of questions, same or not
    pub folder: PathBuf,
    /// More titles that are never right, to make it harder
    #[arg(long, value_name = "FILE")]
    pub extra: Option<PathBuf>,
    /// How to find: by dictionary words, by words and characters, by meaning, or by all of it; without it, by all if
    /// the embedder's weights are here
    #[arg(long, value_enum)]
    pub method: Option<MethodName>,
    /// Of a folder of question pairs, ask only each so-manieth question
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub step: usize,
    /// How the result is given
    #[command(flatten)]
    pub output: Output,
}

/// How records are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Dictionary words alone
    Words,
    /// Words, single characters and pairs
    Lexical,
    /// Vectors alone
    Dense,
    /// All of it
    Fused,
}

/// A file of labelled rows.
#[derive(Debug, Clone, Args)]
pub struct Rows {
    /// One JSON object a line
    pub file: PathBuf,
    /// How the result is given
    #[command(flatten)]
    pub output: Output,
}

/// A file of labelled utterances, and what is required of their reading.
#[derive(Debug, Clone, Args)]
pub struct Utterances {
    /// The file
    #[command(flatten)]
    pub rows: Rows,
    /// Read by words alone; without this option also by the meaning of each message, if the embedder's weights are here,
    /// as a turn does
    #[arg(long)]
    pub without_embedder: bool,
    /// Heads for vectors, as `train understanding` writes them, instead of those inside the program
    #[arg(long, value_name = "FILE", conflicts_with = "without_embedder")]
    pub heads: Option<PathBuf>,
    /// Also read the pack's own examples, by what is learned from the others, in this many parts
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u8).range(2..=20))]
    pub folds: Option<u8>,
    /// Fail if a score is lower, as `topic=0.7`: topic, topic_lenient, stage, emotion or negative (precision and recall)
    #[arg(long, value_name = "SCORE=SHARE", value_parser = requirement)]
    pub at_least: Vec<(String, f64)>,
}

/// Reads `topic=0.7`.
fn requirement(text: &str) -> Result<(String, f64), String> {
    const SCORES: [&str; 5] = ["topic", "topic_lenient", "stage", "emotion", "negative"];
    let (score, least) = text.split_once('=').ok_or("write it as `topic=0.7`")?;
    if !SCORES.contains(&score) {
        return Err(format!("unknown score `{score}`; known are {}", SCORES.join(", ")));
    }
    match least.parse() {
        Ok(least) if (0.0..=1.0).contains(&least) => Ok((score.to_owned(), least)),
        _ => Err(format!("`{least}` is not a share from 0 to 1")),
    }
}

/// Texts labelled positive or negative.
#[derive(Debug, Clone, Args)]
pub struct PolarityRows {
    /// The file
    #[command(flatten)]
    pub rows: Rows,
    /// Only the tenth of the texts that `train` never learns from
    #[arg(long)]
    pub held_out: bool,
}

/// Texts labelled with an emotion.
#[derive(Debug, Clone, Args)]
pub struct EmotionRows {
    /// The file
    #[command(flatten)]
    pub rows: Rows,
    /// This program's eight labels by one source only
    #[arg(long)]
    pub only: Option<Only>,
}

/// What the eight emotion labels are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// The words of the pack
    Lexicon,
    /// The trained classifiers
    Model,
}

/// How a result is given.
#[derive(Debug, Clone, Args)]
pub struct Output {
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write what was predicted for each item, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub each: Option<PathBuf>,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: EvalOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let pack = options.pack(&config)?;
    match command.subject {
        Subject::Understanding(set) => {
            let now = clock(&config, false)?.0.now();
            let read: Vec<eval::understanding::Row> = read(&set.rows.file)?;
            let embedder = match set.without_embedder {
                true => None,
                false => open_embedder(&Catalogue::embedded()?, &cache_environment())?,
            };
            let reader = reader(&pack, set.heads.as_deref())?;
            let by = eval::understanding::Understanding {
                pack: &pack,
                reader: &reader,
                now: &now,
                embedder: embedder.as_deref(),
            };
            let (mut report, each) = eval::understanding::evaluate(&read, &by);
            report.own_examples =
                set.folds.map(|folds| eval::understanding::cross_validate(&pack, folds.into()));
            finish(&set.rows.output, &report, &each)?;
            Ok(required(&report, &set.at_least))
        }
        Subject::Polarity(set) => {
            let model = polarity_model().ok_or(ToneError::NoModel)?;
            let (report, each) = eval::tone::polarity(&labelled(&set.rows.file)?, model, set.held_out)?;
            finish(&set.rows.output, &report, &each)
        }
        Subject::Emotion(set) => {
            let model = emotion_model().ok_or(ToneError::NoModel)?;
            let sources = match set.only {
                None => Sources::Both,
                Some(Only::Lexicon) => Sources::Lexicon,
                Some(Only::Model) => Sources::Model,
            };
            let reader = EmotionReader::new(&pack.emotions).with_sources(sources);
            let (report, each) = eval::tone::emotion(&labelled(&set.rows.file)?, model, &reader)?;
            finish(&set.rows.output, &report, &each)
        }
        Subject::Retrieval(set) => retrieval(options, &set),
        Subject::Dialogues(files) => dialogues::evaluate(options, &files),
        Subject::Replay(past) => replay::evaluate(options, &past),
        Subject::Ablation(drafts) => ablation::evaluate(options, &drafts),
        Subject::Guard(sentences) => guard::evaluate(options, &sentences),
    }
}

/// The reader of a pack, with other heads for vectors if a file of them is named.
fn reader(pack: &Pack, heads: Option<&Path>) -> anyhow::Result<Reader> {
    let reader = Reader::new(pack);
    let Some(path) = heads else { return Ok(reader) };
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let heads = DenseHeads::from_bytes(&bytes).with_context(|| path.display().to_string())?;
    Ok(reader.with_heads(Arc::new(heads)))
}

/// Says which scores are too low; a script sees it by the exit status.
fn required(report: &eval::understanding::Report, at_least: &[(String, f64)]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (score, least) in at_least {
        let reached = match score.as_str() {
            "topic" => report.topic.accuracy,
            "topic_lenient" => report.topic.lenient,
            "stage" => report.stage.accuracy,
            "emotion" => report.emotion.accuracy,
            _ => report.negative.precision.min(report.negative.recall),
        };
        if reached < *least {
            eprintln!("{score} is {reached:.3}, at least {least} is required");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// The rows of a file, one JSON object a line.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("{}: line {}", file.display(), index + 1))
        })
        .collect()
}

fn labelled(file: &Path) -> anyhow::Result<Vec<LabelledText>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(read_labelled(&file.display().to_string(), &text)?)
}

fn retrieval(options: &GlobalOptions, set: &RetrievalOptions) -> anyhow::Result<ExitCode> {
    let text =
        |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let setup = setup(options, set.method)?;
    let pairs = set.folder.join("train.tsv");
    if pairs.is_file() {
        let (report, each) = eval::faq::evaluate_faq(&text(&pairs)?, &setup, set.step)?;
        return finish(&set.output, &report, &each);
    }
    let [corpus, queries, qrels] =
        ["corpus.tsv", "queries.tsv", "qrels.tsv"].map(|name| text(&set.folder.join(name)));
    let (corpus, queries, qrels) = (corpus?, queries?, qrels?);
    let extra = set.extra.as_deref().map(text).transpose()?;
    let read = eval::retrieval::RetrievalSet {
        corpus: &corpus,
        queries: &queries,
        qrels: &qrels,
        extra: extra.as_deref(),
    };
    let (report, each) = eval::retrieval::evaluate_retrieval(read, &setup)?;
    finish(&set.output, &report, &each)
}

/// Vectors are kept in the data folder, so that the second measurement is quick.
fn setup(options: &GlobalOptions, method: Option<MethodName>) -> anyhow::Result<eval::retrieval::Setup> {
    let by_words = matches!(method, Some(MethodName::Words | MethodName::Lexical));
    let embedder = match by_words {
        true => None,
        false => open_embedder(&Catalogue::embedded()?, &cache_environment())?,
    };
    let method = match (method, &embedder) {
        (Some(MethodName::Words), _) => Method::Words,
        (Some(MethodName::Lexical), _) | (None, None) => Method::Lexical,
        (Some(MethodName::Dense), _) => Method::Dense,
        (Some(MethodName::Fused), _) | (None, Some(_)) => Method::Fused,
    };
    let cache = embedder.is_some().then(|| index_folder(&options.data));
    Ok(eval::retrieval::Setup { analyzer: analyzer(&options.data)?, embedder, cache, method })
}

impl Output {
    /// Writes what was predicted for each item, if a file was named for it.
    pub(super) fn write_each(&self, each: &[impl Serialize]) -> anyhow::Result<()> {
        let Some(path) = &self.each else { return Ok(()) };
        let mut file = fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        for item in each {
            writeln!(file, "{}", serde_json::to_string(item)?)?;
        }
        Ok(())
    }
}

/// Gives a result as the options say.
pub(super) fn finish(
    output: &Output,
    report: &impl Serialize,
    each: &[impl Serialize],
) -> anyhow::Result<ExitCode> {
    output.write_each(each)?;
    let text =
        if output.json { serde_json::to_string(report)? } else { serde_json::to_string_pretty(report)? };
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}
