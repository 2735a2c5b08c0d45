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
        substrate_wasm_builder::WasmBuilder::build_using_defaults();
    }
}
