//! The table: rows as they are measured, printed for people and written as JSON.

use std::{fmt, fs, path::Path};

use anyhow::Context;
use serde_json::{json, Value};

/// One comparison of costs: less is better.
#[derive(Clone, Debug)]
pub struct Row {
    name: String,
    ours: f64,
    peer: f64,
    unit: &'static str,
    target: Option<f64>,
}

impl Row {
    /// Our cost beside the peer's, without a target. Both are above zero.
    pub fn of_costs(name: impl Into<String>, ours: f64, peer: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            ours,
            peer,
            unit,
            target: None,
        }
    }

    /// The ratio that the design asks for.
    #[must_use]
    pub fn with_target(self, ratio: f64) -> Self {
        Self {
            target: Some(ratio),
            ..self
        }
    }

    /// How many times the peer's cost is ours: larger is better for us.
    pub fn ratio(&self) -> f64 {
        self.peer / self.ours
    }

    /// Whether the target is met; `None` without one.
    pub fn is_met(&self) -> Option<bool> {
        self.target.map(|target| self.ratio() >= target)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "ours": self.ours,
            "peer": self.peer,
            "unit": self.unit,
            "ratio": self.ratio(),
            "target": self.target,
            "met": self.is_met(),
        })
    }

    fn cells(&self) -> [String; 7] {
        let met = match self.is_met() {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        [
            self.name.clone(),
            number(self.ours),
            number(self.peer),
            self.unit.to_owned(),
            // One digit more than a cost, so that a target missed by little does not look met.
            format!(
                "{:.*}×",
                if self.ratio() < 10.0 { 3 } else { 1 },
                self.ratio()
            ),
            self.target
                .map(|target| format!("{}×", number(target)))
                .unwrap_or_default(),
            met.to_owned(),
        ]
    }
}

/// All rows of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a row and says so, as a run takes minutes.
    pub fn add(&mut self, row: Row) {
        let [name, ours, peer, unit, ratio, ..] = row.cells();
        eprintln!("  {name}: {ours} against {peer} {unit}, {ratio}");
        self.rows.push(row);
    }

    /// Writes the array of rows.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_json(&self, path: &Path) -> anyhow::Result<()> {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let text = serde_json::to_string_pretty(&rows)?;
        fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
    }
}

/// A Markdown table, its columns aligned.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "ours", "peer", "unit", "ratio", "target", "met"].map(String::from);
        let table: Vec<[String; 7]> = [head]
            .into_iter()
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        let widths: [usize; 7] = std::array::from_fn(|column| {
            let cells = table.iter().map(|cells| cells[column].chars().count());
            cells.max().unwrap_or_default()
        });
        for (index, cells) in table.iter().enumerate() {
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                for width in widths {
                    write!(f, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// Three significant digits; whole numbers in groups of three.
fn number(value: f64) -> String {
    match value {
        _ if value >= 10_000.0 => grouped(&format!("{value:.0}")),
        _ if value >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_meets_its_target_from_the_ratio_on() {
        let row = Row::of_costs("x", 2.0, 80.0, "s");
        assert_eq!((row.ratio(), row.is_met()), (40.0, None));
        assert_eq!(row.clone().with_target(40.0).is_met(), Some(true));
        assert_eq!(row.with_target(40.1).is_met(), Some(false));
    }

    #[test]
    fn rows_have_the_agreed_fields() {
        let row = Row::of_costs("x", 2.0, 3.0, "rows").with_target(2.0);
        let expected = json!({
            "name": "x", "ours": 2.0, "peer": 3.0, "unit": "rows",
            "ratio": 1.5, "target": 2.0, "met": false,
        });
        assert_eq!(row.json(), expected);
        let json = Row::of_costs("x", 2.0, 3.0, "rows").json();
        assert!(json["target"].is_null() && json["met"].is_null());
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (2_231_234.0, "2,231,234"),
            (12_345.6, "12,346"),
            (999.7, "1000"),
            (54.16, "54.2"),
            (3.456, "3.46"),
            (0.0123, "0.012"),
            (21.0, "21"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }
}
