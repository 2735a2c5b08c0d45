//! Makes proof parameters, verifying keys and golden proofs.
//!
//! `ips-params generate --profile dev|test|all [--json]` fills the user's cache; of `testnet` and
//! `production` it makes insecure parameters, and only if told so with `--insecure`;
//! `ips-params keys --profile … --out DIR` writes `DIR/<profile>/{seal,post,poe}.vk`;
//! `ips-params vectors --out FILE` writes golden proofs of all profiles;
//! `ips-params shape --profile …` counts rows and variables of the circuits and names their digests;
//! `ips-params measure --profile …` says what sealing and proving cost on this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use ips_primitives::sector::Profile;
use ips_proofs::{
    file::FileError,
    measure::{measure, MeasureError, Step},
    params::{expected_seconds, ParamsCache, ParamsError, ProverParams, Shape},
    vectors::{golden_proofs, VectorsError},
};
use ips_verifier::groth16::CircuitKind;

const USAGE: &str = "usage: ips-params generate --profile PROFILE|all [--insecure] [--json]
       ips-params keys --profile PROFILE|all [--insecure] --out DIR
       ips-params vectors --out FILE
       ips-params shape --profile PROFILE|all
       ips-params measure --profile PROFILE|all
PROFILE is test, dev, testnet or production; all is test and dev.
The parameters of profiles dev and test are insecure: their seed is public. Those of testnet and
production come from a ceremony; with --insecure they are made from a public seed, to measure with.";

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{USAGE}")]
    Usage,
    #[error(transparent)]
    Params(#[from] ParamsError),
    #[error(transparent)]
    Vectors(#[from] VectorsError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// What the command line asks for.
#[derive(Default)]
struct Options {
    profiles: Vec<Profile>,
    out: Option<PathBuf>,
    json: bool,
    insecure: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), CliError> {
    let (command, rest) = arguments.split_first().ok_or(CliError::Usage)?;
    let options = parse(rest)?;
    let mut cache = ParamsCache::of_user()?;
    if options.insecure {
        cache = cache.allowing_insecure();
    }
    match (command.as_str(), &options.out) {
        ("generate", None) if !options.profiles.is_empty() => each(&cache, &options, |_, _| Ok(())),
        ("keys", Some(out)) if !options.profiles.is_empty() => {
            each(&cache, &options, |params, profile| {
                write_key(out, params, profile)
            })
        }
        ("measure", None) => options.profiles.iter().try_for_each(|profile| {
            println!("profile {}", profile.id.name());
            Ok(measure(&cache, *profile, &mut print_step)?)
        }),
        ("shape", None) => options
            .profiles
            .iter()
            .try_for_each(|profile| print_shapes(*profile)),
        ("vectors", Some(out)) if options.profiles.is_empty() => {
            write(out, &golden_proofs(&cache)?)
        }
        _ => Err(CliError::Usage),
    }
}

fn parse(arguments: &[String]) -> Result<Options, CliError> {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--json" => options.json = true,
            "--insecure" => options.insecure = true,
            "--out" => options.out = Some(rest.next().ok_or(CliError::Usage)?.into()),
            "--profile" => {
                options.profiles = named(rest.next().ok_or(CliError::Usage)?);
                if options.profiles.is_empty() {
                    return Err(CliError::Usage);
                }
            }
            _ => return Err(CliError::Usage),
        }
    }
    Ok(options)
}

/// The profiles of a name; `all` are those without a ceremony. None if the name is of no profile.
fn named(name: &str) -> Vec<Profile> {
    match name {
        "all" => Profile::ALL
            .into_iter()
            .filter(|profile| !profile.id.needs_ceremony())
            .collect(),
        name => Profile::named(name).into_iter().collect(),
    }
}

fn print_step(step: Step) {
    let mebibytes = step.peak_bytes.map(|bytes| bytes >> 20);
    let peak = mebibytes.map_or("unknown".to_owned(), |peak| format!("{peak} MiB"));
    println!("{:56} {:10.3} s   peak {peak}", step.name, step.seconds);
}

fn print_shapes(profile: Profile) -> Result<(), CliError> {
    for kind in CircuitKind::ALL {
        let shape = Shape::of(kind, profile).map_err(ParamsError::Generate)?;
        let digest = Shape::digest(kind, profile).map_err(ParamsError::Generate)?;
        println!(
            "{} {}: {} rows, {} variables, domain 2^{}, digest {digest}",
            profile.id.name(),
            kind.name(),
            shape.rows,
            shape.private,
            shape.domain().ilog2()
        );
    }
    Ok(())
}

/// Loads or generates all parameters that were asked for, saying what it does.
fn each(
    cache: &ParamsCache,
    options: &Options,
    mut then: impl FnMut(&ProverParams, Profile) -> Result<(), CliError>,
) -> Result<(), CliError> {
    for profile in &options.profiles {
        for kind in CircuitKind::ALL {
            let (kind_name, profile_name) = (kind.name(), profile.id.name());
            let path = cache.path(kind, *profile);
            let cached = path.exists();
            if !options.json && !cached {
                let seconds = expected_seconds(kind, profile.id);
                println!("{profile_name} {kind_name}: generating, about {seconds} s on two cores");
            }
            let started = Instant::now();
            let params = cache.load_or_generate(kind, *profile)?;
            let seconds = started.elapsed().as_secs_f32();
            if options.json {
                println!(
                    "{{\"profile\":\"{profile_name}\",\"kind\":\"{kind_name}\",\
                     \"cached\":{cached},\"seconds\":{seconds:.2}}}"
                );
            } else {
                let what = if cached { "loaded" } else { "ready" };
                println!(
                    "{profile_name} {kind_name}: {what} in {seconds:.1} s, {}",
                    path.display()
                );
            }
            then(&params, *profile)?;
        }
    }
    Ok(())
}

fn write_key(out: &Path, params: &ProverParams, profile: Profile) -> Result<(), CliError> {
    let name = format!("{}.vk", params.kind().name());
    write(
        &out.join(profile.id.name()).join(name),
        &params.verifying_key(),
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let io = |source| CliError::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(path, bytes).map_err(io)?;
    println!("wrote {}", path.display());
    Ok(())
}
