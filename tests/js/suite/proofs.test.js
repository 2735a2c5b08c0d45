// A node's worker: sectors and proofs. Real proofs are the demo's; here they are well formed and wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, rich, send, submit, sudo } from './chain.js';

let api;
let worker;
const ZERO = `0x${'00'.repeat(32)}`;
const PROOF = `0x${'00'.repeat(192)}`;
before(async () => {
  api = await connect();
  worker = await rich(api, 'worker');
  const node = {
    class: 'Professional',
    worker: worker.publicKey,
    operator: worker.publicKey,
    peerId: '0x0102',
    addresses: [],
    capacityBytes: 1n << 30n,
  };
  await send(api.tx.nodeClasses.register(node, { worker: null, operator: null }), worker);
});
after(() => api.disconnect());

const fails = async (tx, name) => {
  const { error } = await submit(tx, worker);
  assert.equal(error?.name, name);
  assert.ok(error.docs.length > 10, error.docs);
};

test('a sector is refused for what is wrong with it', async () => {
  const sector = {
    sector: 1,
    commD: ZERO,
    commR: `0x01${'00'.repeat(31)}`,
    ticketBlock: 1,
    replicaIndex: 0,
    pieces: [],
  };
  await fails(api.tx.porep.preCommit(sector), 'porep.BadPieces');
  const piece = { slot: { order: 1n << 60n, slot: 0 }, index: 0, nodeOffset: 0 };
  await fails(api.tx.porep.preCommit({ ...sector, pieces: [piece] }), 'porep.NotYourSlot');
});

test('nothing is proven of a sector that does not exist', async () => {
  const { proveCommit, declareFault, recover, terminate, expirePreCommit, submitPost } = api.tx.porep;
  await fails(proveCommit(1, [PROOF], []), 'porep.UnknownSector');
  await fails(declareFault(1), 'porep.UnknownSector');
  await fails(recover(1), 'porep.UnknownSector');
  await fails(terminate(1), 'porep.UnknownSector');
  await fails(expirePreCommit(worker.publicKey, 1), 'porep.UnknownSector');
  await fails(submitPost(0, 1, PROOF), 'porep.UnknownPartition');
});

test('keys and arithmetic are governance alone', async () => {
  for (const call of [api.tx.porep.setVerifyingKey('0x00'), api.tx.porep.setArithmetic('HostCalls')]) {
    const { error } = await submit(call, worker);
    assert.equal(error.name, 'BadOrigin');
  }
  const error = await sudo(api, api.tx.porep.setVerifyingKey('0x00'));
  assert.equal(error.name, 'porep.MalformedKey');
  assert.ok(error.docs.length > 10);
});

test('the keys of all circuits are there', async () => {
  for (const kind of [0, 1, 2]) {
    assert.ok((await api.query.porep.keys(kind)).isSome, `circuit ${kind}`);
  }
  const info = await api.call.ipsApi.info();
  assert.ok(info.sealKey.isSome && info.postKey.isSome && info.poeKey.isSome);
});
