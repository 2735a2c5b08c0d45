//! Rows of a result, for eyes and for programs.

use std::fmt::Write as _;

use serde_json::{json, Value};

/// One number. A larger ratio is better for us; without a peer there is none.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ours: f64,
    pub(crate) unit: &'static str,
    pub(crate) peer: Option<f64>,
    /// What limits the number, where something does.
    pub(crate) limit: Option<&'static str>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, ours: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            ours,
            unit,
            peer: None,
            limit: None,
        }
    }

    pub(crate) fn limited_by(self, limit: &'static str) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    pub(crate) fn against(self, peer: f64) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.peer.map(|peer| self.ours / peer)
    }

    /// As JSON; nothing here has a target.
    pub(crate) fn object(&self) -> Value {
        json!({
            "name": self.name, "ours": self.ours, "peer": self.peer, "unit": self.unit,
            "ratio": self.ratio(), "target": null, "met": null, "limit": self.limit,
        })
    }
}

fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.3}"),
    }
}

/// A table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | ours | peer | unit | ratio | binding limit |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let optional = |value: Option<f64>| value.map(figure).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.name,
            figure(row.ours),
            optional(row.peer),
            row.unit,
            optional(row.ratio()),
            row.limit.unwrap_or_default()
        );
    }
    text
}
