//! The verifier's WASM module, run by the engine that runs the runtime's blob.
//!
//! Goal: the tests ask native code, this module and `ips-reference` the same questions. Non-goal:
//! speed.

use std::{env, fs, path::PathBuf};

use codec::Encode;
use ips_verifier_wasm::Question;
use wasmtime::{Engine, Instance, Module, Store};

/// A compiled module. Each question gets a fresh instance, as each block gets a fresh runtime.
pub struct Wasm {
    engine: Engine,
    module: Module,
}

impl Wasm {
    /// Compiles the module that `IPS_VERIFIER_WASM` names.
    ///
    /// # Panics
    /// If there is none: `scripts/check-proofs.sh` builds it and sets the variable.
    pub fn load() -> Self {
        let path = env::var_os("IPS_VERIFIER_WASM").map(PathBuf::from);
        let path = path.expect("IPS_VERIFIER_WASM names no module; run scripts/check-proofs.sh");
        let bytes = fs::read(&path).expect("the module can be read");
        let engine = Engine::default();
        let module = Module::new(&engine, bytes).expect("the module is valid");
        assert_eq!(module.imports().count(), 0, "the module needs nothing");
        Self { engine, module }
    }

    /// The module's answer.
    ///
    /// # Panics
    /// If the module traps: no bytes may make the runtime panic.
    pub fn answer(&self, question: &Question) -> String {
        self.try_answer(&question.encode())
            .unwrap_or_else(|error| panic!("the module traps on {question:?}: {error:?}"))
    }

    fn try_answer(&self, question: &[u8]) -> wasmtime::Result<String> {
        let mut store = Store::new(&self.engine, ());
        let instance = Instance::new(&mut store, &self.module, &[])?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .expect("a module exports its memory");
        let length = u32::try_from(question.len())?;
        let ask = instance.get_typed_func::<u32, u32>(&mut store, "ips_question")?;
        let start = ask.call(&mut store, length)?;
        memory.write(&mut store, usize::try_from(start)?, question)?;
        let answer = instance.get_typed_func::<(u32, u32), u64>(&mut store, "ips_answer")?;
        let place = answer.call(&mut store, (start, length))?;
        let (start, length) = (place >> 32, place & u64::from(u32::MAX));
        let mut words = vec![0; usize::try_from(length)?];
        memory.read(&store, usize::try_from(start)?, &mut words)?;
        Ok(String::from_utf8(words)?)
    }
}
