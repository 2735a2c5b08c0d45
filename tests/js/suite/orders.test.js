// A customer: orders, and what becomes of them. README shows the same values for apps.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, rich, send, submit, UNIT, view } from './chain.js';

let api;
let customer;
before(async () => {
  api = await connect();
  customer = await rich(api, 'customer');
});
after(() => api.disconnect());

const ROOT = (byte) => `0x${byte.repeat(32)}`;
/** The order that README tells a newcomer to type. */
const order = (changes = {}) => ({
  file: ROOT('01'),
  group: 0,
  erasure: { data: 3, parity: 3 },
  fragmentSize: 'K256',
  segments: 1,
  slotRoots: ['02', '03', '04', '05', '06', '07'].map(ROOT),
  durationBlocks: 100,
  pricePerMibBlockMax: 1_000_000n,
  deliveryKey: customer.publicKey,
  ...changes,
});
const fails = async (tx, signer, name) => {
  const { error } = await submit(tx, signer);
  assert.equal(error?.name, name);
  assert.ok(error.docs.length > 10, error.docs);
};

let id;
test('an order is placed for what was quoted', async () => {
  const { placeOrder } = api.tx.storageMarket;
  await fails(placeOrder(order({ erasure: { data: 1, parity: 0 } })), customer, 'storageMarket.BadErasure');
  await fails(placeOrder(order({ slotRoots: [] })), customer, 'storageMarket.BadSlotRoots');
  await fails(placeOrder(order({ segments: 0 })), customer, 'storageMarket.BadSegments');
  await fails(placeOrder(order({ durationBlocks: 0 })), customer, 'storageMarket.BadDuration');
  const events = await send(placeOrder(order()), customer);
  const [found, client, file, held, deposit] = events.get('storageMarket.OrderPlaced');
  id = found;
  assert.equal(client.toHex(), api.createType('AccountId', customer.publicKey).toHex());
  assert.equal(file.toHex(), ROOT('01'));
  const quote = await view(api, 'StorageMarket', 'quote', order());
  assert.equal(quote.toBigInt(), held.toBigInt() + deposit.toBigInt());
  const seen = (await view(api, 'StorageMarket', 'order', id)).unwrap();
  assert.equal(seen.slots.length, 6);
  assert.ok((await api.query.storageMarket.orders(id)).isSome);
});

test('an order is renewed; it is settled and confirmed only when there is something to it', async () => {
  const { renew, settle, confirmDeal, pruneOrder } = api.tx.storageMarket;
  assert.ok((await send(renew(id, 10), customer)).has('storageMarket.OrderRenewed'));
  await fails(renew(id, 0), customer, 'storageMarket.BadDuration');
  await fails(renew(1n << 60n, 10), customer, 'storageMarket.OrderUnknown');
  await fails(settle({ order: id, slot: 0 }), customer, 'storageMarket.NothingDue');
  await fails(settle({ order: id, slot: 6 }), customer, 'storageMarket.SlotUnknown');
  await fails(confirmDeal({ order: id, slot: 0 }, `0x${'00'.repeat(64)}`), customer, 'storageMarket.NotAWorker');
  await fails(pruneOrder(id), customer, 'storageMarket.OrderNotEnded');
  await fails(pruneOrder(1n << 60n), customer, 'storageMarket.OrderUnknown');
});

test('a retrieval is paid for in advance and closed', async () => {
  const { openRetrieval, topUp, close, withdraw, claim } = api.tx.poe;
  await fails(openRetrieval(1n << 60n, 1, UNIT), customer, 'poe.UnknownOrder');
  await fails(openRetrieval(id, 1, 1), customer, 'poe.BudgetTooSmall');
  const events = await send(openRetrieval(id, 1_000_000_000n, UNIT), customer);
  const [agreement] = events.get('poe.AgreementOpened');
  assert.ok((await send(topUp(agreement, UNIT), customer)).has('poe.ToppedUp'));
  const stranger = await rich(api, 'stranger', 10n * UNIT);
  await fails(topUp(1n << 60n, UNIT), customer, 'poe.UnknownAgreement');
  await fails(close(agreement), stranger, 'poe.NotTheClient');
  await fails(claim([]), customer, 'poe.EmptyBatch');
  assert.ok((await send(close(agreement), customer)).has('poe.CloseRequested'));
  await fails(withdraw(agreement), customer, 'poe.NotClosed');
});

test('an order is cancelled for a refund, then pruned for its deposit', async () => {
  const { cancelOrder, pruneOrder } = api.tx.storageMarket;
  const stranger = await rich(api, 'other', 10n * UNIT);
  await fails(cancelOrder(id), stranger, 'storageMarket.NotYourOrder');
  const before = (await api.query.system.account(customer.address)).data;
  const events = await send(cancelOrder(id), customer);
  assert.equal(events.get('storageMarket.OrderCancelled')[1].toNumber(), 6);
  assert.ok((await send(pruneOrder(id), customer)).has('storageMarket.OrderPruned'));
  const after = (await api.query.system.account(customer.address)).data;
  assert.ok(after.reserved.toBigInt() < before.reserved.toBigInt());
  assert.ok((await api.query.storageMarket.orders(id)).isNone);
});
