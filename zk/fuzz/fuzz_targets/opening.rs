//! Openings of both trees: the verifier's root is the one that the prover's hash gives, and a leaf of a
//! slot opens as itself only.
#![no_main]

use blstrs::Scalar;
use codec::{DecodeAll, Encode};
use ips_fuzz::memory::bounded;
use ips_primitives::slot::{slot_leaves, SlotOpening, SlotRoot, SlotTree, SLOT_LEAF_BYTES};
use ips_verifier::{
    hash,
    tree::{path_root, NodePath},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 3 {
        0 => sector(rest),
        1 => foreign_slot(rest),
        _ => own_slot(rest),
    }
});

/// Leaf ‖ index ‖ levels ‖ SCALE path.
fn sector(bytes: &[u8]) {
    let Some((leaf, rest)) = bytes.split_first_chunk::<32>() else {
        return;
    };
    let Some((index, rest)) = rest.split_first_chunk() else {
        return;
    };
    let Some((levels, rest)) = rest.split_first() else {
        return;
    };
    let (index, levels) = (u32::from_le_bytes(*index), u32::from(*levels));
    let Ok(path) = bounded(rest.len(), || NodePath::decode_all(&mut &*rest)) else {
        return;
    };
    assert_eq!(path.encode(), rest);
    let root = hash::scalar_from_bytes(leaf)
        .and_then(|leaf| path_root(leaf, index, &path, levels))
        .map(|root| hash::scalar_to_bytes(&root));
    assert_eq!(root, expected_root(leaf, index, &path, levels));
}

/// The same walk with the prover's field and hash.
fn expected_root(leaf: &[u8; 32], index: u32, path: &NodePath, levels: u32) -> Option<[u8; 32]> {
    if path.siblings.len() != usize::try_from(levels).ok()? {
        return None;
    }
    let mut node: Scalar = ips_proofs::scalar_from_bytes(leaf).ok()?;
    let mut rest = u64::from(index);
    for siblings in &path.siblings {
        let own = usize::try_from(rest % 8).ok()?;
        rest /= 8;
        let mut children = vec![];
        for sibling in siblings {
            children.push(ips_proofs::scalar_from_bytes(sibling).ok()?);
        }
        children.insert(own, node);
        node = ips_proofs::c8(&children.try_into().ok()?);
    }
    (rest == 0).then(|| ips_proofs::scalar_to_bytes(&node))
}

/// Root ‖ slot bytes ‖ index ‖ SCALE opening.
fn foreign_slot(bytes: &[u8]) {
    let Some((root, rest)) = bytes.split_first_chunk::<32>() else {
        return;
    };
    let Some((slot_bytes, rest)) = rest.split_first_chunk() else {
        return;
    };
    let Some((index, rest)) = rest.split_first_chunk() else {
        return;
    };
    let Ok(opening) = bounded(rest.len(), || SlotOpening::decode_all(&mut &*rest)) else {
        return;
    };
    assert_eq!(opening.encode(), rest);
    let (slot_bytes, index) = (u64::from_le_bytes(*slot_bytes), u64::from_le_bytes(*index));
    if opening.verify(&SlotRoot(*root), slot_bytes, index) {
        let mut other = *root;
        other[0] ^= 1;
        assert!(!opening.verify(&SlotRoot(other), slot_bytes, index));
        assert!(!opening.verify(&SlotRoot(*root), slot_bytes + 1, index));
    }
}

/// Index ‖ place of a flipped bit ‖ bytes of a slot.
fn own_slot(bytes: &[u8]) {
    let Some(([index, low, high], seed)) = bytes.split_first_chunk::<3>() else {
        return;
    };
    // A slot longer than what was sent: the bytes again and again, so that trees get odd shapes.
    let length = seed.len() * 23;
    let slot: Vec<u8> = seed.iter().copied().cycle().take(length).collect();
    let Some(tree) = SlotTree::from_bytes(&slot) else {
        assert!(slot.is_empty());
        return;
    };
    let total = slot.len() as u64;
    let index = u64::from(*index) % slot_leaves(total);
    let place = |leaf: u64| usize::try_from(leaf).expect("a small slot");
    let start = place(index) * SLOT_LEAF_BYTES;
    let mut opening = SlotOpening {
        leaf: slot[start..slot.len().min(start + SLOT_LEAF_BYTES)].to_vec(),
        path: tree.path(index).expect("a leaf of the slot"),
    };
    let root = tree.root();
    assert!(opening.verify(&root, total, index));
    assert!(!opening.verify(&root, total + 1, index));
    let next = slot.chunks(SLOT_LEAF_BYTES).nth(place(index ^ 1));
    let same = next == Some(&*opening.leaf);
    assert!(same || !opening.verify(&root, total, index ^ 1));
    let bit = usize::from(u16::from_le_bytes([*low, *high]));
    let whole = opening.leaf.len() + 32 * opening.path.len();
    let byte = bit / 8 % whole;
    let mut all = opening
        .leaf
        .iter_mut()
        .chain(opening.path.as_flattened_mut());
    *all.nth(byte).expect("a byte of the opening") ^= 1 << (bit % 8);
    assert!(!opening.verify(&root, total, index));
}
