//! The unsealed data of a sector: pieces laid node-aligned, 31 bytes per node, and their tree D.
//!
//! Goal: bytes of pieces to `comm_d` and openings of it. Non-goal: which piece goes where.

use std::sync::OnceLock;

use blstrs::Scalar;
use ff::Field;
use ips_primitives::sector::{CommD, Profile, NODE_DATA_BYTES};
use ips_verifier::tree::NodePath;

use crate::{
    scalar::{at, scalar_from_bytes, scalar_to_bytes},
    tree::Tree,
};

/// Why a piece was not laid into a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The piece has no bytes.
    #[error("a piece needs at least one byte")]
    Empty,
    /// The piece begins before the end of the one before it.
    #[error("piece at node {offset} overlaps; the first free node is {free}")]
    Overlap {
        /// First node asked for.
        offset: u32,
        /// First node that is free.
        free: u32,
    },
    /// The piece does not fit the rest of the sector.
    #[error(
        "{bytes} bytes at node {offset} do not fit a sector of {nodes} nodes; split the piece"
    )]
    TooLong {
        /// First node asked for.
        offset: u32,
        /// Bytes of the piece.
        bytes: usize,
        /// Nodes of a sector.
        nodes: u32,
    },
}

/// The data of one sector.
///
/// Relations: pieces ascend and do not overlap; nodes of no piece are zero.
#[derive(Clone, Debug)]
pub struct SectorData {
    profile: Profile,
    nodes: Vec<Scalar>,
    free: u32,
    tree: OnceLock<Tree>,
}

impl SectorData {
    /// A sector without pieces: all nodes zero.
    pub fn new(profile: Profile) -> Self {
        let nodes = vec![Scalar::ZERO; at(profile.nodes())];
        Self {
            profile,
            nodes,
            free: 0,
            tree: OnceLock::new(),
        }
    }

    /// Lays a piece from node `node_offset` on; returns the first node after it.
    ///
    /// # Errors
    /// [`DataError`]; the sector is unchanged then.
    pub fn push_piece(&mut self, node_offset: u32, bytes: &[u8]) -> Result<u32, DataError> {
        if bytes.is_empty() {
            return Err(DataError::Empty);
        }
        if node_offset < self.free {
            return Err(DataError::Overlap {
                offset: node_offset,
                free: self.free,
            });
        }
        let nodes = self.profile.nodes();
        let end = u32::try_from(bytes.len().div_ceil(at(NODE_DATA_BYTES)))
            .ok()
            .and_then(|count| node_offset.checked_add(count))
            .filter(|end| *end <= nodes)
            .ok_or(DataError::TooLong {
                offset: node_offset,
                bytes: bytes.len(),
                nodes,
            })?;
        let target = &mut self.nodes[at(node_offset)..at(end)];
        for (node, data) in target.iter_mut().zip(bytes.chunks(at(NODE_DATA_BYTES))) {
            *node = node_scalar(data);
        }
        self.free = end;
        self.tree = OnceLock::new();
        Ok(end)
    }

    /// First node after the last piece.
    pub fn occupied_nodes(&self) -> u32 {
        self.free
    }

    /// The profile the sector is sized by.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The root of tree D. Hashes the data once, on first use.
    pub fn comm_d(&self) -> CommD {
        CommD(scalar_to_bytes(&self.tree().root()))
    }

    /// The opening of node `node` of tree D, or `None` past the end.
    pub fn path_d(&self, node: u32) -> Option<NodePath> {
        self.tree().opening(node)
    }

    /// Tree D.
    pub fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| {
            Tree::build(self.nodes.clone()).expect("a profile has 8^k nodes with k at least 1")
        })
    }
}

/// The scalar of at most 31 data bytes, padded with zeros.
fn node_scalar(data: &[u8]) -> Scalar {
    let mut bytes = [0u8; 32];
    bytes[..data.len()].copy_from_slice(data);
    scalar_from_bytes(&bytes).expect("31 bytes are below 2^248, which is below the group order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_packed_31_bytes_per_node() {
        let mut data = SectorData::new(Profile::TEST);
        let empty = data.comm_d();
        assert_eq!(data.push_piece(2, &[7; 63]), Ok(5));
        assert_ne!(data.comm_d(), empty, "the cached tree was dropped");
        let bytes: Vec<_> = data.nodes[..6].iter().map(scalar_to_bytes).collect();
        let mut full = [7u8; 32];
        full[31] = 0;
        let mut last = [0u8; 32];
        last[0] = 7;
        assert_eq!(bytes, [[0; 32], [0; 32], full, full, last, [0; 32]]);
        assert_eq!(data.occupied_nodes(), 5);
    }

    #[test]
    fn bad_pieces_leave_the_sector_unchanged() {
        let mut data = SectorData::new(Profile::TEST);
        data.push_piece(0, &[1; 31]).unwrap();
        let before = data.comm_d();
        assert_eq!(data.push_piece(1, &[]), Err(DataError::Empty));
        assert_eq!(
            data.push_piece(0, &[2]),
            Err(DataError::Overlap { offset: 0, free: 1 })
        );
        let long = vec![3; 511 * 31 + 1];
        assert!(matches!(
            data.push_piece(1, &long),
            Err(DataError::TooLong { .. })
        ));
        assert!(matches!(
            data.push_piece(512, &[1]),
            Err(DataError::TooLong { .. })
        ));
        assert!(matches!(
            data.push_piece(u32::MAX, &[1]),
            Err(DataError::TooLong { .. })
        ));
        assert_eq!(data.comm_d(), before);
        assert_eq!(data.push_piece(1, &long[1..]), Ok(512));
    }
}
