//! JSON logs: the SDK only writes lines for eyes.

use tracing_subscriber::EnvFilter;

/// What is logged unless the user says otherwise; the SDK's own choice.
const DEFAULTS: &str = "info,ws=off,yamux=off,regalloc=off,cranelift_codegen=off,\
     cranelift_wasm=warn,hyper=warn,hickory_proto=off,rustls=warn";

/// Layout of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For eyes.
    Human,
    /// One JSON object per line.
    Json,
}

/// Starts JSON logs on standard error. `filters` is what `--log` said.
///
/// # Errors
/// If a filter is wrong, or another logger runs.
pub(crate) fn start_json(filters: &str) -> Result<(), String> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter(filters)?)
        .with_writer(std::io::stderr)
        .try_init()
        .map_err(|error| format!("cannot start the log: {error}"))
}

fn filter(filters: &str) -> Result<EnvFilter, String> {
    let environment = std::env::var("RUST_LOG").unwrap_or_default();
    let all = [DEFAULTS, &environment, filters];
    let chosen: Vec<_> = all.into_iter().filter(|part| !part.is_empty()).collect();
    EnvFilter::try_new(chosen.join(","))
        .map_err(|error| format!("--log {filters}: {error}; write it like sync=debug,txpool=trace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        assert!(filter("").is_ok());
        let chosen = filter("sync=debug").map(|filter| filter.to_string());
        assert!(chosen.is_ok_and(|text| text.contains("sync=debug")));
        assert!(filter("sync=loud").is_err());
    }
}
