//! Runs one step of a Groth16 set-up by several parties; `docs/ceremony.md` says who runs which.

use std::{collections::BTreeMap, env, fs, path::PathBuf, process::ExitCode, time::Instant};

use ips_primitives::sector::ProfileId;
use ips_proofs::ceremony::{
    apply_beacon, contribute, export, verify, Beacon, CeremonyError, Contribution, Initial,
    OriginHash, Secret, Source, Transcript, Verified, CONTRIBUTORS_MIN,
};
use ips_verifier::groth16::CircuitKind;
use rand_core::OsRng;

const USAGE: &str = "usage:
  ips-ceremony start      --circuit seal|post|poe --profile test|dev ORIGIN --out FILE
  ips-ceremony contribute --from FILE --out FILE --name NAME [--entropy-file FILE]
  ips-ceremony beacon     --from FILE --out FILE --value HEX --iterations-log2 N
  ips-ceremony verify     --from FILE ORIGIN
  ips-ceremony export     --from FILE ORIGIN --out FOLDER
  ips-ceremony show       --from FILE
ORIGIN is --phase1 FILE --phase1-hash HEX (what b2sum prints), or, for rehearsals only,
--insecure-seed TEXT: anybody can forge proofs for keys that started from a seed.";

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{USAGE}")]
    Usage,
    #[error("--{option}: {problem}")]
    Option {
        option: &'static str,
        problem: String,
    },
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let started = Instant::now();
    match run(&arguments) {
        Ok(()) => {
            eprintln!("done in {:.1} s", started.elapsed().as_secs_f32());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), CliError> {
    let (command, rest) = arguments.split_first().ok_or(CliError::Usage)?;
    const ORIGIN: [&str; 3] = ["phase1", "phase1-hash", "insecure-seed"];
    let options = |own: &[&str], origin: &[&str]| Options::parse(rest, &[own, origin].concat());
    match command.as_str() {
        "start" => start(&mut options(&["circuit", "profile", "out"], &ORIGIN)?),
        "contribute" => add(&mut options(&["from", "out", "name", "entropy-file"], &[])?),
        "beacon" => close(&mut options(
            &["from", "out", "value", "iterations-log2"],
            &[],
        )?),
        "verify" => {
            report(&checked(&mut options(&["from"], &ORIGIN)?)?);
            Ok(())
        }
        "export" => write_keys(&mut options(&["from", "out"], &ORIGIN)?),
        "show" => {
            show(&Transcript::open(&options(&["from"], &[])?.path("from")?)?);
            Ok(())
        }
        _ => Err(CliError::Usage),
    }
}

/// Options with their values.
struct Options(BTreeMap<String, String>);

impl Options {
    fn parse(arguments: &[String], known: &[&str]) -> Result<Self, CliError> {
        let mut options = BTreeMap::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let name = argument.strip_prefix("--").ok_or(CliError::Usage)?;
            if !known.contains(&name) {
                return Err(CliError::Usage);
            }
            let value = rest.next().ok_or(CliError::Usage)?;
            if options.insert(name.to_owned(), value.clone()).is_some() {
                return Err(CliError::Usage);
            }
        }
        Ok(Self(options))
    }

    fn optional(&mut self, option: &str) -> Option<String> {
        self.0.remove(option)
    }

    fn text(&mut self, option: &str) -> Result<String, CliError> {
        self.optional(option).ok_or(CliError::Usage)
    }

    fn path(&mut self, option: &str) -> Result<PathBuf, CliError> {
        self.text(option).map(PathBuf::from)
    }

    fn source(&mut self) -> Result<Source, CliError> {
        if let Some(text) = self.optional("insecure-seed") {
            if self.0.contains_key("phase1") {
                return Err(CliError::Usage);
            }
            return Ok(Source::PublicSeed(text));
        }
        let path = self.path("phase1")?;
        let mut hash = [0; 64];
        hex::decode_to_slice(self.text("phase1-hash")?, &mut hash).map_err(|_| {
            let problem = "needs 128 hexadecimal digits, as b2sum prints them".to_owned();
            let option = "phase1-hash";
            CliError::Option { option, problem }
        })?;
        let hash = OriginHash(hash);
        Ok(Source::PhaseOne { path, hash })
    }
}

