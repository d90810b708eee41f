//! The process, under the names that every Prometheus client has for it.

use std::fs;

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use rlimit::Resource;

/// Clock ticks in a second: what Linux tells programs of time is in hundredths, whatever its own clock.
const TICKS: f64 = 100.0;

/// What Linux knows of this process; nothing, where there is no `/proc`.
pub(super) fn read() -> Registry {
    let mut registry = Registry::with_prefix("process");
    if let Some(stat) = Stat::read() {
        let cpu = ConstCounter::new(stat.cpu);
        registry.register_with_unit("cpu", "Processor time, user and system", Unit::Seconds, cpu);
        let virtual_memory = ConstGauge::new(stat.virtual_memory);
        registry.register_with_unit("virtual_memory", "Address space", Unit::Bytes, virtual_memory);
        registry.register("threads", "Threads", ConstGauge::new(stat.threads));
        if let Some(boot) = line("/proc/stat", "btime") {
            let start = ConstGauge::new(boot + stat.start);
            registry.register_with_unit("start_time", "When it started, since 1970", Unit::Seconds, start);
        }
    }
    if let Some(kilobytes) = line("/proc/self/status", "VmRSS:") {
        let resident = ConstGauge::new(kilobytes * 1024.0);
        registry.register_with_unit("resident_memory", "Memory that it has", Unit::Bytes, resident);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // The folder that is being read is one of them, and is closed by then.
        let open = files.count().saturating_sub(1);
        let open = ConstGauge::new(i64::try_from(open).unwrap_or(i64::MAX));
        registry.register("open_fds", "Open files and connections", open);
    }
    if let Ok((most, _)) = rlimit::getrlimit(Resource::NOFILE) {
        registry.register("max_fds", "How many there may be", ConstGauge::new(most));
    }
    registry
}

/// What `/proc/self/stat` says.
struct Stat {
    /// In seconds.
    cpu: f64,
    threads: f64,
    /// In seconds since the machine started.
    start: f64,
    /// In bytes.
    virtual_memory: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program is in parentheses, and may have anything in it; the state is the third field.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu: (field(14)? + field(15)?) / TICKS,
            threads: field(20)?,
            start: field(22)? / TICKS,
            virtual_memory: field(23)?,
        })
    }
}

/// The number on the line of a file that begins with `name`.
fn line(file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
