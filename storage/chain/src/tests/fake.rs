//! A node that plays a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use codec::{Compact, Encode};
use futures::{stream, StreamExt};
use ips_primitives::{
    hash::blake2_256,
    id::{AccountKey, AgreementId, OrderId},
};
use serde_json::{json, Value};
use subxt::config::substrate::{SubstrateHeader, H256};
use subxt_rpcs::{
    client::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClientT},
    Error, UserError,
};
use tokio::sync::broadcast;

use super::metadata::{
    metadata_bytes, DispatchError, DispatchInfo, MarketEvent, ModuleError, PoeEvent, SystemEvent,
    TokenError, Without, MARKET, POE, SPEC, SYSTEM,
};

/// What the node does with the next extrinsic that is handed in.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Takes it and puts it into the next block, with these effects.
    Include(Effect),
    /// Takes it, says `Dropped`, forgets it.
    Drop,
    /// Takes it, loses the connection, forgets it.
    LoseBefore,
    /// Takes it, loses the connection, and includes it all the same.
    LoseAfter,
    /// Takes it and says nothing.
    Keep,
    /// Takes it and says that an earlier nonce is missing.
    Future,
    /// Takes it and puts it into a block that another one replaces.
    IncludeAndRetract,
    /// Turns it down.
    Reject(i32, &'static str),
    /// Turns it down as banned, but another node has put it into a block already.
    IncludeAndBan,
}

/// What an included extrinsic did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    Success,
    OrderPlaced(u64),
    AgreementOpened(u64),
    ModuleError(u8),
    NoFunds,
    /// Its events can not be read.
    Unreadable,
}

struct FakeBlock {
    header: SubstrateHeader<H256>,
    extrinsics: Vec<Vec<u8>>,
    events: Vec<u8>,
}

#[derive(Default)]
struct State {
    blocks: Vec<FakeBlock>,
    /// Blocks that others have replaced.
    retracted: Vec<FakeBlock>,
    script: VecDeque<Act>,
    nonce: u32,
    ready: u32,
    /// Extrinsics handed in, in order.
    handed_in: Vec<Vec<u8>>,
    /// Requests to fail before the node is back.
    down: u32,
}

/// The node; cloned handles share it.
#[derive(Clone)]
pub(super) struct FakeNode {
    state: Arc<Mutex<State>>,
    heads: broadcast::Sender<Value>,
}

