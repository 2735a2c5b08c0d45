// A connection by metadata alone, accounts of this run, and what came of an extrinsic.

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { u8aConcat, u8aToHex } from '@polkadot/util';
import { randomAsHex } from '@polkadot/util-crypto';

/** One token. */
export const UNIT = 1_000_000_000_000n;

/** Connects to $IPS_WS; no types, no aliases, no RPC definitions are added. */
export async function connect() {
  const url = process.env.IPS_WS;
  if (!url) throw new Error('IPS_WS is not set: use ./scripts/test-polkadot-js.sh');
  const provider = new WsProvider(url, 1_000, {}, 60_000);
  return ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true });
}

const keyring = new Keyring({ type: 'sr25519' });
// Different at every run, so that the suite can be run again on a chain that goes on.
const RUN = randomAsHex(8);

/** A development account. */
export const dev = (name) => keyring.addFromUri(`//${name}`);

/** An account of this run, with `amount` from Alice. */
export async function rich(api, name, amount = 2_000n * UNIT) {
  const account = keyring.addFromUri(`//${RUN}/${name}`);
  await send(api.tx.balances.transferKeepAlive(account.address, amount), dev('Alice'));
  return account;
}

/** Events of an extrinsic and, if it failed, its error: `{ events, error }` with the error's name and docs. */
export function submit(tx, signer) {
  return new Promise((resolve, reject) => {
    let end;
    tx.signAndSend(signer, { nonce: -1 }, (result) => {
      if (result.isError) reject(new Error(`${tx.method.section}.${tx.method.method}: ${result.status.type}`));
      if (!result.status.isInBlock && !result.status.isFinalized) return;
      end?.();
      resolve({ events: result.events.map(({ event }) => event), error: explain(tx.registry, result.dispatchError) });
    }).then((unsubscribe) => { end = unsubscribe; }, reject);
  });
}

function explain(registry, error) {
  if (!error) return null;
  if (!error.isModule) return { name: error.type, docs: '' };
  const { section, name, docs } = registry.findMetaError(error.asModule);
  return { name: `${section}.${name}`, docs: docs.join(' ').trim() };
}

/** Sends what must succeed; its events by `section.method`. */
export async function send(tx, signer) {
  const { events, error } = await submit(tx, signer);
  if (error) throw new Error(`${tx.method.section}.${tx.method.method}: ${error.name}: ${error.docs}`);
  return new Map(events.map((event) => [`${event.section}.${event.method}`, event.data]));
}

/** Sends as Root, by the sudo key of the development presets; null or the error. */
export async function sudo(api, call) {
  const events = await send(api.tx.sudo.sudo(call), dev('Alice'));
  const [result] = events.get('sudo.Sudid');
  return result.isErr ? explain(api.registry, result.asErr) : null;
}

/** Calls a view function by its names in the runtime's metadata; the decoded answer. */
export async function view(api, pallet, name, ...args) {
  const { registry } = api;
  const pallets = api.runtimeMetadata.asLatest.pallets;
  const found = pallets
    .find((entry) => entry.name.toString() === pallet)
    ?.viewFunctions.find((entry) => entry.name.toString() === name);
  if (!found) throw new Error(`no view function ${pallet}.${name} in the metadata`);
  const encoded = found.inputs.map(({ type }, index) =>
    registry.createType(registry.createLookupType(type), args[index]).toU8a());
  const id = found.id.toU8a(true);
  const query = { prefix: id.slice(0, 16), suffix: id.slice(16) };
  const answer = await api.call.runtimeViewFunction.executeViewFunction(query, u8aToHex(u8aConcat(...encoded)));
  if (answer.isErr) throw new Error(`${pallet}.${name}: ${answer.asErr}`);
  return registry.createType(registry.createLookupType(found.output), answer.asOk.toU8a(true));
}
