//! Labels of the Stacked DRG: one chain per layer, each label from 6 + 8 parents.
//!
//! The chain is sequential by design: that is what regenerating a replica costs.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{Profile, DRG_DEGREE, EXPANDER_DEGREE};
use ips_verifier::{graph::Graph, seal::SealChallenge};
use rayon::prelude::*;

use crate::{
    c8::{c8, c8_eight, c8_padded, has_lanes, padded, Block, C8_ARITY, LANES},
    scalar::at,
};

/// `layer·2^34`, the layer's part of a label's base.
pub(crate) fn layer_base(layer: u32) -> Scalar {
    Scalar::from(u64::from(layer) << 34)
}

/// One label from its base and the labels of its parents; native twin of `circuit::label`.
///
/// `expander` is empty in layer 1, where nothing lies below.
pub(crate) fn label(base: Scalar, drg: &[Scalar], expander: &[Scalar]) -> Scalar {
    let first = c8(&first_block(base, drg, expander));
    match expander {
        [] => first,
        _ => c8(&second_block(first, expander)),
    }
}

/// What a label hashes first: its base, the DRG parents, one expander parent.
fn first_block(base: Scalar, drg: &[Scalar], expander: &[Scalar]) -> Block {
    let mut block = [Scalar::ZERO; C8_ARITY];
    block[0] = base;
    block[1..=DRG_DEGREE].copy_from_slice(drg);
    if let Some(parent) = expander.first() {
        block[1 + DRG_DEGREE] = *parent;
    }
    block
}

/// What it hashes then: the hash of the first block and the other expander parents.
fn second_block(first: Scalar, expander: &[Scalar]) -> Block {
    let mut block = [first; C8_ARITY];
    block[1..].copy_from_slice(&expander[1..]);
    block
}

/// A label of each of `N` sectors.
type Side<const N: usize> = [Scalar; N];

/// Labels of all layers of several sectors, lowest first: `[sector][layer][node]`.
///
/// Sectors wait for their own chains only, so eight of them go in step where the processor hashes
/// eight at once, and each by itself on its own core where it does not.
pub(crate) fn all_layers(profile: Profile, replica_ids: &[Scalar]) -> Vec<Vec<Vec<Scalar>>> {
    let graph = Graph::of(&profile);
    let parents: Vec<SealChallenge> = (0..profile.nodes())
        .into_par_iter()
        .map(|node| SealChallenge::at(&graph, node))
        .collect();
    if replica_ids.len() > 1 && has_lanes() {
        let groups = replica_ids.par_chunks(LANES);
        let layers = groups.flat_map(|ids| in_step::<LANES>(profile.layers, &parents, ids));
        return layers.collect();
    }
    let single = replica_ids.par_chunks(1);
    single
        .flat_map(|id| in_step::<1>(profile.layers, &parents, id))
        .collect()
}

/// [`all_layers`] of at most `N` sectors, on this core.
fn in_step<const N: usize>(
    layers: u32,
    parents: &[SealChallenge],
    replica_ids: &[Scalar],
) -> Vec<Vec<Vec<Scalar>>> {
    let ids: Side<N> = std::array::from_fn(|i| replica_ids.get(i).copied().unwrap_or_default());
    let mut sectors = vec![Vec::new(); replica_ids.len()];
    let mut below: Option<Vec<Side<N>>> = None;
    for layer in 1..=layers {
        let bases = ids.map(|id| id + layer_base(layer));
        let labels = one_layer(&bases, parents, below.as_deref());
        for (i, sector) in sectors.iter_mut().enumerate() {
            sector.push(labels.iter().map(|side| side[i]).collect());
        }
        below = Some(labels);
    }
    sectors
}

fn one_layer<const N: usize>(
    bases: &Side<N>,
    parents: &[SealChallenge],
    below: Option<&[Side<N>]>,
) -> Vec<Side<N>> {
    let mut labels: Vec<Side<N>> = Vec::with_capacity(parents.len());
    for (node, parents) in (0u64..).zip(parents) {
        let drg = match node {
            0 => [[Scalar::ZERO; N]; DRG_DEGREE],
            _ => parents.drg.map(|parent| labels[at(parent)]),
        };
        let bases = bases.map(|base| base + Scalar::from(node));
        let expander = below.map(|below| parents.expander.map(|parent| below[at(parent)]));
        labels.push(label_each(&bases, &drg, expander.as_ref()));
    }
    labels
}

/// [`label`] of each sector.
fn label_each<const N: usize>(
    bases: &Side<N>,
    drg: &[Side<N>; DRG_DEGREE],
    expander: Option<&[Side<N>; EXPANDER_DEGREE]>,
) -> Side<N> {
    let drg_of = |i: usize| drg.map(|side| side[i]);
    let Some(expander) = expander else {
        return c8_each::<N>(&std::array::from_fn(|i| {
            first_block(bases[i], &drg_of(i), &[])
        }));
    };
    let below_of = |i: usize| expander.map(|side| side[i]);
    let first = c8_each::<N>(&std::array::from_fn(|i| {
        first_block(bases[i], &drg_of(i), &below_of(i))
    }));
    c8_each::<N>(&std::array::from_fn(|i| {
        second_block(first[i], &below_of(i))
    }))
}

/// The hash of each block: all at once if they are [`LANES`].
fn c8_each<const N: usize>(blocks: &[Block; N]) -> Side<N> {
    match <&[Block; LANES]>::try_from(blocks.as_slice()) {
        Ok(blocks) => {
            let hashes = c8_eight(blocks);
            std::array::from_fn(|i| hashes[i])
        }
        Err(_) => blocks.each_ref().map(c8),
    }
}

/// The hash of each node's labels, on all cores.
pub(super) fn columns(labels: &[Vec<Scalar>]) -> Vec<Scalar> {
    let mut hashes = vec![Scalar::ZERO; labels.first().map_or(0, Vec::len)];
    // 8^k nodes, so nothing is left over.
    let groups = hashes.as_chunks_mut::<LANES>().0.par_iter_mut();
    groups.enumerate().for_each(|(group, hashes)| {
        let own = |i: usize| labels.iter().map(move |layer| layer[LANES * group + i]);
        let low = |i| padded(&own(i).take(C8_ARITY).collect::<Vec<_>>());
        *hashes = c8_eight(&std::array::from_fn(low));
        if labels.len() > C8_ARITY {
            let with_first = |i: usize| {
                let rest = own(i).skip(C8_ARITY);
                padded(&std::iter::once(hashes[i]).chain(rest).collect::<Vec<_>>())
            };
            *hashes = c8_eight(&std::array::from_fn(with_first));
        }
    });
    hashes
}

/// The hash of a node's labels, lowest layer first: of more than eight, two hashes.
pub(crate) fn column(labels: &[Scalar]) -> Scalar {
    match labels.split_at_checked(C8_ARITY) {
        Some((first, rest)) if !rest.is_empty() => c8_padded(&[&[c8_padded(first)], rest].concat()),
        _ => c8_padded(labels),
    }
}
