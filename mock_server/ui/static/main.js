/** Puts the window together: views, the live stream, and what is read again when something changed. */

import { currentSandbox, hasToken, keepSandbox, read, useSandbox, useToken } from './api.js';
import { startBar } from './actions.js';
import * as clock from './clock.js';
import * as contract from './contract.js';
import { announce, byId } from './dom.js';
import * as keys from './keys.js';
import { Live } from './live.js';
import * as requests from './requests.js';
import * as rules from './rules.js';
import * as state from './state.js';
import * as theme from './theme.js';
import * as world from './world.js';

const VIEWS = { requests, world, rules, state };
const PAUSE = 300; // milliseconds between two readings of the same view, at least
const stale = new Set();
let timer, counting, seen, reading = false, dropped = false;

const offered = () => (document.body.dataset.upstream ? { requests } : VIEWS);
const view = () => {
  const [name] = location.hash.slice(2).split('/');
  return Object.hasOwn(offered(), name) ? name : 'requests';
};

function showView() {
  for (const name of Object.keys(VIEWS)) {
    byId(name).hidden = name !== view();
    const link = document.querySelector(`nav a[href="#/${name}"]`);
    if (name === view()) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (document.body.dataset.upstream) document.title = `Requests to ${document.body.dataset.upstream}`;
  else document.title = `${view()[0].toUpperCase()}${view().slice(1)} · User Profile API mock`;
  if (view() === 'requests') requests.follow(seen !== undefined && seen !== 'requests');
  seen = view();
  readStale();
}

/** Go to a view at once: where keys follow each other quickly, the event of the first address comes after the second. */
function show(name) {
  location.hash = `#/${name}`;
  showView();
}

/** Note that these views no longer show the truth; the visible one is read again soon. */
function touch(...names) {
  for (const name of names) stale.add(name);
  if (!dropped) timer ??= setTimeout(readStale, PAUSE);
}

async function readStale() {
  clearTimeout(timer);
  timer = undefined;
  if (reading || dropped || !stale.has(view())) return;
  reading = true;
  stale.delete(view());
  await VIEWS[view()].load().catch(() => stale.add(view()));
  reading = false;
  if (stale.has(view())) timer ??= setTimeout(readStale, PAUSE);
}

function heard(events) {
  const entries = events.filter(({ type }) => type === 'request').map(({ data }) => data);
  if (entries.length) {
    dropped = false;
    requests.heard(entries);
    if (world.matters() || entries.some(({ changes }) => changes.length)) touch('world');
    if (rules.matters()) count();
  }
  for (const { type, data } of events) if (type === 'changed') changed(data);
}

function changed({ operation, sandbox }) {
  if (document.body.dataset.upstream) return changedInProxy(operation);
  if (['forkSandbox', 'dropSandbox'].includes(operation)) state.loadSandboxes().catch(() => {});
  if (sandbox !== null && sandbox !== currentSandbox()) return;
  dropped = operation === 'dropSandbox' && sandbox !== 'default'; // to ask for it would make it anew
  if (dropped) requests.drop();
  touch('world', 'state');
  if (!dropped) count();
  if (['reset', 'clearRequests', 'dropSandbox', 'reload'].includes(operation)) touch('requests');
  if (!dropped && ['setClock', 'reset', 'dropSandbox', 'forkSandbox', 'reload'].includes(operation)) clock.load().catch(() => {});
  if (operation === 'reload') learn().catch(() => {});
}

/** A proxy has requests and the contract, and nothing else that could be asked for. */
function changedInProxy(operation) {
  if (['clearRequests', 'reload'].includes(operation)) touch('requests');
  if (operation === 'reload') learn().catch(() => {});
}

/** Read the rules, seen or not: their number stands in every view. */
function count() {
  counting ??= setTimeout(() => {
    counting = undefined;
    rules.load().catch(() => {});
  }, PAUSE);
}

async function learn() {
  await contract.load();
  requests.known();
  rules.known();
}

/** Show only what a proxy has, which keeps no state of its own. */
function beside(upstream) {
  document.body.dataset.upstream = upstream;
  document.querySelector('h1 a').href = '#/requests';
  document.querySelector('h1 small').textContent = `proxy of ${upstream}`;
  showView();
}

async function opened() {
  dropped = false;
  const { upstream } = await read('/health');
  if (upstream) beside(upstream);
  await Promise.all([learn(), requests.load(), ...(upstream ? [] : [clock.load(), state.loadSandboxes(), rules.load()])]);
  for (const name of ['world', 'state']) stale.add(name);
  await readStale();
}

const SAID = { live: 'Live', gone: 'Not reachable', locked: 'Locked', wait: 'Connecting' };

function told(now) {
  if (document.body.dataset.live === now) return;
  document.body.dataset.live = now;
  byId('live').textContent = SAID[now];
  byId('gone').hidden = now !== 'gone';
  announce(now === 'gone' ? 'The mock does not answer.' : SAID[now]);
  if (now !== 'locked') return;
  byId('token-wrong').hidden = !hasToken();
  if (!byId('token-dialog').open) byId('token-dialog').showModal();
}

const live = new Live({ opened, heard, told });

const links = document.querySelectorAll('nav .out, h1 a');

async function use(name) {
  useSandbox(name);
  keepSandbox(links);
  requests.close();
  await live.restart();
}

byId('token-form').addEventListener('submit', () => {
  useToken(byId('token').value);
  byId('token').value = '';
  told('wait');
  live.restart();
});
byId('token-dialog').addEventListener('close', () => {
  if (document.body.dataset.live === 'locked') byId('token-dialog').showModal(); // there is nothing else to do here
});
byId('sandbox').addEventListener('change', ({ target }) => use(target.value));
byId('sandbox').addEventListener('pointerdown', () => state.loadSandboxes().catch(() => {}));
addEventListener('hashchange', showView);

startBar();
requests.start(rules.begin);
world.start();
rules.start();
state.start((name) => { use(name); });
keys.start([
  ['Anywhere', [
    ...Object.keys(VIEWS).map((name, at) => [String(at + 1), `Show ${name}`, () => show(name)]),
    ['5', 'Open the API reference', () => document.querySelector('nav .out').click()],
    ['b', 'Choose a sandbox', () => byId('sandbox').focus()],
    ['t', 'Light, dark, or as the system', theme.next],
    ['?', 'These keys', () => {}],
  ]],
  ['Requests', requests.keys],
  ['World', [...world.keys, ...state.keys]],
  ['Rules', rules.keys],
]);
keepSandbox(links);
showView();
live.restart();
