//! Programs by which a customer of another chain pays for storage with that chain's token.
//!
//! Goal: the wire format (XCM version 5, the part that is used here) and the programs, written once for the
//! customer's tool and for whoever builds them elsewhere. Non-goal: executing them; the runtimes do.
//! The bytes are compared with the SDK's types, and run, in `runtime/src/tests/xcm`.
//!
//! A program starts on the customer's chain and goes on here, under the same name:
//!
//! ```text
//! customer's chain   WithdrawAsset · PayFees · InitiateTransfer ─┐ · RefundSurplus · DepositAsset
//! here               ReserveAssetDeposited · PayFees · AliasOrigin(customer) ◄┘
//!                    SetAppendix(RefundSurplus · DepositAsset(customer))
//!                    ExchangeAsset · DepositAsset(customer) · Transact(place_order)… · ExpectTransactStatus
//! ```

use alloc::{boxed::Box, vec, vec::Vec};
use codec::{Compact, Encode};

use crate::id::{AccountKey, Balance};

/// Orders that one program can place: each is an instruction of its own, and a chain takes a hundred.
pub const PROGRAM_ORDERS_MAX: usize = 16;
/// Different assets that a program leaves in the holding register.
const HELD_ASSETS: u32 = 2;

/// A chain that customers pay from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// The relay chain.
    Relay,
    /// A parachain of the same relay chain, by its id.
    Sibling(u32),
}

impl Chain {
    /// The chain, seen from the IPS chain; also the name of its token there.
    #[must_use]
    pub fn location(self) -> Location {
        match self {
            Self::Relay => Location::parent(vec![]),
            Self::Sibling(id) => Location::parent(vec![Junction::Parachain(Compact(id))]),
        }
    }

    /// The IPS chain with parachain id `ips`, seen from here.
    #[must_use]
    pub fn towards(self, ips: u32) -> Location {
        Location {
            parents: match self {
                Self::Relay => 0,
                Self::Sibling(_) => 1,
            },
            interior: vec![Junction::Parachain(Compact(ips))],
        }
    }

    /// A customer of this chain, seen from the IPS chain.
    #[must_use]
    pub fn customer(self, account: AccountKey) -> Location {
        let mut location = self.location();
        location.interior.push(Junction::account(account));
        location
    }
}

/// Where something is, relative to who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    parents: u8,
    /// At most eight.
    interior: Vec<Junction>,
}

impl Location {
    /// Where one is.
    #[must_use]
    pub const fn here() -> Self {
        Self {
            parents: 0,
            interior: Vec::new(),
        }
    }

    const fn parent(interior: Vec<Junction>) -> Self {
        Self {
            parents: 1,
            interior,
        }
    }

    fn account(account: AccountKey) -> Self {
        Self {
            parents: 0,
            interior: vec![Junction::account(account)],
        }
    }

    /// With the version in front, as runtime APIs take it.
    #[must_use]
    pub fn versioned(&self) -> Vec<u8> {
        (VERSION, self).encode()
    }
}

/// Variant of the fifth version in the SDK's versioned types.
const VERSION: u8 = 5;

/// `Junctions` counts in its variant, not in a length.
impl Encode for Location {
    fn encode_to<O: codec::Output + ?Sized>(&self, output: &mut O) {
        self.parents.encode_to(output);
        u8::try_from(self.interior.len())
            .unwrap_or(u8::MAX)
            .encode_to(output);
        for junction in &self.interior {
            junction.encode_to(output);
        }
    }
}

/// A step of a location.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
enum Junction {
    #[codec(index = 0)]
    Parachain(Compact<u32>),
    #[codec(index = 1)]
    AccountId32 { network: Option<()>, id: [u8; 32] },
}

impl Junction {
    /// On any network: derived accounts do not tell networks apart.
    const fn account(account: AccountKey) -> Self {
        Self::AccountId32 {
            network: None,
            id: account.0,
        }
    }
}

/// An amount of a fungible asset.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asset(Location, Balance);

impl Encode for Asset {
    fn encode_to<O: codec::Output + ?Sized>(&self, output: &mut O) {
        self.0.encode_to(output);
        // Fungible.
        0u8.encode_to(output);
        Compact(self.1).encode_to(output);
    }
}

#[derive(Clone, Debug, Encode)]
enum AssetFilter {
    #[codec(index = 0)]
    Definite(Vec<Asset>),
    #[codec(index = 1)]
    Wild(WildAsset),
}

#[derive(Clone, Debug, Encode)]
enum WildAsset {
    /// All fungible units of an asset.
    #[codec(index = 1)]
    AllOf(Location, Fungible),
    #[codec(index = 2)]
    AllCounted(Compact<u32>),
}

#[derive(Clone, Debug, Encode)]
enum Fungible {
    #[codec(index = 0)]
    Fungible,
}

