/** The sandbox as a whole: start again, go back, copy it, and move its clock. */

import { control, currentSandbox, part, read } from './api.js';
import { action, run } from './actions.js';
import * as clock from './clock.js';
import { byId, empty, fill, go, h } from './dom.js';

let snapshots = [], use = () => {};
const value = (id) => byId(id).value.trim();

export async function load() {
  const [health, { scenarios }, listed] = await Promise.all([read('/health'), read('/scenarios'), read('/snapshots')]);
  ({ snapshots } = listed);
  byId('scenario-now').textContent = health.scenario;
  const kept = value('scenario');
  fill(byId('scenario'), ...scenarios.map((name) => h('option', { value: name }, name)));
  byId('scenario').value = scenarios.includes(kept) ? kept : health.scenario;
  fill(byId('snapshots'), ...(snapshots.length ? snapshots.map(shown) : [h('li', {}, empty('No snapshots',
    h('p', {}, 'Take one before an experiment, and come back to it with one click.')))]));
  byId('drop').hidden = currentSandbox() === 'default';
}

export async function loadSandboxes() {
  const { sandboxes } = await read('/sandboxes');
  const names = new Set([...sandboxes.map(({ name }) => name), currentSandbox()]);
  fill(byId('sandbox'), ...[...names].map((name) => h('option', { value: name, selected: name === currentSandbox() }, name)));
}

const shown = (name) => h('li', { className: 'snapshot' }, h('strong', {}, name), h('span', { className: 'buttons' },
  action('Restore', () => restore(name), { name: `Restore ${name}` }),
  action('Forget', () => control('DELETE', `/snapshots/${part(name)}`), { name: `Forget ${name}`, kind: 'danger' })));

const restore = (name) => control('POST', `/snapshots/${part(name)}/restore`);

/** The name in the field, or the next free one. */
function fresh(id, kind, taken) {
  if (value(id)) return value(id);
  let number = 1;
  while (taken.includes(`${kind}-${number}`)) number += 1;
  return `${kind}-${number}`;
}

const known = () => [...byId('sandbox').options].map((option) => option.value);
const fork = () => fresh('fork-name', 'copy', known());
const clear = (id) => () => { byId(id).value = ''; };
const moved = () => clock.load();
const setClock = (body) => control('PUT', '/clock', body);
const freeze = () => setClock({ action: clock.frozen ? 'reset' : 'freeze' });

async function exportState() {
  const state = await read('/state');
  const file = new Blob([JSON.stringify(state, null, 2)], { type: 'application/json' });
  const link = h('a', { href: URL.createObjectURL(file), download: `${currentSandbox()}.json` });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function importState(event) {
  const [file] = event.target.files;
  event.target.value = '';
  if (!file) return;
  try {
    await run(control('PUT', '/state', JSON.parse(await file.text())));
  } catch {
    byId('call-outcome').textContent = `${file.name} is not JSON`;
  }
}

export function start(chosen) {
  use = chosen;
  const put = (id, ...children) => byId(id).append(...children);
  put('reset-buttons',
    action('Start again', () => control('POST', '/reset'), { key: 'Shift+R' }),
    action('Start from this scenario', () => value('scenario') && control('POST', '/reset', { scenario: value('scenario') }), { kind: 'primary' }),
    action('Undo', () => control('POST', '/undo'), { key: 'u', name: 'Undo the last change' }));
  put('snapshot-buttons', action('Take a snapshot', () => control('PUT', `/snapshots/${part(fresh('snapshot-name', 'snapshot', snapshots))}`),
    { key: 's', kind: 'primary', done: clear('snapshot-name') }));
  let made = '';
  put('fork-buttons', action('Fork this sandbox', () => {
    made = fork();
    return control('PUT', `/sandboxes/${part(made)}`, { from: currentSandbox() });
  }, { key: 'y', kind: 'primary', done: () => { clear('fork-name')(); return use(made); } }));
  put('drop', action('Drop this sandbox', () => control('DELETE', `/sandboxes/${part(currentSandbox())}`),
    { kind: 'danger', key: 'Shift+D', done: () => use('default'), before: () => `Drop the sandbox ${currentSandbox()} with its journal?` }));
  put('clock-buttons',
    action('Stop or go', freeze, { key: 'f', done: moved }),
    action('+10 min', () => setClock({ action: 'advance', seconds: 600 }), { key: 'a', name: 'Ten minutes later', done: moved }),
    action('+1 day', () => setClock({ action: 'advance', seconds: 86400 }), { key: 'd', name: 'One day later', done: moved }),
    action('Real time', () => setClock({ action: 'reset' }), { key: 'z', done: moved }));
  put('clock-set-buttons', action('Set', () => value('clock-time') && setClock({ action: 'set', time: `${value('clock-time').slice(0, 16)}:00Z` }),
    { name: 'Set the clock', done: moved }));
  byId('export').addEventListener('click', exportState);
  byId('import').addEventListener('change', importState);
  for (const form of document.querySelectorAll('#state form')) form.addEventListener('submit', (event) => event.preventDefault());
}

const press = (key) => () => document.querySelector(`#state [aria-keyshortcuts="${key}"]`).click();

export const keys = [
  ['u', 'Undo the last change', press('u')],
  ['R', 'Start again', press('Shift+R')],
  ['e', 'Choose a scenario', () => go('state', 'scenario')],
  ['s', 'Take a snapshot', press('s')],
  ['l', 'Restore the newest snapshot', () => snapshots.length && run(restore(snapshots.at(-1)))],
  ['y', 'Fork this sandbox', press('y')],
  ['D', 'Drop this sandbox', () => currentSandbox() !== 'default' && press('Shift+D')()],
  ['p', 'Export the state', () => byId('export').click()],
  ['f', 'Stop the clock, or let it go', press('f')],
  ['a', 'Ten minutes later', press('a')],
  ['d', 'One day later', press('d')],
  ['z', 'Real time', press('z')],
  ['m', 'Set the clock', () => go('state', 'clock-time')],
];
