//! The graph against its reference implementation, and its shape.

use super::*;

type Row = (u32, u8, u32, [u32; DRG_DEGREE], [u32; EXPANDER_DEGREE]);

/// Nodes, first byte of the porep id (the rest repeats it), node, parents: by the code of
/// storage-proofs-core 19.1.0 (drgraph.rs with API 1.2, crypto/feistel.rs).
const REFERENCE: [Row; 13] = [
    (512, 5, 0, [0; 6], [301, 45, 253, 211, 115, 486, 283, 302]),
    (512, 5, 1, [0; 6], [324, 112, 310, 198, 143, 46, 85, 224]),
    (
        512,
        5,
        2,
        [1, 0, 1, 1, 1, 1],
        [23, 458, 86, 235, 215, 274, 300, 255],
    ),
    (
        512,
        5,
        3,
        [2, 1, 1, 1, 0, 2],
        [473, 6, 435, 23, 133, 358, 478, 96],
    ),
    (
        512,
        5,
        100,
        [99, 99, 94, 99, 34, 59],
        [142, 450, 471, 106, 80, 231, 503, 196],
    ),
    (
        512,
        5,
        511,
        [510, 504, 502, 502, 510, 508],
        [78, 70, 149, 87, 290, 33, 426, 410],
    ),
    (
        4096,
        6,
        2,
        [1, 1, 1, 1, 0, 1],
        [1104, 1721, 3689, 2879, 3186, 1623, 3956, 3408],
    ),
    (
        4096,
        6,
        4095,
        [4094, 4081, 4093, 4094, 3814, 4094],
        [4087, 3045, 3266, 495, 377, 3416, 3948, 2508],
    ),
    (
        32768,
        5,
        7,
        [6, 6, 5, 6, 6, 2],
        [15987, 10188, 5260, 25636, 20091, 3329, 1990, 20508],
    ),
    (
        32768,
        5,
        12345,
        [12344, 7859, 12343, 12322, 12241, 11624],
        [32731, 17609, 3794, 1905, 1689, 18462, 7429, 6613],
    ),
    (
        32768,
        5,
        32767,
        [32766, 32631, 32672, 32766, 32741, 23722],
        [2120, 31383, 10765, 7458, 1065, 18427, 6956, 28991],
    ),
    (
        1 << 30,
        9,
        (1 << 30) - 1,
        [
            1073741822, 1073740376, 361360212, 1034862287, 1073741820, 1073647218,
        ],
        [
            900846545, 65284022, 651938345, 775847052, 701905412, 82113125, 241482798, 882544160,
        ],
    ),
    (
        1 << 30,
        9,
        1 << 29,
        [
            536870911, 536870607, 535753663, 536868025, 536870683, 536676221,
        ],
        [
            634716911, 160475749, 24773248, 485241550, 541984674, 49626516, 687869761, 81665380,
        ],
    ),
];

#[test]
fn parents_equal_the_reference() {
    for (nodes, id, node, drg, expander) in REFERENCE {
        let graph = Graph::new(nodes, [id; 32]);
        assert_eq!(graph.drg_parents(node), drg, "{nodes} {node}");
        assert_eq!(graph.expander_parents(node), expander, "{nodes} {node}");
    }
}

#[test]
fn drg_parents_lie_before_their_node() {
    for profile in [Profile::TEST, Profile::DEV] {
        let graph = Graph::of(&profile);
        assert_eq!(graph.drg_parents(0), [0; 6]);
        assert_eq!(graph.drg_parents(1), [0; 6]);
        for node in 2..graph.nodes() {
            let parents = graph.drg_parents(node);
            assert_eq!(parents[0], node - 1);
            assert!(parents.iter().all(|parent| *parent < node));
        }
    }
}

#[test]
fn drg_samples_every_distance_scale() {
    let graph = Graph::of(&Profile::DEV);
    let mut seen = [0u32; 16];
    for node in 1 << 14..1 << 15 {
        for parent in &graph.drg_parents(node)[1..] {
            seen[(node - parent).ilog2() as usize] += 1;
        }
    }
    // 5·2^14 draws over 17 or 18 buckets: every power of two of distances gets a fair share.
    assert!(seen[..14].iter().all(|count| *count > 2_000), "{seen:?}");
}

#[test]
fn expander_is_regular_in_both_directions() {
    // 64 nodes: 512 edges are no power of four, so the walk back into range is used.
    for (nodes, id) in [
        (64, [1; 32]),
        (512, porep_id(ProfileId::Test)),
        (100, [2; 32]),
    ] {
        let graph = Graph::new(nodes, id);
        let mut children = vec![0; nodes as usize];
        for node in 0..nodes {
            for parent in graph.expander_parents(node) {
                children[parent as usize] += 1;
            }
        }
        assert!(children.iter().all(|count| *count == 8));
    }
}

#[test]
fn profiles_have_their_own_graphs() {
    let [test, dev] = [ProfileId::Test, ProfileId::Dev].map(porep_id);
    assert_ne!(test, dev);
    assert_ne!(
        Graph::new(512, test).drg_parents(500),
        Graph::new(512, dev).drg_parents(500)
    );
    assert_ne!(
        Graph::new(512, test).expander_parents(9),
        Graph::new(512, dev).expander_parents(9)
    );
}

#[test]
fn indices_and_sizes_out_of_range_end_without_panic() {
    let graph = Graph::new(64, [3; 32]);
    assert_eq!(graph.expander_parents(64), graph.expander_parents(0));
    assert!(graph
        .expander_parents(u32::MAX)
        .iter()
        .all(|parent| *parent < 64));
    assert_eq!(Graph::new(0, [3; 32]).nodes(), 2);
    let widest = Graph::new(u32::MAX, [3; 32]);
    assert!(widest
        .drg_parents(u32::MAX)
        .iter()
        .all(|parent| *parent < u32::MAX));
    assert!(widest
        .expander_parents(u32::MAX - 1)
        .iter()
        .all(|parent| *parent < u32::MAX));
}

#[test]
fn integer_logarithm_rounds_up() {
    let cases = [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (10, 4),
        (1 << 33, 33),
        ((1 << 33) + 1, 34),
    ];
    for (value, log) in cases {
        assert_eq!(ceil_log2(value), log);
    }
}
