//! bellperson, arkworks and the verifier's WASM say the same, in the same words, about every input.
#![allow(clippy::unwrap_used, reason = "tests")]

use codec::Encode;
use ips_agreement::Wasm;
use ips_primitives::sector::{CommD, CommR, Profile, ProfileId, ReplicaId};
use ips_proofs::seal::SectorData;
use ips_reference::{
    corpus::{
        generators_are_points, in_place_of_a_point, in_place_of_a_statement, meaningless_proof,
        negated, recorded, Recorded, PROOF_POINTS,
    },
    verdict::Reference,
};
use ips_verifier::{
    groth16::{CircuitKind, PreparedKey, VerifyError, BATCH_MAX, VERIFYING_KEY_BYTES},
    hash::scalar_to_bytes,
    keys::builtin_key,
};
use ips_verifier_wasm::{answer, Question};
use rand::{rngs::StdRng, Rng, RngCore, SeedableRng};

/// The answer of native code, which the module must repeat word for word.
fn both(wasm: &Wasm, question: &Question) -> String {
    let native = answer(&question.encode());
    assert_eq!(wasm.answer(question), native, "{question:?}");
    native
}

/// A key in all three implementations.
struct Three<'a> {
    wasm: &'a Wasm,
    key: Vec<u8>,
    reference: Reference,
    asked: usize,
    accepted: usize,
}

impl<'a> Three<'a> {
    fn new(wasm: &'a Wasm, kind: CircuitKind, profile: ProfileId) -> Self {
        let bytes = builtin_key(profile, kind).unwrap();
        let prepared = PreparedKey::from_verifying_key(bytes).unwrap();
        let key = prepared.to_bytes().0.to_vec();
        let found = both(wasm, &Question::Prepare(bytes.to_vec()));
        assert_eq!(found, format!("Ok({key:?})"));
        Self {
            wasm,
            key,
            reference: Reference::new(bytes).unwrap_or_else(|error| panic!("{error}")),
            asked: 0,
            accepted: 0,
        }
    }

    /// The verdict, if all three agree on it.
    fn verdict(&mut self, statement: [u8; 32], proof: [u8; 192]) -> Result<(), VerifyError> {
        let expected = self.reference.verify(statement, &proof);
        let question = Question::Verify {
            key: self.key.clone(),
            statement: statement.to_vec(),
            proof: proof.to_vec(),
        };
        assert_eq!(both(self.wasm, &question), format!("{expected:?}"));
        self.asked += 1;
        self.accepted += usize::from(expected.is_ok());
        expected
    }

    fn refuses(&mut self, statement: [u8; 32], proof: [u8; 192]) {
        assert_ne!(self.verdict(statement, proof), Ok(()));
    }
}

fn flips(three: &mut Three, good: &Recorded, rng: &mut StdRng) {
    for at in 0..192 {
        let mut proof = good.proof;
        proof[at] ^= 1 << rng.gen_range(0..8);
        three.refuses(good.statement, proof);
    }
    for (at, _) in PROOF_POINTS {
        for flags in 0..8 {
            let mut proof = good.proof;
            proof[at] = proof[at] & 0x1f | flags << 5;
            let same = proof == good.proof;
            assert_eq!(three.verdict(good.statement, proof).is_ok(), same);
        }
    }
}

fn other_points(three: &mut Three, good: &Recorded, rng: &mut StdRng) {
    for (at, length) in PROOF_POINTS {
        for bytes in in_place_of_a_point(length, rng) {
            let mut proof = good.proof;
            proof[at..at + length].copy_from_slice(&bytes);
            three.refuses(good.statement, proof);
        }
        let found = three.verdict(good.statement, negated(&good.proof, at));
        assert_eq!(found, Err(VerifyError::Refuted));
    }
    for _ in 0..4 {
        let found = three.verdict(good.statement, meaningless_proof(rng));
        assert_eq!(found, Err(VerifyError::Refuted));
        let mut noise = [0; 192];
        rng.fill_bytes(&mut noise);
        three.refuses(good.statement, noise);
    }
}

#[test]
fn verdicts_on_proofs_are_the_same_three_times() {
    assert!(generators_are_points());
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(1);
    let recorded = recorded();
    let mut asked = 0;
    for good in &recorded {
        let mut three = Three::new(&wasm, good.kind, good.profile);
        assert_eq!(three.verdict(good.statement, good.proof), Ok(()));
        flips(&mut three, good, &mut rng);
        other_points(&mut three, good, &mut rng);
        for statement in in_place_of_a_statement(&good.statement) {
            three.refuses(statement, good.proof);
        }
        for other in &recorded {
            let same = (other.statement, other.proof) == (good.statement, good.proof);
            assert_eq!(three.verdict(other.statement, other.proof).is_ok(), same);
            assert_eq!(three.verdict(other.statement, good.proof).is_ok(), same);
        }
        // The recorded proof itself, with its own flags, and twice against itself.
        assert_eq!(three.accepted, 1 + 3 + 2);
        asked += three.asked;
    }
    println!("{asked} proofs judged three times");
}

