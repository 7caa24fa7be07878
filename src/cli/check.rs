//! `warmdesk check`: whether the settings, and the scenarios, wording and rules of a pack, make sense.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::options::GlobalOptions;
use crate::pack::load::{PackError, PackSource, Problem, Severity, check};

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckOptions {
    /// Which language; without it every one that is there
    #[arg(long, value_name = "zh-CN|en")]
    pub language: Option<String>,
    /// Count warnings as faults
    #[arg(long)]
    pub strict: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What is wrong with everything that was looked at.
#[derive(Debug, Default, Serialize)]
pub struct CheckReport {
    /// Errors together.
    pub errors: usize,
    /// Warnings together.
    pub warnings: usize,
    /// What is wrong with the settings; null if nothing is.
    pub settings: Option<String>,
    /// The packs, by language.
    pub packs: Vec<PackReport>,
}

/// What is wrong with one pack.
#[derive(Debug, Serialize)]
pub struct PackReport {
    /// Its language.
    pub language: String,
    /// The folder it was read from.
    pub root: String,
    /// What is wrong, by file and line.
    pub problems: Vec<Problem>,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: CheckOptions) -> anyhow::Result<ExitCode> {
    let mut report = CheckReport::default();
    let wanted = match options.settings() {
        Ok(config) => config.shop.language,
        Err(error) => {
            report.errors += 1;
            report.settings = Some(format!("{error:#}"));
            crate::config::Config::default().shop.language
        }
    };
    let source = options.pack_source();
    let languages = match command.language {
        Some(language) => vec![language],
        None => languages(&source, wanted)?,
    };
    for language in languages {
        report.add(&source, language)?;
    }
    if command.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        report.show();
    }
    let failed = report.errors > 0 || (command.strict && report.warnings > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The languages of a source; the one of the settings must be among them.
fn languages(source: &PackSource, wanted: String) -> Result<Vec<String>, PackError> {
    let mut languages = source.languages()?;
    if !languages.contains(&wanted) {
        languages.insert(0, wanted);
    }
    Ok(languages)
}

impl CheckReport {
    fn add(&mut self, source: &PackSource, language: String) -> Result<(), PackError> {
        let files = source.files(&language)?;
        let problems = check(&files);
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        self.errors += errors;
        self.warnings += problems.len() - errors;
        self.packs.push(PackReport { language, root: files.root, problems });
        Ok(())
    }

    fn show(&self) {
        if let Some(problem) = &self.settings {
            println!("{problem}");
        }
        for pack in &self.packs {
            for problem in &pack.problems {
                println!("{}/{problem}", pack.root);
            }
            let errors = pack.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
            println!("{}: {errors} errors, {} warnings", pack.language, pack.problems.len() - errors);
        }
    }
}
