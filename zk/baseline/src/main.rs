//! Prints the table of our proofs beside Filecoin's.
//!
//! `ips-baseline [--quick] [--json FILE]`; run it by `scripts/bench-proofs.sh`.

use std::{env, fs, path::PathBuf, thread};

use anyhow::bail;
use ips_baseline::{
    filecoin,
    report::Report,
    sections::{counts, on_chain, prover, seal_proof, sealing},
};
use ips_primitives::sector::Profile;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};

const USAGE: &str = "usage: ips-baseline [--quick] [--json FILE]
  --quick  counts, and times of small sectors only: no proof of Filecoin's
  --json   also write the rows, an array of {name, ours, peer, unit, ratio, target, met}";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    quick: bool,
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = parse(env::args().skip(1))?;
    let caches = tempfile::tempdir()?;
    filecoin::keep_caches_in(caches.path());
    let mut rng = ChaCha20Rng::from_seed([42; 32]);
    let mut report = Report::default();
    let load_before = load();

    eprintln!("counting circuits");
    counts::run(&mut report)?;
    let profile = if options.quick {
        Profile::TEST
    } else {
        Profile::DEV
    };
    eprintln!("sealing");
    sealing::run(&mut report, profile.tree_levels, &mut rng)?;
    eprintln!("one circuit, two provers");
    prover::run(&mut report, profile, &mut rng)?;
    if !options.quick {
        eprintln!("seal proofs");
        seal_proof::run(&mut report, caches.path(), &mut rng)?;
    }

    eprintln!("weights of the chain");
    on_chain::weights(&mut report)?;

    println!("{report}");
    println!(
        "{} cores of {}; load average {load_before} before, {} after",
        thread::available_parallelism()?,
        processor(),
        load()
    );
    if let Some(path) = options.json {
        report.write_json(&path)?;
    }
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--json" => match arguments.next() {
                Some(path) => options.json = Some(path.into()),
                None => bail!(USAGE),
            },
            _ => bail!(USAGE),
        }
    }
    Ok(options)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    name.map_or_else(
        || "an unnamed processor".to_owned(),
        |name| name.trim_start_matches([' ', '\t', ':']).to_owned(),
    )
}

/// Of the last minute, in the system's words.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}
