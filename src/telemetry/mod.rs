//! Logs and metrics: what is measured and under which names.
