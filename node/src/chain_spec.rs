//! Chain specifications: the two presets of the linked runtime, or a file.

use ips_runtime::WASM_BINARY;
use sc_chain_spec::{ChainSpec, ChainType, GenericChainSpec, Properties};

/// Loads the specification of an id: `dev`, `local`, or the path of a JSON file.
pub(crate) fn load(id: &str) -> Result<Box<dyn ChainSpec>, String> {
    match id {
        "dev" => preset(
            "IPS Development",
            "ips_dev",
            ChainType::Development,
            "development",
        ),
        "" | "local" => preset("IPS Local", "ips_local", ChainType::Local, "local_testnet"),
        path => GenericChainSpec::<Option<()>>::from_json_file(path.into())
            .map(|spec| Box::new(spec) as Box<dyn ChainSpec>)
            .map_err(|error| format!("chain specification {path}: {error}")),
    }
}

fn preset(
    name: &str,
    id: &str,
    kind: ChainType,
    preset: &str,
) -> Result<Box<dyn ChainSpec>, String> {
    let wasm = WASM_BINARY.ok_or(
        "this binary was built without the runtime's WASM blob; build without SKIP_WASM_BUILD",
    )?;
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "IPS".into());
    properties.insert("tokenDecimals".into(), 12.into());
    properties.insert("ss58Format".into(), 42.into());
    let spec = GenericChainSpec::<Option<()>>::builder(wasm, None)
        .with_name(name)
        .with_id(id)
        .with_chain_type(kind)
        .with_genesis_config_preset_name(preset)
        .with_properties(properties)
        .build();
    Ok(Box::new(spec))
}
