//! The report for people: tables for the terminal, and the same as Markdown.

use comfy_table::{CellAlignment, Table, TableStyle, presets};

use super::distribution::Distribution;
use super::index::IndexReport;
use super::options::OutputFormat;
use super::repeat::RepeatReport;
use super::report::{GroupReport, Report};
use super::verdict::Verdict;

/// A report as tables for the terminal.
pub fn table(report: &Report) -> String {
    render(report, presets::UTF8_FULL_CONDENSED)
}

/// A report as Markdown.
pub fn markdown(report: &Report) -> String {
    render(report, presets::ASCII_MARKDOWN)
}

impl IndexReport {
    /// The report as it is printed.
    pub fn show(&self, format: OutputFormat) -> String {
        match format {
            OutputFormat::Table => self.render(presets::UTF8_FULL_CONDENSED),
            OutputFormat::Markdown => self.render(presets::ASCII_MARKDOWN),
            OutputFormat::Json => serde_json::to_string_pretty(self).expect("a report has text keys only"),
        }
    }
}

/// Several runs as tables for the terminal.
pub fn repeat_table(report: &RepeatReport) -> String {
    render_repeat(report, presets::UTF8_FULL_CONDENSED)
}

/// Several runs as Markdown.
pub fn repeat_markdown(report: &RepeatReport) -> String {
    render_repeat(report, presets::ASCII_MARKDOWN)
}

fn render(report: &Report, preset: TableStyle) -> String {
    let mut parts = vec![heading(report), counts(report).join("\n"), times(report, preset)];
    for (title, group) in [
        ("Turns in which the model was asked", &report.with_model),
        ("Turns in which it was not", &report.without_model),
    ] {
        // One group alone would only repeat the table above.
        if group.turns > 0 && group.turns < report.with_model.turns + report.without_model.turns {
            parts.push(format!("{title}: {}\n\n{}", group.turns, group_times(group, preset)));
        }
    }
    parts.extend(tokens(report));
    parts.extend(background(report));
    parts.extend(verdict(report, preset));
    parts.extend(problems(report));
    parts.join("\n\n")
}

fn heading(report: &Report) -> String {
    let load = &report.load;
    let amount = match (load.per_second, load.duration_s, load.clients) {
        (Some(rate), Some(duration), _) => format!("{rate} turns a second for {duration} s, open loop"),
        (_, _, Some(clients)) => format!("{clients} clients, closed loop"),
        _ => String::new(),
    };
    let server = &report.server;
    let place = if server.embedded { "embedded" } else { server.url.as_str() };
    let version = server.version.as_deref().unwrap_or("unknown");
    let model = server.model.as_deref().unwrap_or("unknown");
    format!(
        "warmdesk bench {}, {}: {amount}\nserver {place}, version {version}, model {model}\n{}",
        report.version,
        load.kind,
        report.machine.line()
    )
}

fn counts(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "{} turns in {:.1} s: answered {} ({:.1} a second), errors {}, empty replies {}",
        report.requests,
        report.elapsed_s,
        report.answered,
        report.throughput_per_s,
        report.errors,
        report.empty_replies
    )];
    let sources: Vec<String> = report
        .answered_by
        .iter()
        .map(|(name, source)| format!("{name} {} ({:.0} %)", source.turns, source.share * 100.0))
        .collect();
    let sentences = &report.sentences;
    lines.push(format!(
        "answered by: {}; sentences: {} wording, {} evidence, {} model",
        sources.join(", "),
        sentences.wording,
        sentences.evidence,
        sentences.model
    ));
    if !report.handoffs.is_empty() {
        let handoffs: Vec<String> =
            report.handoffs.iter().map(|(reason, turns)| format!("{reason} {turns}")).collect();
        lines.push(format!("handed off: {}", handoffs.join(", ")));
    }
    if report.with_people + report.superseded > 0 {
        lines.push(format!(
            "silent because people have the conversation: {}; joined to a later message: {}",
            report.with_people, report.superseded
        ));
    }
    lines
}

fn times(report: &Report, preset: TableStyle) -> String {
    let mut rows = vec![
        ("first sentence".to_owned(), &report.first_sentence_ms),
        ("first sentence, approved".to_owned(), &report.first_approved_sentence_ms),
        ("whole answer".to_owned(), &report.total_ms),
        ("sent late".to_owned(), &report.sent_late_ms),
        ("server: first sentence".to_owned(), &report.server_first_sentence_ms),
        ("server: whole answer".to_owned(), &report.server_total_ms),
        ("server: path without model".to_owned(), &report.path_ms),
        ("server: wait for the model".to_owned(), &report.queue_ms),
    ];
    rows.extend(report.stages.iter().map(|(stage, times)| (format!("stage: {stage}"), times)));
    distributions(&rows, preset)
}