fn start(options: &mut Options) -> Result<(), CliError> {
    let circuit = options.text("circuit")?;
    let kind = CircuitKind::ALL
        .into_iter()
        .find(|kind| kind.name() == circuit)
        .ok_or(CliError::Usage)?;
    let wanted = options.text("profile")?;
    let profile = ProfileId::ALL
        .into_iter()
        .find(|id| id.name() == wanted)
        .ok_or(CliError::Usage)?;
    let (source, out) = (options.source()?, options.path("out")?);
    Initial::derive(kind, profile, &source)?.write(&out)?;
    show(&Transcript::open(&out)?);
    Ok(())
}

fn add(options: &mut Options) -> Result<(), CliError> {
    let (from, out) = (options.path("from")?, options.path("out")?);
    let name = options.text("name")?;
    let user = match options.optional("entropy-file") {
        None => Vec::new(),
        Some(path) => fs::read(&path).map_err(|error| CliError::Option {
            option: "entropy-file",
            problem: format!("{path}: {error}"),
        })?,
    };
    let secret = Secret::from_entropy(&user, &mut OsRng);
    let contribution = contribute(&from, &out, &name, &secret)?;
    say_hash(&contribution);
    Ok(())
}

fn close(options: &mut Options) -> Result<(), CliError> {
    let (from, out) = (options.path("from")?, options.path("out")?);
    let problem = |option, problem: String| CliError::Option { option, problem };
    let value =
        hex::decode(options.text("value")?).map_err(|error| problem("value", error.to_string()))?;
    let log2 = options
        .text("iterations-log2")?
        .parse()
        .map_err(|_| problem("iterations-log2", "needs a number from 0 to 40".into()))?;
    let contribution = apply_beacon(&from, &out, Beacon::new(value, log2)?)?;
    say_hash(&contribution);
    Ok(())
}

fn say_hash(contribution: &Contribution) {
    println!("contribution of {}:", contribution.name);
    println!("  {}", contribution.hash);
    println!("publish this hash; whoever verifies the ceremony must find it in the chain");
}

/// Derives the initial parameters again and verifies the ceremony against them.
fn checked(options: &mut Options) -> Result<Verified, CliError> {
    let from = options.path("from")?;
    let source = options.source()?;
    let header = *Transcript::open(&from)?.header();
    let initial = Initial::derive(header.kind, header.profile, &source)?;
    Ok(verify(&from, &initial, &mut OsRng)?)
}

fn report(verified: &Verified) {
    show(verified.transcript());
    println!("every contribution and all parameters hold");
}

fn write_keys(options: &mut Options) -> Result<(), CliError> {
    let folder = options.path("out")?;
    let verified = checked(options)?;
    report(&verified);
    let exported = export(&verified, &folder)?;
    println!("parameters {}", exported.parameters.display());
    println!("  checksum {}", hex::encode(exported.pin.checksum.0));
    println!("key {}", exported.key.display());
    println!("  id {}", hex::encode(exported.key_id.0));
    println!("  insecure {}", exported.insecure);
    Ok(())
}

fn show(transcript: &Transcript) {
    let header = transcript.header();
    let profile = header.profile.name();
    println!("ceremony of {profile} {}", header.kind.name());
    println!("  circuit {}", header.circuit);
    println!("  from {}", header.origin);
    println!("  initial parameters {}", header.initial);
    println!("  start {}", header.hash());
    for (at, contribution) in transcript.contributions().iter().enumerate() {
        println!("{}. {}", at + 1, contribution.name);
        if let Some(beacon) = &contribution.beacon {
            let value = hex::encode(beacon.value());
            let log2 = beacon.iterations_log2();
            println!("  value {value}, hashed 2^{log2} times");
        }
        println!("  parameters {}", contribution.parameters);
        println!("  contribution {}", contribution.hash);
    }
    if transcript.is_complete() {
        println!("complete: its key carries no insecure flag");
    } else {
        println!(
            "incomplete: a key needs a first phase, {CONTRIBUTORS_MIN} contributors and a beacon, or \
             it carries the insecure flag"
        );
    }
}
