// What apps show comes from here: every call, event and error says what it is, and every argument can be typed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from './chain.js';

const OURS = ['StorageMarket', 'NodeClasses', 'StakingCollateral', 'Porep', 'Poe', 'Authoring'];
let api;
before(async () => { api = await connect(); });
after(() => api.disconnect());

const pallets = () => api.runtimeMetadata.asLatest.pallets.filter(({ name }) => OURS.includes(name.toString()));
const variants = (type) => api.registry.lookup.getSiType(type).def.asVariant.variants;

test('all pallets of the storage network are there', () => {
  assert.deepEqual(pallets().map(({ name }) => name.toString()).sort(), [...OURS].sort());
});

for (const kind of ['calls', 'events', 'errors']) {
  test(`every one of the ${kind} has documentation`, () => {
    let seen = 0;
    for (const pallet of pallets()) {
      if (pallet[kind].isNone) continue;
      for (const variant of variants(pallet[kind].unwrap().type)) {
        const docs = variant.docs.map(String).join(' ').trim();
        assert.ok(docs.length > 10, `${pallet.name}.${variant.name} says ${JSON.stringify(docs)}`);
        seen += 1;
      }
    }
    assert.ok(seen > 20, `${seen} seen`);
  });
}

test('every error is explained by its index', () => {
  for (const pallet of pallets()) {
    if (pallet.errors.isNone) continue;
    for (const { index, name } of variants(pallet.errors.unwrap().type)) {
      const error = Uint8Array.from([index.toNumber(), 0, 0, 0]);
      const found = api.registry.findMetaError({ error, index: pallet.index });
      assert.equal(found.name, name.toString());
      assert.ok(found.docs.join('').trim().length > 10, `${pallet.name}.${name}`);
    }
  }
});

test('every argument of our calls has a type that apps can show', () => {
  let seen = 0;
  for (const pallet of pallets()) {
    for (const call of variants(pallet.calls.unwrap().type)) {
      for (const { name, type } of call.fields) {
        const label = `${pallet.name}.${call.name}(${name})`;
        assert.ok(name.isSome, label);
        // Apps begin with a default value of the type.
        assert.doesNotThrow(() => api.registry.createType(api.registry.createLookupType(type)).toHuman(), label);
        seen += 1;
      }
    }
  }
  assert.ok(seen > 40, `${seen} seen`);
});

test('storage, constants and view functions have documentation', () => {
  let views = 0;
  for (const pallet of pallets()) {
    const items = pallet.storage.isSome ? [...pallet.storage.unwrap().items] : [];
    for (const entry of [...items, ...pallet.constants, ...pallet.viewFunctions]) {
      assert.ok(entry.docs.map(String).join('').trim().length > 5, `${pallet.name}.${entry.name}`);
    }
    views += pallet.viewFunctions.length;
  }
  assert.ok(views >= 8, `${views} view functions`);
});
