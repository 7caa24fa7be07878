//! On what machine was it measured? Numbers without it mean nothing.

use std::fs;
use std::thread;

use serde::{Deserialize, Serialize};

/// The machine on which the measurement ran; with an embedded server, also the server's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, if the system tells it.
    pub cpu: Option<String>,
    /// Cores this process may use.
    pub cores: usize,
    /// The memory, in megabytes, if the system tells it.
    pub memory_mb: Option<u64>,
    /// Operating system and architecture.
    pub os: String,
}

impl Machine {
    /// The machine this runs on. What it does not tell is left out.
    pub fn here() -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory_mb: field("/proc/meminfo", "MemTotal").and_then(|value| megabytes(&value)),
            os: os_name(),
        }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let cpu = self.cpu.as_deref().unwrap_or("unknown processor");
        let memory = self.memory_mb.map(|memory| format!(", {memory} MB")).unwrap_or_default();
        format!("{cpu}, {} cores{memory}, {}", self.cores, self.os)
    }
}

/// The most memory this process has used at a time, in megabytes, if the system tells it.
pub(super) fn peak_memory_mb() -> Option<u64> {
    field("/proc/self/status", "VmHWM").and_then(|value| megabytes(&value))
}

fn os_name() -> String {
    let architecture = std::env::consts::ARCH;
    match fs::read_to_string("/proc/sys/kernel/osrelease") {
        Ok(release) => format!("{} {} {architecture}", std::env::consts::OS, release.trim()),
        Err(_) => format!("{} {architecture}", std::env::consts::OS),
    }
}

/// The first `name : value` line of a file.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let found = text.lines().filter_map(|line| line.split_once(':')).find(|(field, _)| field.trim() == name);
    found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// `16384 kB` in megabytes.
fn megabytes(value: &str) -> Option<u64> {
    let kilobytes: u64 = value.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}
