//! `warmdesk bench`: measures a running server, or one that is started for it with the sample shop.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::demo::Sample;
use super::options::GlobalOptions;
use super::serve::{self, ModelOptions};
use crate::bench::{BenchOptions, Measured, Target, progress_bar};

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

/// How long the sample shop's vectors may take before measuring begins.
const VECTORS_WITHIN: Duration = Duration::from_secs(120);

/// Runs the command.
pub fn run(options: &GlobalOptions, command: BenchCommand) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    if options.log.is_none() {
        "warn".clone_into(&mut config.log.level);
    }
    config.server.port = 0;
    super::sample::name_shop(&mut config)?;
    serve::start_logging(&config)?;
    let measured = serve::runtime()?.block_on(async {
        if !command.bench.embedded {
            return anyhow::Ok(command.bench.measure(None, &progress_bar()).await?);
        }
        let listener = serve::bind(&config).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let model = serve::open_model(&config)?;
    // The sample shop has its own orders; a shop's system is nothing to measure with.
    config.connect.orders.url = None;
        // What is measured is answering, not loading.
        serve::wait_until_loaded(model.as_ref()).await;
        let sample = Sample::start(config.clone(), options.pack(&config)?, model).await?;
        sample.app.vectors_ready(VECTORS_WITHIN).await;
        let target = Target {
            url,
            admin_key: sample.key().cloned(),
            customer_secret: Some(sample.app.secret.secret.clone()),
        };
        let state = sample.app.state(None);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(sample.app.serve(listener, state, async {
            let _ = stopped.await;
        }));
        let measured = command.bench.measure(Some(&target), &progress_bar()).await;
        let _ = stop.send(());
        serving.await??;
        Ok(measured?)
    })?;
    print(&measured, &command.bench);
    Ok(if measured.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(measured: &Measured, options: &BenchOptions) {
    println!("{}", measured.render(options.format()));
}