impl FakeNode {
    pub(super) fn new(script: impl IntoIterator<Item = Act>) -> Self {
        let state = State {
            script: script.into_iter().collect(),
            ..State::default()
        };
        let (heads, _) = broadcast::channel(256);
        let node = Self {
            state: Arc::new(Mutex::new(state)),
            heads,
        };
        node.author(Vec::new(), Vec::new());
        node
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn handed_in(&self) -> Vec<Vec<u8>> {
        self.state().handed_in.clone()
    }

    pub(super) fn fail_requests(&self, count: u32) {
        self.state().down = count;
    }

    pub(super) fn then(&self, act: Act) {
        self.state().script.push_back(act);
    }

    /// Makes `count` empty blocks.
    pub(super) fn advance(&self, count: u32) {
        for _ in 0..count {
            self.author(Vec::new(), Vec::new());
        }
    }

    /// Forgets that extrinsics were included, as a chain that lost blocks.
    pub(super) fn go_back(&self) {
        let mut state = self.state();
        state.nonce = 0;
        state.ready = 0;
    }

    /// Includes an extrinsic that was kept.
    pub(super) fn include_kept(&self, index: usize) {
        let extrinsic = self.state().handed_in[index].clone();
        self.include(extrinsic, Effect::Success);
    }

    /// Puts another block in the place of the best one.
    fn retract_best(&self) {
        let mut state = self.state();
        let block = state.blocks.pop().unwrap();
        let mut header = block.header.clone();
        header.parent_hash = H256([1; 32]);
        state.retracted.push(block);
        state.blocks.push(FakeBlock {
            header,
            extrinsics: Vec::new(),
            events: Vec::new(),
        });
        state.nonce -= 1;
        state.ready -= 1;
    }

    fn author(&self, extrinsics: Vec<Vec<u8>>, events: Vec<u8>) -> H256 {
        let mut state = self.state();
        let header = SubstrateHeader {
            parent_hash: H256([0; 32]),
            number: state.blocks.len() as u64,
            state_root: H256([0; 32]),
            extrinsics_root: H256([0; 32]),
            digest: Default::default(),
        };
        let hash = hash_of(&header);
        let news = serde_json::to_value(&header).unwrap();
        state.blocks.push(FakeBlock {
            header,
            extrinsics,
            events,
        });
        drop(state);
        // Nobody may be listening.
        let _ = self.heads.send(news);
        hash
    }

    fn include(&self, extrinsic: Vec<u8>, effect: Effect) -> H256 {
        {
            let mut state = self.state();
            state.nonce += 1;
            state.ready = state.ready.max(state.nonce);
        }
        // An inherent comes first, so the extrinsic's index is not the trivial one.
        self.author(vec![vec![4, 4], extrinsic], events_of(effect))
    }

    /// Fails while the node is away.
    fn reach(&self) -> Result<(), Error> {
        let mut state = self.state();
        match state.down.checked_sub(1) {
            Some(left) => {
                state.down = left;
                Err(Error::DisconnectedWillReconnect("down".into()))
            }
            None => Ok(()),
        }
    }

    fn request(&self, method: &str, params: &Value) -> Result<Value, Error> {
        self.reach()?;
        let state = self.state();
        let block = |hash: &Value| {
            state
                .blocks
                .iter()
                .chain(&state.retracted)
                .find(|block| json!(hash_of(&block.header)) == *hash)
        };
        Ok(match method {
            "chain_getBlockHash" => {
                let index = params[0].as_u64().unwrap_or(state.blocks.len() as u64 - 1);
                json!(state
                    .blocks
                    .get(index as usize)
                    .map(|block| hash_of(&block.header)))
            }
            "chain_getHeader" => json!(block(&params[0]).map(|block| &block.header)),
            "chain_getBlock" => json!(block(&params[0]).map(|block| json!({"block": {
                "header": block.header,
                "extrinsics": block.extrinsics.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>(),
            }}))),
            "state_getRuntimeVersion" => json!({"specVersion": SPEC, "transactionVersion": 1}),
            "system_accountNextIndex" => json!(state.ready.max(state.nonce)),
            "state_getStorage" => json!(block(&params[1]).map(|block| hex(&block.events))),
            "state_call" => json!(hex(&match params[0].as_str().unwrap() {
                "Metadata_metadata_versions" => vec![14u32, 15, 16].encode(),
                "Metadata_metadata_at_version" => Some(metadata_bytes(Without::default())).encode(),
                "AccountNonceApi_account_nonce" => state.nonce.encode(),
                "IpsApi_info" => super::submit::info_at_block_0().encode(),
                "IpsApi_beacon" => Some([params[1].as_str().unwrap().len() as u8; 32]).encode(),
                "IpsApi_sectors_of" => super::pages::sectors_after(params[1].as_str().unwrap()),
                other => panic!("unexpected runtime call {other}"),
            })),
            other => panic!("unexpected request {other}"),
        })
    }

    fn hand_in(&self, extrinsic: Vec<u8>) -> Result<Vec<Result<Value, Error>>, Error> {
        let act = {
            let mut state = self.state();
            state.handed_in.push(extrinsic.clone());
            state
                .script
                .pop_front()
                .unwrap_or(Act::Include(Effect::Success))
        };
        let lost = || Err(Error::Client("connection lost".into()));
        Ok(match act {
            Act::Include(effect) => {
                let hash = self.include(extrinsic, effect);
                vec![Ok(json!("ready")), Ok(json!({"inBlock": hash}))]
            }
            Act::Drop => vec![Ok(json!("ready")), Ok(json!("dropped"))],
            Act::LoseBefore => vec![Ok(json!("ready")), lost()],
            Act::LoseAfter => {
                self.include(extrinsic, Effect::Success);
                vec![lost()]
            }
            Act::Keep => {
                self.state().ready += 1;
                vec![Ok(json!("ready"))]
            }
            Act::Future => vec![Ok(json!("future"))],
            Act::IncludeAndRetract => {
                let hash = self.include(extrinsic, Effect::Success);
                self.retract_best();
                vec![Ok(json!("ready")), Ok(json!({"inBlock": hash}))]
            }
            Act::IncludeAndBan => {
                self.include(extrinsic, Effect::Success);
                self.advance(3);
                return Err(UserError {
                    code: 1012,
                    message: "Transaction is temporarily banned".into(),
                    data: None,
                }
                .into());
            }
            Act::Reject(code, data) => {
                let data = RawValue::from_string(json!(data).to_string()).unwrap();
                let message = "Invalid Transaction".into();
                return Err(UserError {
                    code,
                    message,
                    data: Some(data),
                }
                .into());
            }
        })
    }
}

impl RpcClientT for FakeNode {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move { self.request(method, &parse(params)).map(raw) })
    }

    fn subscribe_raw<'a>(
        &'a self,
        sub: &'a str,
        params: Option<Box<RawValue>>,
        _unsub: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            let stream = match sub {
                "chain_subscribeNewHeads" => {
                    let heads = self.heads.subscribe();
                    stream::unfold(heads, |mut heads| async move {
                        let head = heads.recv().await.ok()?;
                        Some((Ok(raw(head)), heads))
                    })
                    .boxed()
                }
                "author_submitAndWatchExtrinsic" => {
                    self.reach()?;
                    let text = parse(params)[0].as_str().unwrap().to_owned();
                    let statuses = self.hand_in(hex::decode(&text[2..]).unwrap())?;
                    let ends = matches!(statuses.last(), Some(Err(_)));
                    let told = stream::iter(statuses).map(|status| status.map(raw));
                    // A subscription that was not lost stays open.
                    if ends {
                        told.boxed()
                    } else {
                        told.chain(stream::pending()).boxed()
                    }
                }
                other => panic!("unexpected subscription {other}"),
            };
            Ok(RawRpcSubscription { stream, id: None })
        })
    }
}

