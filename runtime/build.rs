//! Builds the runtime's WASM blob beside the native library.

fn main() {
    #[cfg(feature = "std")]
    wasm::build();
}

#[cfg(feature = "std")]
mod wasm {
    use std::{env, fs, path::Path};

    pub(super) fn build() {
        // The target folder is outside of the checkout: without the hint the builder finds no lock file
        // there and takes the newest versions of everything.
        if let Some(workspace) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
            env::set_var("WASM_BUILD_WORKSPACE_HINT", workspace);
        }
        env::remove_var("RUSTC_WORKSPACE_WRAPPER");
        // Natively benchmarks are always compiled, so that the workspace has one feature set; the blob of
        // a node never has them (scripts/benchmark-weights.sh builds one that does).
        env::remove_var("CARGO_FEATURE_RUNTIME_BENCHMARKS");
        forget_half_made_blob();
        substrate_wasm_builder::WasmBuilder::build_using_defaults();
    }

    /// Removes the blobs of a build that was killed before the new one was compressed.
    ///
    /// The builder looks only at the uncompressed blob to see whether there is anything to do, so it would
    /// embed the old compressed one for good. A build that ends gives both the same time.
    fn forget_half_made_blob() {
        let Some(out) = env::var_os("OUT_DIR") else {
            return;
        };
        // `target/debug/build/ips-runtime-hash/out` beside `target/debug/wbuild`.
        let Some(profile) = Path::new(&out).ancestors().nth(3) else {
            return;
        };
        let folder = profile.join("wbuild").join("ips-runtime");
        let names = ["", ".compact", ".compact.compressed"];
        let blobs = names.map(|part| folder.join(format!("ips_runtime{part}.wasm")));
        let modified = |path| fs::metadata(path).and_then(|found| found.modified()).ok();
        let (raw, compressed) = (modified(&blobs[0]), modified(&blobs[2]));
        if raw.is_none() || raw != compressed {
            for blob in blobs {
                // What is not there cannot mislead.
                let _ = fs::remove_file(blob);
            }
        }
    }
}