fn group_times(group: &GroupReport, preset: TableStyle) -> String {
    let mut rows = vec![
        ("first sentence".to_owned(), &group.first_sentence_ms),
        ("whole answer".to_owned(), &group.total_ms),
        ("server: path without model".to_owned(), &group.path_ms),
        ("server: wait for the model".to_owned(), &group.queue_ms),
    ];
    rows.extend(group.stages.iter().map(|(stage, times)| (format!("stage: {stage}"), times)));
    distributions(&rows, preset)
}

pub(super) fn distributions(rows: &[(String, &Distribution)], preset: TableStyle) -> String {
    let mut table = new_table(preset, &["milliseconds", "p50", "p95", "p99", "max", "mean", "turns"]);
    for (name, times) in rows.iter().filter(|(_, times)| times.count > 0) {
        table.add_row([
            name.clone(),
            milliseconds(times.p50),
            milliseconds(times.p95),
            milliseconds(times.p99),
            milliseconds(times.max),
            milliseconds(times.mean),
            times.count.to_string(),
        ]);
    }
    align(&mut table);
    table.to_string()
}

fn tokens(report: &Report) -> Option<String> {
    let tokens = &report.tokens;
    (tokens.prompt > 0).then(|| {
        format!(
            "tokens: {} of prompts ({} cached), {} generated; reading {} a second, writing {} a second; model busy {:.1} s",
            tokens.prompt,
            tokens.cached,
            tokens.generated,
            number(tokens.prompt_per_s),
            number(tokens.generated_per_s),
            tokens.model_busy_s
        )
    })
}

fn background(report: &Report) -> Option<String> {
    let background = report.background.as_ref()?;
    Some(format!(
        "kept the model busy: {} clients, {} turns, {} with the model, {} errors; model busy {:.0} % of the time",
        background.clients,
        background.requests,
        background.with_model,
        background.errors,
        background.model_busy_share * 100.0
    ))
}

fn verdict(report: &Report, preset: TableStyle) -> Option<String> {
    Some(verdict_table(report.verdict.as_ref()?, preset))
}

/// A verdict with its criteria.
pub(super) fn verdict_table(verdict: &Verdict, preset: TableStyle) -> String {
    let mut table = new_table(preset, &["criterion", "measured", "limit", ""]);
    for criterion in &verdict.criteria {
        let bound = criterion.bound.replace('_', " ");
        table.add_row([
            criterion.name.clone(),
            number(criterion.value),
            format!("{bound} {}", number(Some(criterion.limit))),
            if criterion.passed { "met" } else { "NOT MET" }.to_owned(),
        ]);
    }
    format!("{}\n\n{table}", if verdict.passed { "passed" } else { "NOT PASSED" })
}

fn problems(report: &Report) -> Option<String> {
    let lines: Vec<String> = report
        .errors_by_code
        .iter()
        .map(|(code, turns)| {
            let example = report.error_examples.get(code).map(String::as_str).unwrap_or_default();
            format!("{turns} times {code}: {example}")
        })
        .collect();
    (!lines.is_empty()).then(|| format!("errors:\n{}", lines.join("\n")))
}

fn render_repeat(report: &RepeatReport, preset: TableStyle) -> String {
    let mut table = new_table(preset, &["over the runs", "median", "min", "max"]);
    for (name, spread) in &report.spread {
        table.add_row([
            name.clone(),
            milliseconds(Some(spread.median)),
            milliseconds(Some(spread.min)),
            milliseconds(Some(spread.max)),
        ]);
    }
    align(&mut table);
    let mut parts: Vec<String> = report.each.first().map(heading).into_iter().collect();
    parts.push(format!(
        "{} runs, {} turns: answered {}, errors {}, empty replies {}",
        report.runs, report.requests, report.answered, report.errors, report.empty_replies
    ));
    parts.push(table.to_string());
    parts.extend(
        report.passed.map(|passed| if passed { "every run passed" } else { "NOT PASSED" }.to_owned()),
    );
    parts.extend(report.each.iter().filter_map(problems));
    parts.join("\n\n")
}

pub(super) fn new_table(preset: TableStyle, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(preset);
    table.set_header(header.to_vec());
    table
}

fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// A count without digits after the point, anything else as a time.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        Some(value) if value.fract() == 0.0 && value.abs() < 1e9 => format!("{value:.0}"),
        other => milliseconds(other),
    }
}

/// Few digits where few matter.
fn milliseconds(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() < 10.0 => format!("{value:.2}"),
        Some(value) if value.abs() < 1000.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}
