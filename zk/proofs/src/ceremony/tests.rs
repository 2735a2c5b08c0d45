//! Ceremonies of several parties, honest, cheating and damaged.

mod cheats;
mod damage;
mod keys;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use bellperson::groth16::Parameters;
use blstrs::Bls12;
use ips_primitives::{hash::blake2_256, sector::ProfileId};
use ips_verifier::groth16::CircuitKind;
use rand_core::OsRng;
use tempfile::TempDir;

use super::{record::HEADER_BYTES, *};

const SEED: &str = "a rehearsal";

/// The initial parameters of the smallest circuit from a public seed.
fn initial() -> &'static Initial {
    static INITIAL: OnceLock<Initial> = OnceLock::new();
    INITIAL.get_or_init(|| {
        let source = Source::PublicSeed(SEED.into());
        Initial::derive(CircuitKind::Poe, ProfileId::Test, &source).unwrap()
    })
}

/// A ceremony of three contributors and a beacon: the file after each step, the start first.
fn files() -> &'static [PathBuf] {
    static FILES: OnceLock<(TempDir, Vec<PathBuf>)> = OnceLock::new();
    let (_, files) = FILES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let files = hold(initial(), folder.path());
        (folder, files)
    });
    files
}

/// Holds a ceremony in `folder`.
fn hold(initial: &Initial, folder: &Path) -> Vec<PathBuf> {
    let files: Vec<PathBuf> = (0..5).map(|step| folder.join(step.to_string())).collect();
    initial.write(&files[0]).unwrap();
    for (step, name) in ["Ada", "Grace", "Sofja"].into_iter().enumerate() {
        let secret = Secret::from_entropy(name.as_bytes(), &mut OsRng);
        contribute(&files[step], &files[step + 1], name, &secret).unwrap();
    }
    let beacon = Beacon::new(b"a value of tomorrow".to_vec(), 10).unwrap();
    apply_beacon(&files[3], &files[4], beacon).unwrap();
    files
}

/// A ceremony file taken apart, to be put together with lies in it.
struct Forged {
    header: Header,
    payload: Vec<u8>,
    contributions: Vec<Contribution>,
}

impl Forged {
    fn of(path: &Path) -> Self {
        let transcript = Transcript::open(path).unwrap();
        let bytes = fs::read(path).unwrap();
        let start = HEADER_BYTES + 8;
        let length = usize::try_from(transcript.payload_bytes()).unwrap();
        Self {
            header: *transcript.header(),
            payload: bytes[start..start + length].to_vec(),
            contributions: transcript.contributions().to_vec(),
        }
    }

    fn groth(&self) -> Parameters<Bls12> {
        Parameters::read(&self.payload[..], true).unwrap()
    }

    fn set_groth(&mut self, groth: &Parameters<Bls12>) {
        self.payload.clear();
        groth.write(&mut self.payload).unwrap();
    }

    /// Makes all hashes follow again, as a cheater with this program's source would.
    fn rehash(&mut self) {
        if let Some(last) = self.contributions.last_mut() {
            last.parameters = CeremonyHash(blake2_256(&[&self.payload]));
        }
        let mut before = self.header.hash();
        for contribution in &mut self.contributions {
            contribution.hash = contribution.hash_after(before);
            before = contribution.hash;
        }
    }

    /// Writes the file with a checksum that holds.
    fn write(&self, path: &Path) {
        let mut bytes = self.header.to_bytes().to_vec();
        bytes.extend((self.payload.len() as u64).to_le_bytes());
        bytes.extend(&self.payload);
        bytes.extend((self.contributions.len() as u32).to_le_bytes());
        for contribution in &self.contributions {
            bytes.extend(contribution.to_bytes());
        }
        bytes.extend(blake2_256(&[&bytes]));
        fs::write(path, bytes).unwrap();
    }

    /// What a verifier says about the file.
    fn verdict(&self) -> Result<Verified, CeremonyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forged");
        self.write(&path);
        verify(&path, initial(), &mut OsRng)
    }

    fn fault(&self) -> (usize, Fault) {
        match self.verdict().unwrap_err() {
            CeremonyError::Contribution { number, fault } => (number, fault),
            other => panic!("{other}"),
        }
    }

    fn part(&self) -> Part {
        match self.verdict().unwrap_err() {
            CeremonyError::Parameters(part) => part,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn every_step_of_an_honest_ceremony_is_accepted() {
    for (step, path) in files().iter().enumerate() {
        let verified = verify(path, initial(), &mut OsRng).unwrap();
        let transcript = verified.transcript();
        assert_eq!(transcript.contributions().len(), step);
        assert!(!transcript.is_complete(), "the seed is public");
    }
    let transcript = Transcript::open(&files()[4]).unwrap();
    let names: Vec<_> = transcript
        .contributions()
        .iter()
        .map(|c| &*c.name)
        .collect();
    assert_eq!(names, ["Ada", "Grace", "Sofja", "beacon"]);
    assert!(transcript.contributions()[3].beacon.is_some());
    let forged = Forged::of(&files()[4]);
    assert!(
        forged.verdict().is_ok(),
        "the test's own writer makes the same file"
    );
}

#[test]
fn whoever_starts_makes_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again");
    let source = Source::PublicSeed(SEED.into());
    let again = Initial::derive(CircuitKind::Poe, ProfileId::Test, &source).unwrap();
    again.write(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(&files()[0]).unwrap());
    let error = again.write(&path).unwrap_err();
    assert!(matches!(error, CeremonyError::Exists(_)), "{error}");
}

#[test]
fn a_contribution_needs_a_name_of_its_own_and_an_open_ceremony() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("next");
    let secret = Secret::from_entropy(b"", &mut OsRng);
    let refused = |from: usize, to: &Path, name: &str| {
        contribute(&files()[from], to, name, &secret).unwrap_err()
    };
    for (from, name, expected) in [
        (1, "", Fault::Name),
        (1, "Ada", Fault::Name),
        (1, "two\nlines", Fault::Name),
        (1, "beacon", Fault::Name),
        (4, "late", Fault::AfterBeacon),
    ] {
        let error = refused(from, &to, name);
        assert!(
            matches!(error, CeremonyError::Contribution { fault, .. } if fault == expected),
            "{error}"
        );
    }
    let error = refused(1, &files()[1], "Emmy");
    assert!(matches!(error, CeremonyError::Exists(_)), "{error}");
    let error = contribute(&files()[1], &to, "zero", &Secret::of(0u64.into())).unwrap_err();
    assert!(matches!(error, CeremonyError::Derive(_)), "{error}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn secrets_are_the_systems_and_the_users() {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    let secret = |user: &[u8], seed| {
        Secret::from_entropy(user, &mut ChaCha20Rng::from_seed([seed; 32])).delta
    };
    assert_eq!(secret(b"a", 1), secret(b"a", 1));
    assert_ne!(secret(b"a", 1), secret(b"b", 1));
    assert_ne!(secret(b"a", 1), secret(b"a", 2));
}
