//! Makes proof parameters, verifying keys and golden proofs.
//!
//! `ips-params generate --profile dev|test|all [--json]` fills the user's cache;
//! `ips-params keys --profile … --out DIR` writes `DIR/<profile>/{seal,post,poe}.vk`;
//! `ips-params vectors --out FILE` writes golden proofs of all profiles;
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
    measure::measure,
    params::{expected_seconds, profile_name, ParamsCache, ParamsError, ProverParams},
    vectors::{golden_proofs, VectorsError},
};
use ips_verifier::groth16::CircuitKind;

const USAGE: &str = "usage: ips-params generate --profile dev|test|all [--json]
       ips-params keys --profile dev|test|all --out DIR
       ips-params vectors --out FILE
       ips-params measure --profile dev|test|all
The parameters of profiles dev and test are insecure: their seed is public.";

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{USAGE}")]
    Usage,
    #[error(transparent)]
    Params(#[from] ParamsError),
    #[error(transparent)]
    Vectors(#[from] VectorsError),
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
    let cache = ParamsCache::of_user()?;
    match (command.as_str(), &options.out) {
        ("generate", None) if !options.profiles.is_empty() => each(&cache, &options, |_, _| Ok(())),
        ("keys", Some(out)) if !options.profiles.is_empty() => {
            each(&cache, &options, |params, profile| {
                write_key(out, params, profile)
            })
        }
        ("measure", None) => options.profiles.iter().try_for_each(|profile| {
            let times = measure(&cache, *profile)?;
            println!("{}: {times:.6?} (seconds)", profile_name(profile.id));
            Ok(())
        }),
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
            "--out" => options.out = Some(rest.next().ok_or(CliError::Usage)?.into()),
            "--profile" => {
                options.profiles = match rest.next().map(String::as_str) {
                    Some("test") => vec![Profile::TEST],
                    Some("dev") => vec![Profile::DEV],
                    Some("all") => vec![Profile::TEST, Profile::DEV],
                    _ => return Err(CliError::Usage),
                }
            }
            _ => return Err(CliError::Usage),
        }
    }
    Ok(options)
}

/// Loads or generates all parameters that were asked for, saying what it does.
fn each(
    cache: &ParamsCache,
    options: &Options,
    mut then: impl FnMut(&ProverParams, Profile) -> Result<(), CliError>,
) -> Result<(), CliError> {
    for profile in &options.profiles {
        for kind in CircuitKind::ALL {
            let (kind_name, profile_name) = (kind.name(), profile_name(profile.id));
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
        &out.join(profile_name(profile.id)).join(name),
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
