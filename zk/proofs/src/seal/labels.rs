//! Labels of the Stacked DRG: one chain per layer, each label from 6 + 8 parents.
//!
//! The chain is sequential by design: that is what regenerating a replica costs.

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{Profile, DRG_DEGREE};
use ips_verifier::{graph::Graph, seal::SealChallenge};
use rayon::prelude::*;

use crate::{
    c8::{c8, c8_padded, C8_ARITY},
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
    let mut block = [Scalar::ZERO; 8];
    block[0] = base;
    block[1..7].copy_from_slice(&drg[..6]);
    if expander.is_empty() {
        return c8(&block);
    }
    block[7] = expander[0];
    let mut second = [c8(&block); 8];
    second[1..].copy_from_slice(&expander[1..8]);
    c8(&second)
}

/// Labels of all layers, lowest first.
pub(crate) fn all_layers(profile: Profile, replica_id: Scalar) -> Vec<Vec<Scalar>> {
    let graph = Graph::of(&profile);
    let parents: Vec<SealChallenge> = (0..profile.nodes())
        .into_par_iter()
        .map(|node| SealChallenge::at(&graph, node))
        .collect();
    let mut layers: Vec<Vec<Scalar>> = Vec::new();
    for layer in 1..=profile.layers {
        let base = replica_id + layer_base(layer);
        let labels = one_layer(base, &parents, layers.last().map(Vec::as_slice));
        layers.push(labels);
    }
    layers
}

fn one_layer(base: Scalar, parents: &[SealChallenge], below: Option<&[Scalar]>) -> Vec<Scalar> {
    let mut labels: Vec<Scalar> = Vec::with_capacity(parents.len());
    for (node, parents) in (0u64..).zip(parents) {
        let drg = match node {
            0 => [Scalar::ZERO; DRG_DEGREE],
            _ => parents.drg.map(|parent| labels[at(parent)]),
        };
        let base = base + Scalar::from(node);
        let next = match below {
            None => label(base, &drg, &[]),
            Some(below) => label(
                base,
                &drg,
                &parents.expander.map(|parent| below[at(parent)]),
            ),
        };
        labels.push(next);
    }
    labels
}

/// The hash of a node's labels, lowest layer first: of more than eight, two hashes.
pub(crate) fn column(labels: &[Scalar]) -> Scalar {
    match labels.split_at_checked(C8_ARITY) {
        Some((first, rest)) if !rest.is_empty() => c8_padded(&[&[c8_padded(first)], rest].concat()),
        _ => c8_padded(labels),
    }
}
