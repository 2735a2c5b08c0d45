//! Chain specifications: the two presets of the linked runtime, a file, or made from any blob.

use std::path::Path;

use codec::{Decode, Encode};
use ips_runtime::{RuntimeGenesisConfig, PARACHAIN_ID, WASM_BINARY};
use sc_chain_spec::{
    ChainSpec, ChainSpecExtension, ChainType, GenericChainSpec, GenesisConfigBuilderRuntimeCaller,
    Properties,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sp_core::storage::{well_known_keys::CODE, Storage};
use sp_runtime::BuildStorage;

use crate::cli::BuildSpec;

/// What a parachain's specification says beyond a chain's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ChainSpecExtension)]
pub(crate) struct Extensions {
    /// The relay chain: a name that polkadot knows, or the path of its specification.
    #[serde(default, alias = "relayChain", skip_serializing_if = "Option::is_none")]
    pub(crate) relay_chain: Option<String>,
    /// The parachain id; the runtime's counts, this one must be the same.
    #[serde(default, alias = "paraId", skip_serializing_if = "Option::is_none")]
    pub(crate) para_id: Option<u32>,
}

impl Extensions {
    /// The extensions of a specification; empty if it has none.
    pub(crate) fn of(spec: &dyn ChainSpec) -> Self {
        sc_chain_spec::get_extension(spec.extensions())
            .cloned()
            .unwrap_or_default()
    }
}

type Spec = GenericChainSpec<Extensions>;

/// A chain that this binary knows without a file.
struct Preset {
    name: &'static str,
    id: &'static str,
    kind: ChainType,
    /// Name of the runtime's genesis preset.
    genesis: &'static str,
    /// The relay chain's name; `None` for a chain without.
    relay_chain: Option<&'static str>,
}

/// The preset of a `--chain` argument; anything else is a file.
fn preset(id: &str) -> Option<Preset> {
    match id {
        "dev" => Some(Preset {
            name: "IPS Development",
            id: "ips_dev",
            kind: ChainType::Development,
            genesis: sc_chain_spec::DEV_RUNTIME_PRESET,
            relay_chain: None,
        }),
        "" | "local" => Some(Preset {
            name: "IPS Local",
            id: "ips_local",
            kind: ChainType::Local,
            genesis: sc_chain_spec::LOCAL_TESTNET_RUNTIME_PRESET,
            relay_chain: Some("rococo-local"),
        }),
        _ => None,
    }
}

/// Loads the specification of an id: `dev`, `local`, or the path of a JSON file.
pub(crate) fn load(id: &str) -> Result<Box<dyn ChainSpec>, String> {
    match preset(id) {
        Some(preset) => preset.spec(),
        None => Spec::from_json_file(id.into())
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

fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "IPS".into());
    properties.insert("tokenDecimals".into(), 12.into());
    properties.insert("ss58Format".into(), 42.into());
    properties
}

/// Makes a specification from a blob and one of its presets.
///
/// # Errors
/// If the blob cannot be read or has no such preset.
pub(crate) fn build(what: &BuildSpec) -> Result<Box<dyn ChainSpec>, String> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| format!("runtime {}: {error}", path.display()))
    };
    let blob = match &what.runtime {
        Some(path) => read(path)?,
        None => blob()?.to_vec(),
    };
    let runtime = GenesisConfigBuilderRuntimeCaller::<()>::new(&blob);
    let mut genesis = runtime
        .get_named_preset(Some(&what.preset))
        .map_err(|error| format!("preset {}: {error}", what.preset))?;
    if let Some(id) = what.para_id {
        let patch = json!({ "parachainInfo": { "parachainId": id } });
        sc_chain_spec::json_merge(&mut genesis, patch);
    }
    let para_id = genesis["parachainInfo"]["parachainId"].as_u64();
    let extensions = Extensions {
        relay_chain: Some(what.relay_chain.clone()),
        para_id: para_id.and_then(|id| id.try_into().ok()),
    };
    let spec = Spec::builder(&blob, extensions)
        .with_name(&what.name)
        .with_id(&what.id)
        .with_chain_type(ChainType::Local)
        .with_genesis_config_patch(genesis)
        .with_properties(properties())
        .build();
    Ok(Box::new(spec))
}

impl Preset {
    fn spec(self) -> Result<Box<dyn ChainSpec>, String> {
        let extensions = Extensions {
            relay_chain: self.relay_chain.map(Into::into),
            para_id: self.relay_chain.map(|_| PARACHAIN_ID.into()),
        };
        let spec = Spec::builder(blob()?, extensions)
            .with_name(self.name)
            .with_id(self.id)
            .with_chain_type(self.kind)
            .with_genesis_config_preset_name(self.genesis)
            .with_properties(properties())
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
        let caller = GenesisConfigBuilderRuntimeCaller::<()>::new(blob);
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
    fn only_a_parachain_names_its_relay_chain() {
        if WASM_BINARY.is_none() {
            return;
        }
        let of = |id| Extensions::of(&*load(id).unwrap());
        assert_eq!(of("dev"), Extensions::default());
        let local = of("local");
        assert_eq!(local.relay_chain.as_deref(), Some("rococo-local"));
        assert_eq!(local.para_id, Some(PARACHAIN_ID.into()));
    }

    #[test]
    fn a_specification_is_made_from_a_blob_and_a_preset() {
        if WASM_BINARY.is_none() {
            return;
        }
        let what = BuildSpec {
            runtime: None,
            preset: "local_testnet".into(),
            name: "Sibling".into(),
            id: "sibling".into(),
            para_id: Some(2_001),
            relay_chain: "relay.json".into(),
            raw: false,
            output: None,
        };
        let spec = build(&what).unwrap();
        assert_eq!(Extensions::of(&*spec).para_id, Some(2_001));
        let json: Value = serde_json::from_str(&spec.as_json(false).unwrap()).unwrap();
        let genesis = &json["genesis"]["runtimeGenesis"]["patch"];
        assert_eq!(genesis["parachainInfo"]["parachainId"], 2_001);
        assert_eq!(json["relay_chain"], "relay.json");

        let preset = "mainnet".into();
        let error = build(&BuildSpec { preset, ..what }).map(drop).unwrap_err();
        assert!(error.contains("mainnet"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load("/no/such/spec.json").map(drop).unwrap_err();
        assert!(error.contains("/no/such/spec.json"), "{error}");
    }
}
