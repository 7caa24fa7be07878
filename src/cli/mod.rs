//! The command line: the only module that reads the environment, and where errors become exit codes.
//!
//! A flag beats its variable, which beats the settings file, which beats the default.

mod options;
mod pack;
mod serve;
mod demo;
mod demo_page;
mod dialogues;
mod index;
mod search;
mod chat;
mod model;
mod ablation;
mod bench;
mod check;
mod customer;
mod doctor;
mod eval;
mod gaps;
mod guard;
mod proactive;
mod staff;
mod replay;
mod train;
mod sample;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use options::GlobalOptions;

/// A self-hosted customer-service assistant for online shops.
#[derive(Debug, Parser)]
#[command(name = "warmdesk", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub options: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try it: fetch the model, index the sample shop, serve a shop page with the chat on it
    Demo(demo::DemoOptions),
    /// Answer customers over HTTP
    Serve(serve::ServeOptions),
    /// Read knowledge, products, orders and policies from files and publish a new index
    Index(index::IndexOptions),
    /// Show what retrieval finds for a question, and why
    Search(search::SearchOptions),
    /// List the questions that nothing answered, or write them into a sheet to be answered
    Gaps(gaps::GapsOptions),
    /// Make and change the accounts of those who work at the desk
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Write out or erase everything that is kept of one customer
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Talk to the assistant in the terminal
    Chat(chat::ChatOptions),
    /// List, fetch and verify models
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Measure how fast a server answers
    Bench(Box<bench::BenchCommand>),
    /// Train the small classifiers from labelled texts
    Train(train::TrainOptions),
    /// Measure quality on labelled examples
    Eval(eval::EvalOptions),
    /// Check the scenarios, wording and rules of a pack
    Check(check::CheckOptions),
    /// Try the rules by which the assistant speaks first
    #[command(subcommand)]
    Proactive(Box<proactive::ProactiveCommand>),
    /// Draft a change of the pack, try it, publish it, take it back
    Pack(Box<pack::PackOptions>),
    /// Look at this machine and say what is missing
    Doctor(doctor::DoctorOptions),
}

/// Runs the program.
pub fn run() -> ExitCode {
    if let Err(line) = cpu_is_new_enough() {
        eprintln!("{line}");
        return ExitCode::from(3);
    }
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let options = cli.options;
    match cli.command {
        Command::Demo(command) => demo::run(&options, command),
        Command::Serve(command) => serve::run(&options, command),
        Command::Index(command) => index::run(&options, command),
        Command::Search(command) => search::run(&options, command),
        Command::Gaps(command) => gaps::run(&options, command),
        Command::Staff(command) => staff::run(&options, command),
        Command::Customer(command) => customer::run(&options, command),
        Command::Chat(command) => chat::run(&options, command),
        Command::Model(command) => {
            model::run(&command, None, &options::cache_environment())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(command) => bench::run(&options, *command),
        Command::Train(command) => train::run(&options, &command),
        Command::Eval(command) => eval::run(&options, command),
        Command::Check(command) => check::run(&options, command),
        Command::Proactive(command) => proactive::run(&options, &command),
        Command::Pack(command) => pack::run(&options, *command),
        Command::Doctor(command) => doctor::run(&options, command),
    }
}

/// The program is compiled for x86-64-v3. On an older processor it would stop with an illegal instruction
/// somewhere; a clear line is better. This runs before anything else does.
fn cpu_is_new_enough() -> Result<(), &'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let has = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma")
            && std::arch::is_x86_feature_detected!("bmi2");
        if !has {
            return Err(
                "warmdesk needs a processor with AVX2, FMA and BMI2 (x86-64-v3: Intel Haswell 2013, AMD Zen \
                        2017 or newer); to run on an older one, build it with RUSTFLAGS=-Ctarget-cpu=x86-64",
            );
        }
    }
    Ok(())
}
