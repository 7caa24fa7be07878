//! Logs and metrics: what is measured and under which names.

pub mod logging;
pub mod metrics;
