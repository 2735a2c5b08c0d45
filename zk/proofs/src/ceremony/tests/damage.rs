//! Files that were cut, changed or are something else.

use super::*;

fn opened(folder: &Path, bytes: &[u8]) -> Result<Transcript, CeremonyError> {
    let path = folder.join("damaged");
    fs::write(&path, bytes).unwrap();
    Transcript::open(&path)
}

#[test]
fn cut_and_grown_files_have_a_wrong_length() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(&files()[4]).unwrap();
    let record = super::super::record::CONTRIBUTION_BYTES;
    for length in [
        1,
        7,
        HEADER_BYTES - 1,
        HEADER_BYTES,
        HEADER_BYTES + 7,
        HEADER_BYTES + 8,
        whole.len() / 2,
        whole.len() - record,
        whole.len() - 33,
        whole.len() - 1,
    ] {
        let error = opened(folder.path(), &whole[..length]).unwrap_err();
        assert!(
            matches!(error, CeremonyError::Length(_)),
            "{length}: {error}"
        );
    }
    let mut grown = whole.clone();
    grown.push(0);
    let error = opened(folder.path(), &grown).unwrap_err();
    assert!(matches!(error, CeremonyError::Length(_)), "{error}");
    let mut huge = whole;
    huge[HEADER_BYTES..HEADER_BYTES + 8].fill(0xff);
    let error = opened(folder.path(), &huge).unwrap_err();
    assert!(matches!(error, CeremonyError::Length(_)), "{error}");
}

#[test]
fn every_flipped_byte_of_the_head_and_some_of_the_rest_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(&files()[4]).unwrap();
    let tail = whole.len() - 200..whole.len();
    let rest = (HEADER_BYTES + 8..whole.len()).step_by(whole.len() / 50);
    for at in (0..HEADER_BYTES + 8).chain(rest).chain(tail) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let error = opened(folder.path(), &flipped).unwrap_err();
        let expected = match at {
            0..8 => matches!(
                error,
                CeremonyError::Header { .. } | CeremonyError::Checksum(_)
            ),
            136..144 => matches!(error, CeremonyError::Length(_)),
            _ => matches!(error, CeremonyError::Checksum(_)),
        };
        assert!(expected, "{at}: {error}");
    }
}

#[test]
fn foreign_files_and_missing_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"#!/bin/sh", &[0; 5000]] {
        let error = opened(folder.path(), bytes).unwrap_err();
        let foreign = CeremonyError::Header {
            path: folder.path().join("damaged"),
            fault: HeaderFault::Foreign,
        };
        assert_eq!(error.to_string(), foreign.to_string());
    }
    let mut version = fs::read(&files()[0]).unwrap();
    version[4] = 2;
    let error = opened(folder.path(), &version).unwrap_err();
    assert!(
        error.to_string().contains("ceremony version 2 is unknown"),
        "{error}"
    );
    let error = Transcript::open(&folder.path().join("none")).unwrap_err();
    assert!(matches!(error, CeremonyError::Io { .. }), "{error}");
}

#[test]
fn parameters_that_are_none_are_refused_though_all_hashes_hold() {
    let mut forged = Forged::of(&files()[3]);
    let key = 3 * 96 + 3 * 192;
    forged.payload[key + 3] = 3;
    forged.rehash();
    let error = forged.verdict().unwrap_err();
    assert!(
        matches!(
            error,
            CeremonyError::Content {
                part: Part::Key,
                ..
            }
        ),
        "three points of inputs: {error}"
    );

    // More H points than there are bytes.
    let mut forged = Forged::of(&files()[3]);
    let h = key + 4 + 2 * 96;
    forged.payload[h] = 0x7f;
    forged.rehash();
    assert_eq!(forged.part(), Part::H);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("from");
    forged.write(&from);
    let secret = Secret::of(5u64.into());
    let error = contribute(&from, &folder.path().join("to"), "Emmy", &secret).unwrap_err();
    assert!(
        matches!(error, CeremonyError::Content { part: Part::H, .. }),
        "{error}"
    );

    let mut forged = Forged::of(&files()[3]);
    forged.payload[h + 4..h + 100].fill(7);
    forged.rehash();
    assert_eq!(forged.part(), Part::H);

    let mut forged = Forged::of(&files()[3]);
    forged.payload.push(0);
    forged.rehash();
    let error = forged.verdict().unwrap_err();
    assert!(matches!(error, CeremonyError::Content { .. }), "{error}");
}