#[derive(Clone, Debug, Encode)]
enum TransferFilter {
    /// The sender's chain is the asset's reserve.
    #[codec(index = 1)]
    ReserveDeposit(AssetFilter),
    /// The destination is the asset's reserve.
    #[codec(index = 2)]
    ReserveWithdraw(AssetFilter),
}

#[derive(Clone, Debug, Encode)]
enum OriginKind {
    #[codec(index = 1)]
    SovereignAccount,
}

#[derive(Clone, Debug, Encode)]
enum MaybeErrorCode {
    #[codec(index = 0)]
    Success,
}

#[derive(Clone, Debug, Encode)]
enum Instruction {
    #[codec(index = 0)]
    WithdrawAsset(Vec<Asset>),
    #[codec(index = 6)]
    Transact {
        origin: OriginKind,
        weight: Option<()>,
        call: Vec<u8>,
    },
    #[codec(index = 13)]
    DepositAsset(AssetFilter, Location),
    #[codec(index = 15)]
    ExchangeAsset {
        give: AssetFilter,
        want: Vec<Asset>,
        maximal: bool,
    },
    #[codec(index = 20)]
    RefundSurplus,
    #[codec(index = 22)]
    SetAppendix(Vec<Instruction>),
    #[codec(index = 32)]
    ExpectTransactStatus(MaybeErrorCode),
    #[codec(index = 48)]
    PayFees(Asset),
    #[codec(index = 49)]
    InitiateTransfer(Box<Transfer>),
}

#[derive(Clone, Debug, Encode)]
struct Transfer {
    destination: Location,
    remote_fees: Option<TransferFilter>,
    preserve_origin: bool,
    assets: Vec<TransferFilter>,
    remote: Vec<Instruction>,
}

/// A program, ready to be executed on the customer's chain.
#[derive(Clone, Debug)]
pub struct Program(Vec<Instruction>);

impl Program {
    /// With the version in front, as the `message` of `execute` takes it.
    #[must_use]
    pub fn versioned(&self) -> Vec<u8> {
        (VERSION, &self.0).encode()
    }
}

/// Who pays, from where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The customer's chain.
    pub chain: Chain,
    /// Parachain id of the IPS chain.
    pub ips: u32,
    /// The customer on the own chain.
    pub customer: AccountKey,
}

/// What a program may cost, in the token of the customer's chain. What is not used comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Of executing and sending it on the customer's chain.
    pub local: Balance,
    /// Of executing it on the IPS chain.
    pub remote: Balance,
}

impl Route {
    /// Places orders that are paid with the token of the customer's chain.
    ///
    /// At most `give` of it is exchanged, for exactly `buy` units of the IPS token; the customer's derived
    /// account places the orders. `calls` are `place_order` calls as bytes, at most
    /// [`PROGRAM_ORDERS_MAX`]. If the exchange or an order fails, everything stays on the derived account,
    /// from where [`Self::withdraw`] fetches it.
    #[must_use]
    pub fn order(&self, give: Balance, buy: Balance, fees: Fees, calls: Vec<Vec<u8>>) -> Program {
        let customer = self.chain.customer(self.customer);
        let token = self.chain.location();
        let bought = Asset(Location::here(), buy);
        let mut remote = vec![
            Instruction::SetAppendix(keep_rest(customer.clone())),
            Instruction::ExchangeAsset {
                give: all_of(token),
                want: vec![bought.clone()],
                maximal: false,
            },
            Instruction::DepositAsset(AssetFilter::Definite(vec![bought]), customer),
        ];
        remote.extend(transact(calls));
        self.start(fees, give, remote)
    }

    /// Calls that need no money but the fees, one after the other until one fails, such as
    /// `cancel_order`; at most [`PROGRAM_ORDERS_MAX`].
    #[must_use]
    pub fn call(&self, fees: Fees, calls: Vec<Vec<u8>>) -> Program {
        let customer = self.chain.customer(self.customer);
        let mut remote = vec![Instruction::SetAppendix(keep_rest(customer))];
        remote.extend(transact(calls));
        self.start(fees, 0, remote)
    }

    /// Moves `amount` of the own chain's token to `account`, one that has a key on the IPS chain.
    #[must_use]
    pub fn deposit(&self, amount: Balance, account: AccountKey, fees: Fees) -> Program {
        let remote = keep_rest(Location::account(account));
        self.start(fees, amount, remote)
    }

