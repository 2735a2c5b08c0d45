//! The door of `zk/fuzz` to the frames and messages of the protocol; compiled for fuzzing only.

use std::{fmt::Debug, sync::OnceLock, time::Duration};

use codec::{DecodeAll, Encode};
use futures::io::Cursor;
use tokio::runtime::{Builder, Runtime};

use super::{
    frame::Frames,
    wire::{Answer, Payment, Request, Upload},
    FRAME_BYTES_MAX, SMALL_FRAME_BYTES_MAX,
};

const LIMIT: Duration = Duration::from_secs(60);

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let built = Builder::new_current_thread().enable_time().build();
        built.expect("a runtime without I/O needs no system resources")
    })
}

/// Reads `bytes` as the stream of one side: what a server reads if `to_server`, what a client reads
/// otherwise. Gives the number of frames that passed.
///
/// # Panics
/// If a message that was read is not written as the bytes it came from.
pub fn read_stream(bytes: &[u8], to_server: bool) -> usize {
    runtime().block_on(async {
        let mut frames = Frames::new(Cursor::new(bytes.to_vec()), LIMIT);
        let mut rest = bytes;
        let mut passed = 0;
        if !to_server {
            while next::<Answer>(&mut frames, &mut rest, FRAME_BYTES_MAX).await {
                passed += 1;
            }
            return passed;
        }
        if !next::<Request>(&mut frames, &mut rest, SMALL_FRAME_BYTES_MAX).await {
            return passed;
        }
        passed += 1;
        while next::<Upload>(&mut frames, &mut rest, FRAME_BYTES_MAX).await {
            passed += 1;
        }
        passed
    })
}

/// Reads `bytes` as the frame that ends an extract.
///
/// # Panics
/// As [`read_stream`].
pub fn read_payment(bytes: &[u8]) -> bool {
    runtime().block_on(async {
        let mut frames = Frames::new(Cursor::new(bytes.to_vec()), LIMIT);
        next::<Payment>(&mut frames, &mut &*bytes, SMALL_FRAME_BYTES_MAX).await
    })
}

/// Frames of every message, to start from.
pub fn samples() -> Vec<Vec<u8>> {
    let fragment = Upload::Fragment {
        segment: 3,
        bytes: vec![7; 40],
    };
    let status = Answer::Status {
        software: b"ips".to_vec(),
        load_permille: 20,
        free_bytes: 1 << 40,
    };
    let header = Answer::Header {
        total_bytes: 12,
        load_permille: 1,
    };
    let progress = crate::SlotProgress::new(9).map(Answer::Progress);
    let mut all = vec![
        framed(&Request::Status),
        framed(&Upload::ManifestPart(vec![1; 30])),
        framed(&fragment),
        framed(&Answer::Data(vec![5; 12])),
        framed(&Answer::Accepted),
        framed(&Answer::KeepAlive),
        framed(&status),
        framed(&header),
    ];
    all.extend(progress.ok().as_ref().map(framed));
    // Zeros are a value of every field of the other messages; only the first byte is their own.
    for (index, zeros) in [(0u8, 40), (1, 32), (2, 44), (3, 200)] {
        all.push(framed(&Raw([vec![index], vec![0; zeros]].concat())));
    }
    all
}

/// Bytes that are their own encoding.
struct Raw(Vec<u8>);

impl Encode for Raw {
    fn encode_to<O: codec::Output + ?Sized>(&self, out: &mut O) {
        out.write(&self.0);
    }
}

fn framed(message: &impl Encode) -> Vec<u8> {
    let payload = message.encode();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&[1][..], &length.to_le_bytes(), &payload].concat()
}

async fn next<T: DecodeAll + Encode + Debug>(
    frames: &mut Frames<Cursor<Vec<u8>>>,
    rest: &mut &[u8],
    max: usize,
) -> bool {
    let Ok(message) = frames.read::<T>(max).await else {
        return false;
    };
    let frame = framed(&message);
    *rest = rest
        .strip_prefix(&*frame)
        .unwrap_or_else(|| panic!("{message:?} was written in another way"));
    true
}
