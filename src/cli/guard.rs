//! `warmdesk eval guard`: labelled rows or a shop's records in, what the guard caught and what it wrongly blocked out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::eval::{Output, finish, read};
use super::options::GlobalOptions;
use super::serve::clock;
use crate::bench::Distribution;
use crate::eval::guard::{
    Each, Kind, Mutations, RecordReport, Report, Row, Vetting, product_names, run, run_records, told,
};
use crate::knowledge::sources::{Columns, read_sources};
use crate::record::Record;
use crate::time::Now;

/// Options of `eval guard`.
#[derive(Debug, Clone, Args)]
pub struct GuardOptions {
    /// Labelled rows, one JSON object a line
    #[arg(required_unless_present = "records")]
    pub file: Option<PathBuf>,
    /// A shop's records, as `index` reads them: their own sentences are true, and are vetted too
    #[arg(long, value_name = "SOURCE")]
    pub records: Vec<PathBuf>,
    /// Also change one digit, date, id, amount, duration, unit, carrier, yes or no, or product in each true sentence, and count
    /// what is caught
    #[arg(long)]
    pub mutate: bool,
    /// Another number makes other changes, and puts other records beside each
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The moment at which the records are quoted, as `2026-11-20 10:00`; without it, now
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// List what was missed and what was wrongly blocked
    #[arg(long)]
    pub show: bool,
    /// How the result is given
    #[command(flatten)]
    pub output: Output,
}

/// The scores, and how long a sentence took.
#[derive(Serialize)]
struct Measured<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Milliseconds for a single sentence, of rows, records and changed ones; the first of a row reads its evidence.
    sentence_ms: Distribution,
}

/// Runs the command.
pub fn evaluate(options: &GlobalOptions, command: &GuardOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let pack = options.pack(&config)?;
    let zone = config.zone()?;
    let records = records(&command.records, &options.data)?;
    let products: BTreeSet<String> = product_names(&records);
    let mutate = command.mutate.then_some(command.seed);
    let by = Vetting { pack: &pack, zone: &zone, mutate, products: &products };
    let rows: Vec<Row> = command.file.as_deref().map(read).transpose()?.unwrap_or_default();
    let (mut report, mut each) = run(&rows, &by);
    if !records.is_empty() {
        let mut now = clock(&config, false)?.0.now();
        if let Some(text) = &command.at {
            let moment =
                now.parse(text).with_context(|| format!("`{text}` is no time; write 2026-11-20 10:00"))?;
            now = Now::new(moment, zone.clone());
        }
        let (told_report, told_each) = run_records(&told(&records, &now, command.seed), &by, &now);
        report.records = Some(told_report);
        each.extend(told_each);
    }
    let table = command.mutate && !command.output.json;
    if command.show && !command.output.json {
        show_wrong(&each);
    }
    let sentence_ms = Distribution::of_ms(each.iter().map(|one| one.took_ms));
    if !table {
        return finish(&command.output, &Measured { report: &report, sentence_ms }, &each);
    }
    command.output.write_each(&each)?;
    show(&report);
    let milliseconds = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{time:.2} ms"));
    println!(
        "a sentence took {} at the median and {} at the 99th percentile, of {}",
        milliseconds(sentence_ms.p50),
        milliseconds(sentence_ms.p99),
        sentence_ms.count
    );
    Ok(ExitCode::SUCCESS)
}

fn records(sources: &[PathBuf], data: &Path) -> anyhow::Result<Vec<Record>> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let dictionaries = data.join("dictionaries");
    let columns = Columns::load(dictionaries.is_dir().then_some(dictionaries.as_path()))?;
    let read = read_sources(sources, &columns)?;
    Ok(read.into_iter().flat_map(|source| source.records).collect())
}

/// What was missed, and which true sentences were refused.
fn show_wrong(each: &[Each]) {
    for one in each.iter().filter(|one| one.passed == one.planted.is_some()) {
        match (&one.planted, &one.detail) {
            (Some(planted), _) => println!("missed   {} | {planted} | {}", one.id, one.text),
            (None, detail) => {
                let detail = detail.as_deref().unwrap_or_default();
                println!("blocked  {} | {:?} {detail} | {}", one.id, one.reason, one.text);
            }
        }
    }
}

fn show(report: &Report) {
    if report.good + report.bad > 0 {
        println!(
            "rows: {} of {} planted faults caught, {} of {} true sentences blocked",
            report.caught, report.bad, report.false_blocks, report.good
        );
    }
    if let Some(RecordReport { sentences, false_blocks, not_sayable, .. }) = &report.records {
        println!(
            "records: {false_blocks} of {sentences} sentences blocked, {not_sayable} more not to be said"
        );
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "changed",
        "made",
        "caught",
        "share",
        "of rows",
        "of records",
    ]);
    let none = Mutations::default();
    let rows = report.mutations.as_ref().unwrap_or(&none);
    let records = report.records.as_ref().and_then(|records| records.mutations.as_ref()).unwrap_or(&none);
    for kind in Kind::ALL {
        let tally = |mutations: &Mutations| mutations.by_kind.get(&kind).copied().unwrap_or_default();
        let (rows, records) = (tally(rows), tally(records));
        let all = rows.and(records);
        table.add_row([
            kind.as_str().to_owned(),
            all.made.to_string(),
            all.caught.to_string(),
            format!("{:.1} %", 100.0 * all.share()),
            format!("{}/{}", rows.caught, rows.made),
            format!("{}/{}", records.caught, records.made),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
}
