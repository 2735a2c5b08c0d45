//! What the demo does when the parachain's runtime is upgraded while files are stored and proven.

use anyhow::{ensure, Context};
use ips_tests::{
    root::Root,
    watcher::{Fact, Seen},
};
use pallet_porep::CurveArithmetic;
use sp_runtime::DispatchError;

use crate::{
    parachain::{Scenario, PATIENCE},
    steps::Demo,
};

/// Version of the runtime of the rehearsal (`runtime/src/rehearsal.rs`).
const NEXT_VERSION: u64 = 2;

impl Demo<'_> {
    /// What the scenario does once files are sealed.
    pub(crate) async fn govern(&mut self) -> anyhow::Result<()> {
        let Some(parachain) = &self.parachain else {
            return Ok(());
        };
        let (scenario, rpc) = (parachain.scenario, parachain.rpc.clone());
        if !matches!(scenario, Scenario::Upgrade | Scenario::Ecc) {
            return Ok(());
        }
        let path = parachain.blob.as_ref().context("--blob is missing")?;
        let code = std::fs::read(path).with_context(|| path.display().to_string())?;
        let root = Root::new(rpc, PATIENCE)?;
        println!("      upgrading the runtime to version {NEXT_VERSION}");
        root.upgrade(&code, NEXT_VERSION).await?;
        let mut lines = self.migrated(&root).await?;
        lines.extend(match scenario {
            Scenario::Ecc => switch_host_calls_on(&root).await?,
            _ => host_calls_are_refused(&root).await?,
        });
        self.govern_at = self.heads.borrow().number;
        for line in &lines {
            println!("      {line}");
        }
        self.governed = lines;
        Ok(())
    }

    /// The migration ran once, over every sector there was.
    async fn migrated(&mut self, root: &Root) -> anyhow::Result<Vec<String>> {
        let last = self.heads.borrow().number;
        self.watcher.advance(last).await?;
        let sectors = self
            .watcher
            .count(|fact| matches!(fact, Fact::PreCommitted(..)));
        let rewritten: u32 = root
            .read("IpsRehearsal", "SectorsRewritten")
            .await?
            .context("the migration did not run")?;
        ensure!(
            rewritten as usize == sectors,
            "the migration wrote {rewritten} of {sectors} sectors"
        );
        Ok(vec![format!(
            "upgrade: authorised, let through by the relay chain, final at version {NEXT_VERSION}; its \
             migration wrote {rewritten} sectors anew"
        )])
    }

    /// Storage proofs weigh less once host calls verify them.
    pub(crate) fn lighter_proofs(&self) -> anyhow::Result<Option<String>> {
        let scenario = self.parachain.as_ref().map(|parachain| parachain.scenario);
        if scenario != Some(Scenario::Ecc) {
            return Ok(None);
        }
        let heaviest = |counts: &dyn Fn(&Seen) -> bool| {
            let posts = self.watcher.seen.iter();
            posts
                .filter(|seen| matches!(seen.fact, Fact::Post(..)) && counts(seen))
                .map(|seen| seen.ref_time)
                .max()
        };
        let before = heaviest(&|seen| seen.block < self.govern_at);
        let after = heaviest(&|seen| seen.block > self.govern_at)
            .context("no storage proof after the switch")?;
        let Some(before) = before else {
            return Ok(None);
        };
        ensure!(after < before, "host calls save nothing: {before}, {after}");
        Ok(Some(format!(
            "host calls: a storage proof weighs {:.2} ms instead of {:.2} ms",
            after as f64 / 1e9,
            before as f64 / 1e9
        )))
    }
}

async fn switch_host_calls_on(root: &Root) -> anyhow::Result<Vec<String>> {
    let arithmetic = CurveArithmetic::HostCalls;
    let outcome = root
        .call(pallet_porep::Call::set_arithmetic { arithmetic })
        .await?;
    ensure!(outcome.is_ok(), "not switched: {outcome:?}");
    let chosen: Option<CurveArithmetic> = root.read("Porep", "Arithmetic").await?;
    ensure!(chosen == Some(arithmetic), "{chosen:?}");
    Ok(vec![
        "host calls: switched on by governance on a relay chain that has them".into(),
    ])
}

async fn host_calls_are_refused(root: &Root) -> anyhow::Result<Vec<String>> {
    let arithmetic = CurveArithmetic::HostCalls;
    let outcome = root
        .call(pallet_porep::Call::set_arithmetic { arithmetic })
        .await?;
    let wanted =
        DispatchError::from(pallet_porep::Error::<ips_runtime::Runtime>::RelayWithoutHostCalls);
    let stripped = wanted.stripped();
    ensure!(
        outcome.map_err(DispatchError::stripped) == Err(stripped),
        "the relay chain has no host calls, and the answer is {outcome:?}"
    );
    let chosen: Option<CurveArithmetic> = root.read("Porep", "Arithmetic").await?;
    ensure!(chosen.is_none(), "{chosen:?}");
    Ok(vec![
        "host calls: this runtime has them, the relay chain does not, and Root cannot switch them on"
            .into(),
    ])
}
