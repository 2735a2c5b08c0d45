//! Chain specifications: the two presets of the linked runtime, or a file.

use codec::{Decode, Encode};
use ips_runtime::{RuntimeGenesisConfig, WASM_BINARY};
use sc_chain_spec::{ChainSpec, ChainType, GenericChainSpec, Properties};
use serde_json::Value;
use sp_core::storage::{well_known_keys::CODE, Storage};
use sp_runtime::BuildStorage;

/// A chain that this binary knows without a file.
struct Preset {
    name: &'static str,
    id: &'static str,
    kind: ChainType,
    /// Name of the runtime's genesis preset.
    genesis: &'static str,
}

/// The preset of a `--chain` argument; anything else is a file.
fn preset(id: &str) -> Option<Preset> {
    match id {
        "dev" => Some(Preset {
            name: "IPS Development",
            id: "ips_dev",
            kind: ChainType::Development,
            genesis: sc_chain_spec::DEV_RUNTIME_PRESET,
        }),
        "" | "local" => Some(Preset {
            name: "IPS Local",
            id: "ips_local",
            kind: ChainType::Local,
            genesis: sc_chain_spec::LOCAL_TESTNET_RUNTIME_PRESET,
        }),
        _ => None,
    }
}

/// Loads the specification of an id: `dev`, `local`, or the path of a JSON file.
pub(crate) fn load(id: &str) -> Result<Box<dyn ChainSpec>, String> {
    match preset(id) {
        Some(preset) => preset.spec(),
        None => GenericChainSpec::<Option<()>>::from_json_file(id.into())
            .map(|spec| Box::new(spec) as Box<dyn ChainSpec>)
            .map_err(|error| format!("chain specification {id}: {error}")),
    }
}

/// As [`load`], for a node that is to run. The genesis state of a preset is made by the runtime that
/// is linked in: the same state as the blob makes, without compiling the blob once more for it.
pub(crate) fn load_built(id: &str) -> Result<Box<dyn ChainSpec>, String> {
    let mut spec = load(id)?;
    if let Some(preset) = preset(id) {
        spec.set_storage(preset.state()?);
    }
    Ok(spec)
}

fn blob() -> Result<&'static [u8], String> {
    WASM_BINARY.ok_or_else(|| {
        "this binary was built without the runtime's WASM blob; build without SKIP_WASM_BUILD"
            .to_owned()
    })
}

impl Preset {
    fn spec(self) -> Result<Box<dyn ChainSpec>, String> {
        let mut properties = Properties::new();
        properties.insert("tokenSymbol".into(), "IPS".into());
        properties.insert("tokenDecimals".into(), 12.into());
        properties.insert("ss58Format".into(), 42.into());
        let spec = GenericChainSpec::<Option<()>>::builder(blob()?, None)
            .with_name(self.name)
            .with_id(self.id)
            .with_chain_type(self.kind)
            .with_genesis_config_preset_name(self.genesis)
            .with_properties(properties)
            .build();
        Ok(Box::new(spec))
    }

    /// The genesis state, made natively.
    fn state(&self) -> Result<Storage, String> {
        let mut storage = native_state(self.genesis)?;
        storage.top.insert(CODE.to_vec(), blob()?.to_vec());
        Ok(storage)
    }
}

/// The state of a genesis preset without the runtime's code.
fn native_state(name: &str) -> Result<Storage, String> {
    let mut config = native_preset(None)?;
    sc_chain_spec::json_merge(&mut config, native_preset(Some(name))?);
    serde_json::from_value::<RuntimeGenesisConfig>(config)
        .map_err(|error| format!("genesis preset {name}: {error}"))?
        .build_storage()
}

/// A preset as the runtime gives it; without a name, what all presets start from.
fn native_preset(name: Option<&str>) -> Result<Value, String> {
    let wrong = |what: &dyn std::fmt::Display| format!("genesis preset {name:?}: {what}");
    let answer = ips_runtime::api::dispatch("GenesisBuilder_get_preset", &name.encode())
        .ok_or_else(|| wrong(&"the runtime has no presets"))?;
    let json = Option::<Vec<u8>>::decode(&mut answer.as_slice())
        .map_err(|error| wrong(&error))?
        .ok_or_else(|| wrong(&"unknown"))?;
    serde_json::from_slice(&json).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_built_natively() {
        for id in ["dev", "local"] {
            let name = preset(id).unwrap().genesis;
            assert!(native_state(name).unwrap().top.len() > 100, "{id}");
        }
        assert!(native_state("mainnet").is_err());
    }

    #[test]
    fn native_state_is_the_blobs_state() {
        let Some(blob) = WASM_BINARY else {
            // Built with SKIP_WASM_BUILD: there is nothing to compare with.
            return;
        };
        let caller = sc_chain_spec::GenesisConfigBuilderRuntimeCaller::<()>::new(blob);
        for id in ["dev", "local"] {
            let name = preset(id).unwrap().genesis;
            let by_blob = caller
                .get_storage_for_named_preset(Some(&name.to_owned()))
                .unwrap();
            let native = native_state(name).unwrap();
            assert!(native.top == by_blob.top, "{id}: the genesis states differ");
            assert!(native.children_default.is_empty() && by_blob.children_default.is_empty());
        }
    }

    #[test]
    fn exported_specification_is_a_plain_one() {
        if WASM_BINARY.is_none() {
            return;
        }
        let json: Value =
            serde_json::from_str(&load("dev").unwrap().as_json(false).unwrap()).unwrap();
        assert_eq!(json["id"], "ips_dev");
        assert!(
            json["genesis"]["runtimeGenesis"]["patch"].is_object(),
            "{}",
            json["genesis"]
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load("/no/such/spec.json").map(drop).unwrap_err();
        assert!(error.contains("/no/such/spec.json"), "{error}");
    }
}