#[test]
fn cut_and_long_proofs_are_no_proofs() {
    let wasm = Wasm::load();
    for good in recorded() {
        let three = Three::new(&wasm, good.kind, good.profile);
        let long = [&good.proof[..], &good.proof].concat();
        let ask = |statement: &[u8], proof: &[u8], expected: &str| {
            let question = Question::Verify {
                key: three.key.clone(),
                statement: statement.to_vec(),
                proof: proof.to_vec(),
            };
            assert_eq!(both(&wasm, &question), expected);
        };
        ask(&good.statement, &good.proof, "Ok(())");
        for length in (0..=384).step_by(12).chain([191, 193]) {
            if length != 192 {
                ask(&good.statement, &long[..length], "Err(Length)");
            }
            let read = bellperson::groth16::Proof::<blstrs::Bls12>::read(&long[..length]);
            assert_eq!(read.is_ok(), length >= 192, "{length}");
        }
        for statement in [
            &good.statement[..31],
            &[&good.statement[..], &[0]].concat(),
            &[],
        ] {
            ask(statement, &good.proof, "Err(Length)");
        }
    }
}

#[test]
fn verdicts_on_batches_follow_from_those_on_proofs() {
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(2);
    for good in recorded()
        .into_iter()
        .filter(|good| good.profile == ProfileId::Test)
    {
        let mut three = Three::new(&wasm, good.kind, good.profile);
        for round in 0..24 {
            let mut batch = vec![(good.statement, good.proof); rng.gen_range(1..6)];
            for _ in 0..round % 3 {
                let place = rng.gen_range(0..batch.len());
                let (at, length) = PROOF_POINTS[rng.gen_range(0..3)];
                match rng.gen_range(0..4) {
                    0 => batch[place].1[rng.gen_range(0..192)] ^= 1 << rng.gen_range(0..8),
                    1 => batch[place].1 = negated(&batch[place].1, at),
                    2 => {
                        let others = in_place_of_a_point(length, &mut rng);
                        let other = &others[rng.gen_range(0..others.len())];
                        batch[place].1[at..at + length].copy_from_slice(other);
                    }
                    _ => {
                        let others = in_place_of_a_statement(&good.statement);
                        batch[place].0 = others[rng.gen_range(0..others.len())];
                    }
                }
            }
            let each: Vec<_> = batch
                .iter()
                .map(|(statement, proof)| three.verdict(*statement, *proof))
                .collect();
            let unread = each
                .iter()
                .find(|verdict| !matches!(verdict, Ok(()) | Err(VerifyError::Refuted)));
            let refuted = each.iter().find(|verdict| verdict.is_err());
            let expected = unread.or(refuted).copied().unwrap_or(Ok(()));
            assert_eq!(ask_batch(&three, &batch), format!("{expected:?}"));
        }
        assert_eq!(ask_batch(&three, &[]), "Err(BatchSize)");
        let long = vec![(good.statement, good.proof); BATCH_MAX + 1];
        assert_eq!(ask_batch(&three, &long), "Err(BatchSize)");
        assert_eq!(ask_batch(&three, &long[..BATCH_MAX]), "Ok(())");
    }
}

fn ask_batch(three: &Three, batch: &[([u8; 32], [u8; 192])]) -> String {
    let question = Question::VerifyBatch {
        key: three.key.clone(),
        batch: batch
            .iter()
            .map(|(statement, proof)| (statement.to_vec(), proof.to_vec()))
            .collect(),
    };
    both(three.wasm, &question)
}

#[test]
fn verdicts_on_verifying_keys_are_the_same_three_times() {
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(3);
    let good = builtin_key(ProfileId::Test, CircuitKind::Post).unwrap();
    let agree = |bytes: &[u8]| {
        let found = both(&wasm, &Question::Prepare(bytes.to_vec()));
        match Reference::new(bytes) {
            Ok(_) => assert!(found.starts_with("Ok("), "{found}"),
            Err(error) => assert_eq!(found, format!("Err({error:?})")),
        }
    };
    let mut at = 4;
    for length in [48, 96, 96, 96, 48, 48] {
        for point in in_place_of_a_point(length, &mut rng) {
            let mut bytes = good.to_vec();
            bytes[at..at + length].copy_from_slice(&point);
            agree(&bytes);
        }
        for byte in at..at + length {
            let mut bytes = good.to_vec();
            bytes[byte] ^= 1 << rng.gen_range(0..8);
            agree(&bytes);
        }
        at += length;
    }
    assert_eq!(at, VERIFYING_KEY_BYTES);
    // Header and length are the verifier's own; native code and WASM must agree on them.
    for at in 0..4 {
        for byte in 0..=255 {
            let mut bytes = good.to_vec();
            bytes[at] = byte;
            both(&wasm, &Question::Prepare(bytes));
        }
    }
    for length in [0, 3, 4, 435, 437, 484] {
        let mut bytes = good.to_vec();
        bytes.resize(length, 0);
        let found = both(&wasm, &Question::Prepare(bytes));
        assert_eq!(found, "Err(Length)");
    }
}

