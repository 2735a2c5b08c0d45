// A node's owner: registering, pledging, asking a price, delegating, leaving.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, rich, send, submit, sudo, UNIT, view } from './chain.js';

let api;
let owner;
let delegator;
before(async () => {
  api = await connect();
  owner = await rich(api, 'owner');
  delegator = await rich(api, 'delegator');
});
after(() => api.disconnect());

const node = (changes = {}) => ({
  class: 'Personal',
  worker: owner.publicKey,
  operator: owner.publicKey,
  peerId: '0x0024080112200102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20',
  addresses: [],
  capacityBytes: 1n << 30n,
  ...changes,
});
const NO_CONSENTS = { worker: null, operator: null };
const fails = async (tx, signer, name) => {
  const { error } = await submit(tx, signer);
  assert.equal(error?.name, name);
  assert.ok(error.docs.length > 10, error.docs);
};

test('before it is registered a node can do nothing', async () => {
  const { nodeClasses, storageMarket, porep } = api.tx;
  await fails(nodeClasses.update([], '0x01'), owner, 'nodeClasses.NotRegistered');
  await fails(nodeClasses.setCapacity(1), owner, 'nodeClasses.NotRegistered');
  await fails(nodeClasses.retire(), owner, 'nodeClasses.NotRegistered');
  await fails(storageMarket.setAsk({ pricePerMibBlock: 1, durationBlocksMax: 1 }), owner, 'storageMarket.NotAProvider');
  await fails(storageMarket.claimSlot({ order: 0, slot: 0 }), owner, 'storageMarket.NotAWorker');
  await fails(porep.declareFault(1), owner, 'porep.NotAWorker');
});

test('a node is registered', async () => {
  const { nodeClasses } = api.tx;
  await fails(nodeClasses.register(node({ peerId: '0x' }), NO_CONSENTS), owner, 'nodeClasses.NoPeerId');
  await fails(nodeClasses.register(node({ capacityBytes: 0 }), NO_CONSENTS), owner, 'nodeClasses.CapacityOutOfRange');
  await fails(nodeClasses.register(node({ class: 'Super' }), NO_CONSENTS), owner, 'nodeClasses.NotApproved');
  await fails(nodeClasses.register(node({ worker: delegator.publicKey }), NO_CONSENTS), owner, 'nodeClasses.NoConsent');
  const events = await send(nodeClasses.register(node(), NO_CONSENTS), owner);
  assert.equal(events.get('nodeClasses.Registered')[2].toBigInt(), 1n << 30n);
  await fails(nodeClasses.register(node(), NO_CONSENTS), owner, 'nodeClasses.AlreadyRegistered');
  const stored = (await api.query.nodeClasses.nodes(owner.publicKey)).unwrap();
  assert.match(JSON.stringify(stored.toHuman()), /"Personal"/);
  const seen = await view(api, 'NodeClasses', 'node', owner.publicKey);
  assert.equal(seen.toHex(), (await api.query.nodeClasses.nodes(owner.publicKey)).toHex());
  const provider = await view(api, 'NodeClasses', 'worker_provider', owner.publicKey);
  assert.equal(provider.unwrap().toHex(), api.createType('AccountId', owner.publicKey).toHex());
});

test('a node changes what it says of itself', async () => {
  const { nodeClasses, storageMarket } = api.tx;
  const address = '0x047f000001061f90';
  assert.ok((await send(nodeClasses.update([address], '0x0102'), owner)).has('nodeClasses.Updated'));
  assert.ok((await send(nodeClasses.setCapacity(2n << 30n), owner)).has('nodeClasses.CapacitySet'));
  await fails(nodeClasses.setWorker(owner.publicKey, null), owner, 'nodeClasses.WorkerTaken');
  await fails(nodeClasses.setWorker(delegator.publicKey, null), owner, 'nodeClasses.NoConsent');
  const ask = { pricePerMibBlock: 1_000_000n, durationBlocksMax: 100_000 };
  assert.ok((await send(storageMarket.setAsk(ask), owner)).has('storageMarket.AskSet'));
  const seen = (await view(api, 'StorageMarket', 'ask_of', owner.publicKey)).unwrap();
  assert.equal(seen.pricePerMibBlock.toBigInt(), 1_000_000n);
  const promote = nodeClasses.promote(owner.publicKey, 'Enterprise');
  const { error } = await submit(promote, owner);
  assert.equal(error.name, 'BadOrigin');
  assert.equal(await sudo(api, promote), null);
});

test('collateral is pledged and asked back', async () => {
  const { stakingCollateral } = api.tx;
  await fails(stakingCollateral.pledge(0), owner, 'stakingCollateral.ZeroAmount');
  const events = await send(stakingCollateral.pledge(100n * UNIT), owner);
  assert.equal(events.get('stakingCollateral.Pledged')[1].toBigInt(), 100n * UNIT);
  await fails(stakingCollateral.requestRelease(101n * UNIT), owner, 'stakingCollateral.NotEnoughFree');
  assert.ok((await send(stakingCollateral.requestRelease(UNIT), owner)).has('stakingCollateral.ReleaseRequested'));
  await fails(stakingCollateral.withdraw(), owner, 'stakingCollateral.NothingDue');
  const seen = (await view(api, 'StakingCollateral', 'pledge_of', owner.publicKey)).unwrap();
  assert.equal(seen.total.toBigInt(), 100n * UNIT);
  const lock = await view(api, 'StakingCollateral', 'lock_of', owner.publicKey, { order: 0, slot: 0 });
  assert.equal(lock.toBigInt(), 0n);
});

test('others put stake behind a node', async () => {
  const { stakingCollateral, authoring } = api.tx;
  const provider = owner.publicKey;
  assert.ok((await send(stakingCollateral.setCommission(100), owner)).has('stakingCollateral.CommissionSet'));
  await fails(stakingCollateral.delegate(provider, 1), delegator, 'stakingCollateral.TooSmall');
  const events = await send(stakingCollateral.delegate(provider, 10n * UNIT), delegator);
  const [, , amount, shares] = events.get('stakingCollateral.Delegated');
  assert.equal(amount.toBigInt(), 10n * UNIT);
  await fails(stakingCollateral.setCommission(101), owner, 'stakingCollateral.CommissionRises');
  assert.ok((await send(stakingCollateral.undelegate(provider, shares), delegator)).has('stakingCollateral.UndelegationRequested'));
  await fails(stakingCollateral.withdrawDelegation(provider), delegator, 'stakingCollateral.NothingDue');
  const seen = (await view(api, 'StakingCollateral', 'delegation_of', provider, delegator.address)).unwrap();
  assert.equal(seen[1].toBigInt(), 10n * UNIT);
  await fails(authoring.join(), owner, 'authoring.NoKeys');
  await fails(authoring.leave(), owner, 'authoring.NoCandidate');
});

test('a node leaves', async () => {
  assert.ok((await send(api.tx.nodeClasses.retire(), owner)).has('nodeClasses.Retired'));
});
