//! `warmdesk bench`: measures a running server, or one that is started for it with the sample shop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::demo::Sample;
use super::options::GlobalOptions;
use super::serve::{self, ModelOptions};
use crate::app::{App, AppOptions, analyzer};
use crate::bench::{
    BenchError, BenchOptions, EventsReport, IndexReport, Measured, Target, measure_events, measure_index,
    measure_visible, progress_bar,
};
use crate::config::Config;
use crate::identity::ConversationIds;
use crate::model::AbsentModel;
use crate::record::{Record, RecordKind};

/// Options of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchCommand {
    /// What to measure.
    #[command(flatten)]
    pub bench: BenchOptions,
    /// What generates text in an embedded server
    #[command(flatten)]
    pub model: ModelOptions,
}

/// So many changes are made to see how soon one is seen.
const CHANGES: usize = 200;

/// How long the sample shop's vectors may take before measuring begins.
const VECTORS_WITHIN: Duration = Duration::from_secs(120);

/// Runs the command.
pub fn run(options: &GlobalOptions, command: BenchCommand) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    if options.log.is_none() {
        "warn".clone_into(&mut config.log.level);
    }
    // The sample shop has its own orders; a shop's system is nothing to measure with.
    config.connect.orders.url = None;
    config.server.port = 0;
    super::sample::name_shop(&mut config)?;
    serve::start_logging(&config)?;
    if command.bench.index {
        let report = serve::runtime()?.block_on(measure_a_large_shop(options, config, &command.bench))?;
        println!("{}", report.show(command.bench.format()));
        return Ok(if report.verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if command.bench.ingest.events.is_some() {
        let report = serve::runtime()?.block_on(measure_a_shops_events(options, config, &command.bench))?;
        println!("{}", report.show(command.bench.format()));
        return Ok(if report.verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let bench = &command.bench;
    let measured = serve::runtime()?.block_on(async {
        if !bench.embedded {
            return anyhow::Ok(bench.measure(None, &progress_bar()).await?);
        }
        with_sample_shop(options, config, async |target: &Target, _: &[Record]| {
            bench.measure(Some(target), &progress_bar()).await
        })
        .await
    })?;
    print(&measured, bench);
    Ok(if measured.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures a server with the sample shop in this process, which ends with it.
async fn with_sample_shop<T>(
    options: &GlobalOptions,
    config: Config,
    measure: impl AsyncFnOnce(&Target, &[Record]) -> Result<T, BenchError>,
) -> anyhow::Result<T> {
    let listener = serve::bind(&config).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let model = serve::open_model(&config)?;
    // What is measured is answering, not loading.
    serve::wait_until_loaded(model.as_ref()).await;
    let actions = serve::open_actions(&config)?;
    let sample = Sample::start(config.clone(), options.pack(&config)?, model, actions, false).await?;
    sample.app.vectors_ready(VECTORS_WITHIN).await;
    let target = Target {
        url,
        admin_key: sample.key().cloned(),
        customer_secret: Some(sample.app.secret.secret.clone()),
    };
    let records = sample.records.clone();
    let state = sample.app.state(None);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(sample.app.serve(listener, state, async {
        let _ = stopped.await;
    }));
    let measured = measure(&target, &records).await;
    let _ = stop.send(());
    serving.await??;
    Ok(measured?)
}

/// Reports events to a server and measures how they are taken.
async fn measure_a_shops_events(
    options: &GlobalOptions,
    config: Config,
    bench: &BenchOptions,
) -> anyhow::Result<EventsReport> {
    const ASKED_FOR: &str = "this is only asked for with --events";
    if !bench.embedded {
        let plan = bench.events_plan(None).context(ASKED_FOR)?;
        return Ok(measure_events(&plan, &progress_bar()).await?);
    }
    with_sample_shop(options, config, async |target: &Target, records: &[Record]| {
        let plan = bench.events_plan(Some((target, sold_in(records))));
        let plan = plan.ok_or_else(|| BenchError::Plan(ASKED_FOR.to_owned()))?;
        measure_events(&plan, &progress_bar()).await
    })
    .await
}

/// The products that a shop has in stock.
fn sold_in(records: &[Record]) -> Vec<String> {
    let in_stock = |record: &&Record| {
        record.kind == RecordKind::Product
            && record.fields.get("stock").and_then(serde_json::Value::as_i64).is_some_and(|stock| stock > 0)
    };
    records.iter().filter(in_stock).map(|record| record.id.clone()).collect()
}

/// Generates a shop, measures its index, then serves it and measures how soon a change is seen.
async fn measure_a_large_shop(
    options: &GlobalOptions,
    config: Config,
    bench: &BenchOptions,
) -> anyhow::Result<IndexReport> {
    let folder = tempfile::Builder::new().prefix("warmdesk-bench-").tempdir()?;
    let (clock, _) = serve::clock(&config, false)?;
    let analyzer = analyzer(folder.path())?;
    let report = measure_index(&bench.index_plan(), folder.path(), analyzer, &clock.now()).await?;
    let listener = serve::bind(&config).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = App::start(AppOptions {
        data: folder.path().to_owned(),
        pack: options.pack(&config)?,
        pack_place: None,
        model: Arc::new(AbsentModel::new("none", "searching needs no model")),
        embedder: None,
        orders: None,
        actions: None,
        ids: ConversationIds::default(),
        clock,
        test_clock: None,
        admin_key: None,
        customer_secret: None,
        config,
    })
    .await?;
    let key = app.new_key.as_ref().map(|key| key.key.clone()).context("a new folder has no keys yet")?;
    let state = app.state(None);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(app.serve(listener, state, async {
        let _ = stopped.await;
    }));
    let visible = measure_visible(&url, &key, CHANGES).await;
    let _ = stop.send(());
    serving.await??;
    Ok(report.with_visible(visible?))
}

fn print(measured: &Measured, options: &BenchOptions) {
    println!("{}", measured.render(options.format()));
}
