//! `warmdesk gaps`: questions that nothing answered, for operations to read or to answer in a sheet.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use comfy_table::{Table, presets};
use jiff::tz::TimeZone;
use serde_json::json;

use super::options::GlobalOptions;
use super::serve::{runtime, start_logging};
use crate::gaps::{Gap, GapState};
use crate::identity::{ShopId, StaffScope};
use crate::store::{GapFilter, Store};

/// The columns of the sheet. Those of a knowledge entry are named as `warmdesk index` reads them.
const COLUMNS: [&str; 9] =
    ["编号", "问题", "相似问法", "答案", "商品编号", "次数", "最近一次", "场景", "会话"];

/// What begins a formula in a spreadsheet. A customer's question never becomes one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Options of `gaps`.
#[derive(Debug, Clone, Args)]
pub struct GapsOptions {
    /// Which: open, answered, dismissed or all
    #[arg(long, default_value = "open", value_parser = state)]
    pub state: Which,
    /// At most so many, the most asked first
    #[arg(long, default_value_t = 500)]
    pub limit: u32,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Write a sheet. Fill in 答案, delete the rows without one, and read it in with `warmdesk index`
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// Which gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which(Option<GapState>);

fn state(name: &str) -> Result<Which, String> {
    if name == "all" {
        return Ok(Which(None));
    }
    serde_json::from_value(json!(name))
        .map(|state| Which(Some(state)))
        .map_err(|_| "open, answered, dismissed or all is expected".to_owned())
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: GapsOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    let staff = StaffScope { shop: ShopId::default(), actor: "gaps".to_owned() };
    let filter = GapFilter { state: command.state.0, limit: command.limit, offset: 0 };
    let (gaps, total) = runtime()?.block_on(async {
        let store = Store::open(&options.data).await?;
        let found = store.gaps(&staff, filter).await?;
        store.close().await;
        anyhow::Ok(found)
    })?;
    let zone = config.zone()?;
    match (&command.csv, command.json) {
        (Some(file), _) => {
            write_sheet(&gaps, &zone, file)?;
            println!("{} of {total} questions: {}", gaps.len(), file.display());
        }
        (None, true) => print_json(&gaps, total)?,
        (None, false) => print_table(&gaps, &zone),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(gaps: &[Gap], total: u64) -> anyhow::Result<()> {
    let gap = |gap: &Gap| {
        json!({
            "id": gap.id, "question": gap.question, "ways": gap.ways, "reason": gap.reason,
            "scenario": gap.scenario, "topic": gap.topic, "product": gap.product, "state": gap.state,
            "answered_by": gap.answered_by, "settled_by": gap.settled_by, "times": gap.times,
            "first_at": gap.first_at, "last_at": gap.last_at, "conversations": gap.conversations,
        })
    };
    let gaps: Vec<_> = gaps.iter().map(gap).collect();
    println!("{}", serde_json::to_string_pretty(&json!({ "gaps": gaps, "total": total }))?);
    Ok(())
}

fn print_table(gaps: &[Gap], zone: &TimeZone) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["TIMES", "LAST", "STATE", "PRODUCT", "QUESTION"]);
    for gap in gaps {
        table.add_row([
            gap.times.to_string(),
            moment(gap, zone),
            name(&gap.state),
            gap.product.clone().unwrap_or_default(),
            gap.question.clone(),
        ]);
    }
    println!("{table}");
}

/// With a byte order mark, by which spreadsheets know that it is UTF-8.
fn write_sheet(gaps: &[Gap], zone: &TimeZone, file: &Path) -> anyhow::Result<()> {
    let mut sheet = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    sheet.write_record(COLUMNS)?;
    for gap in gaps {
        let ways: Vec<String> = gap.ways.iter().map(|way| plain(way)).collect();
        sheet.write_record([
            gap.id.as_str(),
            &plain(&gap.question),
            &ways.join("\n"),
            "",
            &plain(gap.product.as_deref().unwrap_or_default()),
            &gap.times.to_string(),
            &moment(gap, zone),
            gap.scenario.as_deref().unwrap_or_default(),
            gap.conversations.first().map(|id| id.as_str()).unwrap_or_default(),
        ])?;
    }
    let bytes = sheet.into_inner().context("the sheet cannot be written")?;
    std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

/// A text that no spreadsheet takes for a formula.
fn plain(text: &str) -> String {
    text.trim_start_matches(FORMULA).to_owned()
}

fn moment(gap: &Gap, zone: &TimeZone) -> String {
    gap.last_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn name(state: &GapState) -> String {
    serde_json::to_value(state).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::gaps::GapReason;
    use crate::identity::GapId;
    use crate::knowledge::sources::{Columns, read_sources};

    fn gap(question: &str, ways: &[&str]) -> Gap {
        Gap {
            id: GapId::generate(),
            question: question.to_owned(),
            ways: ways.iter().map(|way| (*way).to_owned()).collect(),
            reason: GapReason::NoEvidence,
            scenario: Some("shop_question".into()),
            topic: Some("other".into()),
            product: None,
            state: GapState::Open,
            answered_by: None,
            settled_by: None,
            times: 3,
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            conversations: Vec::new(),
        }
    }

    #[test]
    fn an_answered_sheet_is_knowledge() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gaps.csv");
        let gaps = [gap("=你们有实体店吗", &["有没有门店, 可以逛的", "+1 有店吗"])];
        write_sheet(&gaps, &TimeZone::UTC, &file).unwrap();
        let sheet = std::fs::read_to_string(&file).unwrap();
        assert!(!sheet.contains("=你们") && !sheet.contains("+1"), "{sheet}");
        // Operations fill in the answer: the empty cell behind the ways of asking.
        let answered = sheet.replace("\",,,3,", "\",杭州西湖边有一家。,,3,");
        assert_ne!(answered, sheet, "{sheet}");
        std::fs::write(&file, answered).unwrap();
        let sources = read_sources(&[file], &Columns::load(None).unwrap()).unwrap();
        let records: Vec<_> = sources.iter().flat_map(|source| &source.records).collect();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].id, gaps[0].id.as_str());
        assert_eq!(records[0].text("text"), Some("杭州西湖边有一家。"));
        assert!(records[0].texts("questions").contains(&"你们有实体店吗"), "{:?}", records[0].fields);
    }
}
