//! `warmdesk proactive simulate`: a day of events in, who would have been told what, and why not, out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use comfy_table::{CellAlignment, Table, presets};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::eval::Output;
use super::options::GlobalOptions;
use crate::eval::proactive::{
    Day, Making, RuleCounts, SimulationReport, make_day, parse_events, simulate as play,
};
use crate::record::{LineFault, Record, parse_ndjson};
use crate::time::parse_shop_time;

/// Nothing that is said first waits longer than this.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// What can be done with the rules by which the assistant speaks first.
#[derive(Debug, Clone, Subcommand)]
pub enum ProactiveCommand {
    /// Play a day of events against the rules: who would have been told what, and why not
    ///
    /// What is judged is who hears of what, and when. The words are not made: `warmdesk check` judges them, and every
    /// sending does. Nothing is sent, and the data folder is left alone. What customers closed or wrote is not known here.
    Simulate(SimulateOptions),
}

/// Options of `proactive simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateOptions {
    /// Events, one JSON object a line, as POST /api/v1/events takes them; `received_at` says when one came, if that was
    /// later than `at`, and {"record": {…}, "at": …} changes a record. conversation_ended is taken too
    #[arg(long, value_name = "FILE", required_unless_present = "generate", conflicts_with = "generate")]
    pub events: Option<PathBuf>,
    /// Records as they are when the day begins, one JSON object a line: customers with their consents, products, orders
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "generate")]
    pub records: Vec<PathBuf>,
    /// Make a shop day up instead, as in 1,10000,500000
    #[arg(long, value_name = "SEED,CUSTOMERS,EVENTS")]
    pub generate: Option<Making>,
    /// Let the time go on until then; without it, for 48 hours after the last event
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How the result is given; --each writes one line for each word that was planned
    #[command(flatten)]
    pub output: Output,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: &ProactiveCommand) -> anyhow::Result<ExitCode> {
    let ProactiveCommand::Simulate(command) = command;
    simulate(options, command)
}

fn simulate(options: &GlobalOptions, command: &SimulateOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let zone = config.zone()?;
    let until = command.until.as_deref().map(|text| end(text, &zone)).transpose()?;
    let pack = options.pack(&config)?;
    let day = day(command, &zone)?;
    if let Some(until) = until {
        check_end(until, &day, &zone)?;
    }
    let simulated = play(&pack.proactive, day, until, &zone);
    command.output.write_each(&simulated.nudges)?;
    match command.output.json {
        true => println!("{}", serde_json::to_string(&simulated.report)?),
        false => show(&simulated.report, &zone),
    }
    Ok(ExitCode::SUCCESS)
}

fn end(text: &str, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    parse_shop_time(text, zone)
        .with_context(|| format!("--until: `{text}` is no time; as in 2026-11-18T20:31:00"))
}

fn check_end(until: Timestamp, day: &Day, zone: &TimeZone) -> anyhow::Result<()> {
    let times = || day.arrivals.iter().map(|arrival| arrival.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(()) };
    if until < first {
        anyhow::bail!("--until lies before the first event, which came at {}", first.to_zoned(zone.clone()));
    }
    if until.duration_since(last) > LONGEST {
        anyhow::bail!("--until lies more than a year after the last event; name an earlier time");
    }
    Ok(())
}

fn day(command: &SimulateOptions, zone: &TimeZone) -> anyhow::Result<Day> {
    if let Some(making) = command.generate {
        return Ok(make_day(making, zone));
    }
    let mut faults = Vec::new();
    let mut day = Day::default();
    for file in &command.records {
        let (name, text) = read(file)?;
        match parse_ndjson(text.as_bytes(), &name) {
            Ok(records) => add(&mut day.records, records, &name)?,
            Err(found) => faults.extend(found),
        }
    }
    if let Some(file) = &command.events {
        let (name, text) = read(file)?;
        match parse_events(&name, &text, zone) {
            Ok(arrivals) => day.arrivals = arrivals,
            Err(found) => faults.extend(found),
        }
    }
    refuse(&faults)?;
    if day.arrivals.is_empty() {
        anyhow::bail!("there is no event to play; write one event a line");
    }
    Ok(day)
}

/// A record that stands in two files is a fault, because it would not be clear which one is meant.
fn add(records: &mut Vec<Record>, new: Vec<Record>, name: &str) -> anyhow::Result<()> {
    let known: std::collections::HashSet<_> = records.iter().map(Record::key).collect();
    if let Some(record) = new.iter().find(|record| known.contains(&record.key())) {
        let id = record.fact_id();
        anyhow::bail!("{name}: `id`: `{id}` stands in another file already; leave one of them out");
    }
    records.extend(new);
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<(String, String)> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("{name} is not UTF-8 ({error}); save the file as UTF-8"))?;
    Ok((name, text))
}

fn refuse(faults: &[LineFault]) -> anyhow::Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    anyhow::bail!("nothing was played:\n{}", lines.join("\n"))
}

fn show(report: &SimulationReport, zone: &TimeZone) {
    let moment = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    println!(
        "{} to {}: {} events of {} people, {} known already, {} changes of records",
        moment(report.from),
        moment(report.until),
        report.events,
        report.people,
        report.duplicates,
        report.changes
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["RULE", "PLANNED", "SENT", "HELD", "WAITING", "NOT SENT, AND WHY"]);
    for rule in &report.rules {
        let name = if rule.enabled { rule.rule.clone() } else { format!("{} (off)", rule.rule) };
        table.add_row(row(name, &rule.counts));
    }
    table.add_row(row("all".to_owned(), &report.total));
    for column in table.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
}

fn row(name: String, counts: &RuleCounts) -> [String; 6] {
    let reasons = counts.dropped.iter().map(|(reason, count)| {
        let reason = serde_json::to_value(reason).ok();
        let reason = reason.and_then(|reason| reason.as_str().map(str::to_owned)).unwrap_or_default();
        format!("{reason} {count}")
    });
    let reasons: Vec<String> = reasons.collect();
    [
        name,
        counts.planned.to_string(),
        counts.sent.to_string(),
        counts.held.to_string(),
        counts.waiting.to_string(),
        reasons.join(", "),
    ]
}