fn parse(params: Option<Box<RawValue>>) -> Value {
    params.map_or(json!([]), |params| {
        serde_json::from_str(params.get()).unwrap()
    })
}

fn raw(value: Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    crate::rpc::hex_of(bytes)
}

fn hash_of(header: &SubstrateHeader<H256>) -> H256 {
    H256(blake2_256(&[&header.encode()]))
}

fn dispatch_info() -> DispatchInfo {
    DispatchInfo {
        ref_time: 1_000_000,
        proof_size: 2_000,
        class: 0,
        pays_fee: 0,
    }
}

/// Events of a block: the inherent's success, then the extrinsic's.
fn events_of(effect: Effect) -> Vec<u8> {
    let failed = |dispatch_error| {
        let event = SystemEvent::ExtrinsicFailed {
            dispatch_error,
            dispatch_info: dispatch_info(),
        };
        vec![record(1, SYSTEM, &event)]
    };
    let success = || SystemEvent::ExtrinsicSuccess {
        dispatch_info: dispatch_info(),
    };
    let mut with = match effect {
        Effect::Success => vec![record(1, SYSTEM, &success())],
        Effect::OrderPlaced(order) => {
            let client = AccountKey([9; 32]);
            let event = MarketEvent::OrderPlaced {
                client,
                order: OrderId(order),
                slots: 6,
            };
            vec![record(1, MARKET, &event), record(1, SYSTEM, &success())]
        }
        Effect::AgreementOpened(id) => {
            let client = AccountKey([9; 32]);
            let event = PoeEvent::AgreementOpened {
                agreement: AgreementId(id),
                client,
            };
            vec![record(1, POE, &event), record(1, SYSTEM, &success())]
        }
        Effect::ModuleError(error) => failed(DispatchError::Module(ModuleError {
            index: MARKET,
            error: [error, 0, 0, 0],
        })),
        Effect::Unreadable => return vec![0xff],
        Effect::NoFunds => failed(DispatchError::Token(TokenError::FundsUnavailable)),
    };
    with.insert(0, record(0, SYSTEM, &success()));
    let mut bytes = Compact(with.len() as u32).encode();
    bytes.extend(with.concat());
    bytes
}

/// Phase `ApplyExtrinsic`, pallet, event, no topics.
fn record(extrinsic: u32, pallet: u8, event: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0];
    extrinsic.encode_to(&mut bytes);
    bytes.push(pallet);
    event.encode_to(&mut bytes);
    Vec::<[u8; 32]>::new().encode_to(&mut bytes);
    bytes
}
