//! Progress bars and results: bars on a terminal, text or one JSON object as the result.

use std::{
    io::{IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::error::ClientError;

/// Where a command shows what it does.
pub(crate) struct Terminal {
    json: bool,
    bars: bool,
    resumable: Mutex<Option<String>>,
}

impl Terminal {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            bars: !quiet && std::io::stderr().is_terminal(),
            resumable: Mutex::default(),
        }
    }

    /// Notes the file whose upload can be resumed if the command is stopped now.
    pub(crate) fn can_resume(&self, file: Option<&str>) {
        let mut resumable = self
            .resumable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *resumable = file.map(str::to_owned);
    }

    /// The file whose upload can be resumed.
    pub(crate) fn resumable(&self) -> Option<String> {
        let resumable = self
            .resumable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        resumable.clone()
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
            // A closed pipe is the reader's choice.
            let _ = writeln!(std::io::stdout(), "{}", error.object());
        } else {
            eprintln!("error: {error}");
        }
    }
}

fn json_error(message: &str) -> String {
    json!({"error": {"kind": "failed", "message": message, "exit_code": 1}}).to_string()
}
