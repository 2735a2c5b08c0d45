//! Progress bars and results: bars on a terminal, text or one JSON object as the result.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::error::ClientError;

/// Where a command shows what it does.
pub(crate) struct Terminal {
    json: bool,
    bars: bool,
}

impl Terminal {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            bars: !quiet && std::io::stderr().is_terminal(),
        }
    }

    /// A bar that counts bytes, with rate and time left.
    pub(crate) fn bytes(&self, what: &'static str, total: u64) -> ProgressBar {
        self.bar(
            what,
            total,
            "{msg:10} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        )
    }

    /// A bar that counts things.
    pub(crate) fn count(&self, what: &'static str, total: usize) -> ProgressBar {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        self.bar(what, total, "{msg:10} {wide_bar} {pos}/{len} {elapsed}")
    }

    fn bar(&self, what: &'static str, total: u64, template: &str) -> ProgressBar {
        if !self.bars {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style).with_message(what)
    }

    /// A line of what goes on; not part of the result.
    pub(crate) fn note(&self, text: &str) {
        if self.bars {
            eprintln!("{text}");
        }
    }

    /// The result: the object, or its text.
    pub(crate) fn result(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        let line = if self.json {
            serde_json::to_string(value).unwrap_or_else(|error| json_error(&error.to_string()))
        } else {
            text()
        };
        // A closed pipe is the reader's choice.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    pub(crate) fn error(&self, error: &ClientError) {
        if self.json {
            let object = json!({"error": {
                "kind": error.kind(),
                "message": error.to_string(),
                "exit_code": error.exit_code(),
            }});
            let _ = writeln!(std::io::stdout(), "{object}");
        } else {
            eprintln!("error: {error}");
        }
    }
}

fn json_error(message: &str) -> String {
    json!({"error": {"kind": "failed", "message": message, "exit_code": 1}}).to_string()
}
