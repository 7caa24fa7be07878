//! `warmdesk check`: whether the scenarios, wording and rules of a pack make sense.

use std::process::ExitCode;

use clap::Args;

use super::options::GlobalOptions;
use crate::pack::load::{Severity, check};

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckOptions {
    /// Which language; without it the one of the settings
    #[arg(long, value_name = "zh-CN|en")]
    pub language: Option<String>,
    /// Count warnings as faults
    #[arg(long)]
    pub strict: bool,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: CheckOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let language = command.language.unwrap_or(config.shop.language);
    let files = options.pack_source().files(&language)?;
    let problems = check(&files);
    for problem in &problems {
        println!("{problem}");
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    println!("{language}: {errors} errors, {} warnings", problems.len() - errors);
    let failed = errors > 0 || (command.strict && !problems.is_empty());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
