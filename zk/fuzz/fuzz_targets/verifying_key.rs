//! A verifying key: accepted bytes are canonical and prepare; points are judged as blst judges them.
#![no_main]

use ips_fuzz::{
    edit::{edit, pick},
    memory::bounded,
};
use ips_reference::verdict::Reference;
use ips_verifier::groth16::{
    parse_verifying_key, KeyError, PreparedKey, KEY_VERSION, VERIFYING_KEY_BYTES,
};
use libfuzzer_sys::fuzz_target;

const POINTS: [(usize, usize); 6] = [
    (4, 48),
    (52, 96),
    (148, 96),
    (244, 96),
    (340, 48),
    (388, 48),
];

fuzz_target!(|bytes: &[u8]| {
    if bytes.first() == Some(&KEY_VERSION) {
        return judge(bytes);
    }
    let (known, recipe) = pick(bytes);
    let mut key = known.key.to_vec();
    edit(&mut key, &POINTS, recipe);
    judge(&key);
});

fn judge(bytes: &[u8]) {
    let key = match bounded(bytes.len(), || parse_verifying_key(bytes)) {
        Ok(key) => key,
        Err(KeyError::Length) => {
            assert_ne!(bytes.len(), VERIFYING_KEY_BYTES);
            return;
        }
        Err(error @ (KeyError::Encoding(_) | KeyError::Subgroup(_) | KeyError::Identity(_))) => {
            assert_eq!(Reference::new(bytes).err(), Some(error));
            return;
        }
        Err(_) => return,
    };
    assert!(Reference::new(bytes).is_ok());
    assert_eq!(key.to_bytes(), bytes);
    let prepared = PreparedKey::new(&key).expect("a checked key has a pairing");
    assert_eq!(prepared.id(), key.id());
    let stored = prepared.to_bytes();
    assert_eq!(PreparedKey::from_trusted_bytes(&stored.0), Ok(prepared));
}
