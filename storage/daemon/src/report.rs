//! A node's last status for people.

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use serde_json::Value;

use crate::folder::{read_status, StatusFile};

/// The status of the node in a base path, whether it runs or not.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// Whether a process has the base path now.
    pub is_running: bool,
    age_seconds: u64,
    status: Value,
}

impl StatusReport {
    /// Reads `status.json`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn read(base_path: &Path) -> anyhow::Result<Self> {
        let StatusFile {
            json,
            age,
            is_running,
        } = read_status(base_path).context(
            "no status yet: a node writes it every 10 seconds after its start; check --base-path",
        )?;
        Ok(Self {
            is_running,
            age_seconds: age.as_secs(),
            status: serde_json::from_str(&json).context("status.json is no JSON")?,
        })
    }

    /// For scripts: the status with `running` and `age_seconds`.
    pub fn json(&self) -> String {
        let mut status = self.status.clone();
        status["running"] = self.is_running.into();
        status["age_seconds"] = self.age_seconds.into();
        format!("{status:#}")
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut lines = String::new();
        let state = if self.is_running {
            "running"
        } else {
            "not running"
        };
        let mut line = |name: &str, value: String| {
            // Writing into a string cannot fail.
            let _ = writeln!(lines, "{name:<16}{value}");
        };
        line(
            "state",
            format!("{state}; status of {} s ago", self.age_seconds),
        );
        line("provider", self.word("provider"));
        line("peer", self.word("peer"));
        for address in self.list("listen") {
            line(
                "listens on",
                address.as_str().unwrap_or_default().to_owned(),
            );
        }
        line("peers", self.number("peers").to_string());
        line("best block", self.number("head").to_string());
        line("free for slots", size(self.number("free_bytes")));
        let slots = self.list("slots");
        let of = |key: &str| slots.iter().filter(|slot| slot[key] == true).count();
        let bytes = slots.iter().filter_map(|slot| slot["bytes"].as_u64()).sum();
        line(
            "slots",
            format!(
                "{} ({} delivered, {} confirmed), {}",
                slots.len(),
                of("delivered"),
                of("confirmed"),
                size(bytes)
            ),
        );
        line("sectors", self.sectors());
        line("since start", self.since_start());
        lines
    }

    fn sectors(&self) -> String {
        let steps = self.status["sectors_by_step"].as_object();
        let counts: Vec<String> = steps
            .into_iter()
            .flatten()
            .map(|(step, count)| format!("{count} {step}"))
            .collect();
        format!("{} {}", self.list("sectors").len(), counts.join(", "))
    }

    fn since_start(&self) -> String {
        format!(
            "{} seal proofs, {} storage proofs, {} retrieval claims accepted; {} extracts answered; \
             {} served",
            self.number("seals_accepted"),
            self.number("posts_accepted"),
            self.number("claims_accepted"),
            self.number("extracts_answered"),
            size(self.number("bytes_served")),
        )
    }

    fn word(&self, key: &str) -> String {
        let value = &self.status[key];
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    }

    fn number(&self, key: &str) -> u64 {
        self.status[key].as_u64().unwrap_or_default()
    }

    fn list(&self, key: &str) -> &[Value] {
        self.status[key].as_array().map_or(&[], Vec::as_slice)
    }
}

/// Bytes in the largest unit that leaves a whole number, with one digit after the point.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut tenths = bytes.saturating_mul(10);
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while tenths >= 10_240 {
        match units.next() {
            Some(next) => unit = Some(next),
            None => break,
        }
        tenths /= 1024;
    }
    let unit = unit.copied().unwrap_or_default();
    if unit == "bytes" {
        return format!("{bytes} bytes");
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BasePath;

    #[test]
    fn sizes_are_rounded_down() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (10 << 30, "10.0 GiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_status_is_told_to_people_and_scripts() {
        let dir = tempfile::tempdir().unwrap();
        assert!(StatusReport::read(dir.path()).is_err());
        let base = BasePath::take(dir.path()).unwrap();
        base.write_status(
            r#"{"peer": "12D3K", "listen": ["/ip4/127.0.0.1/tcp/1"], "head": 7,
                "slots": [{"bytes": 2048, "delivered": true, "confirmed": false}],
                "sectors": [{}], "sectors_by_step": {"Proving": 1}, "seals_accepted": 3}"#,
        )
        .unwrap();
        let report = StatusReport::read(dir.path()).unwrap();
        let text = report.text();
        for part in [
            "state           running",
            "/ip4/127.0.0.1/tcp/1",
            "1 (1 delivered, 0 confirmed), 2.0 KiB",
            "1 1 Proving",
            "3 seal proofs",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        assert!(json["running"] == true && json["head"] == 7);
    }
}
