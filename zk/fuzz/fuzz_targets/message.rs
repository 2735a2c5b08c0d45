//! `/ips/frag/1`: frames and messages of both sides; what is read is written as the same bytes, and a
//! length that is announced but not sent costs nothing.
#![no_main]

use ips_fuzz::memory::bounded;
use ips_swarm::fuzzing::{read_payment, read_stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read_payment(&[]); // The runtime is not the decoder's.
    bounded(bytes.len(), || {
        read_stream(bytes, true);
        read_stream(bytes, false);
        read_payment(bytes);
    });
});
