//! Builds the runtime's WASM blob beside the native library.

fn main() {
    #[cfg(feature = "std")]
    {
        // The target folder is outside of the checkout: without the hint the builder finds no lock file
        // there and takes the newest versions of everything.
        let runtime = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        if let Some(workspace) = runtime.parent() {
            std::env::set_var("WASM_BUILD_WORKSPACE_HINT", workspace);
        }
        std::env::remove_var("RUSTC_WORKSPACE_WRAPPER");
        // Natively benchmarks are always compiled, so that the workspace has one feature set; the blob has
        // them only when weights are measured (scripts/benchmark-weights.sh).
        println!("cargo:rerun-if-env-changed=IPS_BENCHMARK_BLOB");
        if std::env::var_os("IPS_BENCHMARK_BLOB").is_none() {
            std::env::remove_var("CARGO_FEATURE_RUNTIME_BENCHMARKS");
        }
        substrate_wasm_builder::WasmBuilder::build_using_defaults();
    }
}
