//! How far a measurement is, as a bar on standard error; nothing is drawn where nobody looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::Progress;

/// A bar that shows the progress of one measurement after the other. It goes away when this is dropped.
pub fn progress_bar() -> impl Fn(Progress) + Send + Sync {
    let bar = ProgressBar::no_length().with_finish(ProgressFinish::AndClear);
    let style = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    move |progress| show(&bar, progress)
}

fn show(bar: &ProgressBar, progress: Progress) {
    let (message, done, of) = match progress {
        Progress::Connecting => ("waiting for the server".to_owned(), 0, 0),
        Progress::WarmingUp { done, of } => ("warming up".to_owned(), done, of),
        Progress::Saturating => ("giving the model enough to do".to_owned(), 0, 0),
        Progress::Measuring { done, of, errors: 0 } => ("measuring".to_owned(), done, of),
        Progress::Measuring { done, of, errors } => (format!("measuring, {errors} errors"), done, of),
        Progress::Finishing => ("finishing what keeps the model busy".to_owned(), 0, 0),
    };
    bar.set_length(of as u64);
    bar.set_position(done as u64);
    bar.set_message(message);
}