    /// Fetches money home from the customer's derived account: `foreign` units of the own chain's token and
    /// `native` units of the IPS token, which are exchanged for at least `least` of the own token; nothing
    /// is exchanged if `native` is zero.
    #[must_use]
    pub fn withdraw(
        &self,
        foreign: Balance,
        native: Balance,
        least: Balance,
        fees: Fees,
    ) -> Program {
        let customer = self.chain.customer(self.customer);
        let token = self.chain.location();
        let mut assets = Vec::new();
        if native > 0 {
            assets.push(Asset(Location::here(), native));
        }
        if foreign > 0 {
            assets.push(Asset(token.clone(), foreign));
        }
        let mut remote = vec![
            Instruction::SetAppendix(keep_rest(customer)),
            Instruction::WithdrawAsset(assets),
        ];
        if native > 0 {
            remote.push(Instruction::ExchangeAsset {
                give: all_of(Location::here()),
                want: vec![Asset(token.clone(), least)],
                maximal: true,
            });
        }
        let home = vec![
            Instruction::RefundSurplus,
            Instruction::DepositAsset(
                AssetFilter::Wild(WildAsset::AllCounted(Compact(1))),
                Location::account(self.customer),
            ),
        ];
        let fee = AssetFilter::Definite(vec![Asset(token.clone(), fees.local)]);
        remote.push(Instruction::InitiateTransfer(Box::new(Transfer {
            destination: token.clone(),
            remote_fees: Some(TransferFilter::ReserveWithdraw(fee)),
            preserve_origin: false,
            assets: vec![TransferFilter::ReserveWithdraw(all_of(token))],
            remote: home,
        })));
        self.start(fees, 0, remote)
    }

    /// The part on the customer's own chain: pays, sends `amount` and the fees over, goes on there as the
    /// customer, and takes back what is left.
    fn start(&self, fees: Fees, amount: Balance, remote: Vec<Instruction>) -> Program {
        let own = |amount| Asset(Location::here(), amount);
        let filter = |amount| AssetFilter::Definite(vec![own(amount)]);
        let total = fees
            .local
            .saturating_add(fees.remote)
            .saturating_add(amount);
        let mut assets = Vec::new();
        if amount > 0 {
            assets.push(TransferFilter::ReserveDeposit(filter(amount)));
        }
        Program(vec![
            Instruction::SetAppendix(keep_rest(Location::account(self.customer))),
            Instruction::WithdrawAsset(vec![own(total)]),
            Instruction::PayFees(own(fees.local)),
            Instruction::InitiateTransfer(Box::new(Transfer {
                destination: self.chain.towards(self.ips),
                remote_fees: Some(TransferFilter::ReserveDeposit(filter(fees.remote))),
                preserve_origin: true,
                assets,
                remote,
            })),
        ])
    }
}

/// Calls by the customer's derived account; the program ends at the first that fails.
fn transact(calls: Vec<Vec<u8>>) -> impl Iterator<Item = Instruction> {
    calls.into_iter().take(PROGRAM_ORDERS_MAX).flat_map(|call| {
        [
            Instruction::Transact {
                origin: OriginKind::SovereignAccount,
                weight: None,
                call,
            },
            Instruction::ExpectTransactStatus(MaybeErrorCode::Success),
        ]
    })
}

/// What happens at the end, also after an error: fees that were not used come back, and what is held is
/// the customer's.
fn keep_rest(customer: Location) -> Vec<Instruction> {
    let all = AssetFilter::Wild(WildAsset::AllCounted(Compact(HELD_ASSETS)));
    vec![
        Instruction::RefundSurplus,
        Instruction::DepositAsset(all, customer),
    ]
}

fn all_of(token: Location) -> AssetFilter {
    AssetFilter::Wild(WildAsset::AllOf(token, Fungible::Fungible))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: AccountKey = AccountKey([7; 32]);

    #[test]
    fn locations_are_relative() {
        assert_eq!(Chain::Relay.location().versioned(), [5, 1, 0]);
        // Parachain 2001, compact in two bytes.
        let sibling = Chain::Sibling(2_001);
        assert_eq!(sibling.location().versioned(), [5, 1, 1, 0, 0x45, 0x1f]);
        assert_eq!(Chain::Relay.towards(2_000).encode(), [0, 1, 0, 0x41, 0x1f]);
        assert_eq!(sibling.towards(2_000).encode(), [1, 1, 0, 0x41, 0x1f]);
        let customer = sibling.customer(CUSTOMER).encode();
        assert_eq!(customer[..7], [1, 2, 0, 0x45, 0x1f, 1, 0]);
        assert_eq!(customer[7..], [7; 32]);
    }

    #[test]
    fn no_more_orders_than_a_program_holds() {
        let route = Route {
            chain: Chain::Relay,
            ips: 2_000,
            customer: CUSTOMER,
        };
        let fees = Fees {
            local: 1,
            remote: 2,
        };
        let length = |calls: usize| {
            route
                .order(3, 4, fees, vec![vec![9; 10]; calls])
                .versioned()
                .len()
        };
        assert_eq!(length(PROGRAM_ORDERS_MAX), length(PROGRAM_ORDERS_MAX + 1));
        assert!(length(1) < length(2));
    }
}
