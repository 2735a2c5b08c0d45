//! `polkadot` with rococo-local: the relay chain that the parachain is tested on.

fn main() -> polkadot_cli::Result<()> {
    polkadot_cli::run()
}