#[test]
fn damaged_prepared_keys_never_trap_and_never_accept() {
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(4);
    let good = recorded()[0];
    let three = Three::new(&wasm, good.kind, good.profile);
    let mut damaged = Vec::new();
    for _ in 0..150 {
        let mut key = three.key.clone();
        key[rng.gen_range(36..1188)] ^= 1 << rng.gen_range(0..8);
        damaged.push(key);
    }
    for fill in [0, 0x40, 0xff] {
        for start in [36, 612, 804, 996, 1092] {
            let mut key = three.key.clone();
            key[start..].fill(fill);
            damaged.push(key);
        }
    }
    damaged.push(three.key[1..].to_vec());
    damaged.push(Vec::new());
    for key in damaged {
        let proofs = (good.statement.to_vec(), good.proof.to_vec());
        let batch = Question::VerifyBatch {
            key: key.clone(),
            batch: vec![proofs.clone(); 2],
        };
        assert_ne!(both(&wasm, &batch), "Ok(())");
        let (statement, proof) = proofs;
        let single = Question::Verify {
            key,
            statement,
            proof,
        };
        assert_ne!(both(&wasm, &single), "Ok(())");
    }
}

#[test]
fn graphs_statements_and_openings_are_the_same_in_wasm() {
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(5);
    let scalar = |rng: &mut StdRng| {
        let mut bytes: [u8; 32] = rng.gen();
        // One in eight is above the order, most likely.
        bytes[31] &= if rng.gen_ratio(1, 8) { 0xff } else { 0x3f };
        bytes
    };
    for round in 0..200u32 {
        let levels = round % 10 + 1;
        let nodes = 1u32 << (3 * levels);
        let node = match round / 10 {
            0 => 0,
            1 => 1,
            2 => nodes - 1,
            3 => u32::MAX,
            _ => rng.gen_range(0..nodes),
        };
        both(
            &wasm,
            &Question::Parents {
                nodes,
                porep_id: rng.gen(),
                node,
            },
        );
        let profile = [ProfileId::Test, ProfileId::Dev][(round % 2) as usize];
        both(
            &wasm,
            &Question::Seal {
                profile,
                seed: rng.gen(),
                commitments: (
                    ReplicaId(scalar(&mut rng)),
                    CommD(scalar(&mut rng)),
                    CommR(scalar(&mut rng)),
                ),
                proof_index: rng.gen(),
            },
        );
        let set = (0..rng.gen_range(0..20)).map(|_| CommR(scalar(&mut rng)));
        both(
            &wasm,
            &Question::Post {
                profile,
                set: set.collect(),
                randomness: scalar(&mut rng),
            },
        );
        both(
            &wasm,
            &Question::Poe {
                profile,
                comm_d: CommD(scalar(&mut rng)),
                rho: scalar(&mut rng),
            },
        );
    }
}

#[test]
fn openings_of_the_provers_tree_are_read_the_same_in_wasm() {
    let wasm = Wasm::load();
    let mut rng = StdRng::seed_from_u64(6);
    let mut data = SectorData::new(Profile::TEST);
    data.push_piece(0, b"an opening").unwrap();
    let root = ips_proofs::scalar_to_bytes(&data.tree().root());
    for _ in 0..200 {
        let index = rng.gen_range(0..Profile::TEST.nodes());
        let leaf = ips_proofs::scalar_to_bytes(&data.tree().leaf(index).unwrap());
        let mut question = (leaf, index, data.tree().opening(index).unwrap(), 3);
        let lie = rng.gen_range(0..8);
        let level = rng.gen_range(0..3);
        match lie {
            0 => question.0[0] ^= 1,
            1 => question.1 = rng.gen(),
            2 => question.2.siblings[level][rng.gen_range(0..7)][rng.gen_range(0..32)] ^= 1,
            3 => question.2.siblings[level][0] = [0xff; 32],
            4 => question.2.siblings.truncate(level),
            5 => question.3 = level as u32,
            _ => {}
        }
        let same = (question.0, question.1) == (leaf, index);
        let (leaf, index, path, levels) = question;
        let honest = lie > 5 || same && lie < 2;
        let found = both(
            &wasm,
            &Question::Root {
                leaf,
                index,
                path,
                levels,
            },
        );
        assert_eq!(found == format!("{:?}", Some(root)), honest, "lie {lie}");
    }
    // The root of an empty sector is the same in both fields' libraries.
    let zeros = SectorData::new(Profile::TEST);
    let root = ips_proofs::scalar_to_bytes(&zeros.tree().root());
    let mut node = ips_verifier::hash::Scalar::from(0u64);
    for _ in 0..3 {
        node = ips_verifier::hash::c8(&[node; 8]);
    }
    assert_eq!(scalar_to_bytes(&node), root);
}
