/** The view of the journal: filters, the list, and the request that is open. */

import { base, control, read } from './api.js';
import { action } from './actions.js';
import { target } from './again.js';
import * as contract from './contract.js';
import { byId, empty, fill, h, plural } from './dom.js';
import { show } from './detail.js';
import { ANYTHING, Journal, MOST, UNMATCHED } from './journal.js';
import { Rows } from './rows.js';

const journal = new Journal();
const waiting = [];
const reading = new Set(); // for each list that is being read: what comes meanwhile, which it may lack
let rows, open = null, asked = false, override = () => {};

const classOf = (entry) => `status s${entry.status ? String(entry.status)[0] : '0'}`;

function draw(entry) {
  const marks = [entry.violations.length && plural(entry.violations.length, 'violation'), entry.changes.length && 'changed',
    entry.override && !entry.fault && `by a ${entry.override.by}`];
  const said = marks.filter(Boolean).join(', ') || entry.fault || (entry.operation ? '' : 'no operation');
  return h('div', { className: 'row' },
    h('span', { className: 'at' }, entry.at.slice(11, 19), h('span', { className: 'fraction' }, entry.at.slice(19, 23).replace('Z', ''))),
    h('span', { className: classOf(entry) }, entry.status || '—'),
    h('span', { className: 'method' }, entry.method),
    h('span', { className: 'target', title: target(entry) }, target(entry)),
    h('span', { className: 'user' }, entry.user ?? ''),
    h('span', { className: `said ${entry.violations.length || entry.fault ? 'bad' : ''}`, title: said }, said),
    h('span', { className: 'took' }, `${entry.duration.toFixed(1)} ms`));
}

const teach = () => (journal.all.length
  ? empty('Nothing matches', h('p', {}, 'No request fits these filters. ',
    h('button', { type: 'button', onclick: () => choose(ANYTHING) }, 'Show all')))
  : empty('Nothing was asked yet', h('p', {}, 'Point your app at ', h('code', {}, base()), ' or try a line:'),
    h('pre', { tabIndex: 0, 'aria-label': 'A line to try' },
      `curl -H 'Authorization: Bearer ada-session' '${base()}/v1/user/profile?fields=displayName'`),
    h('p', { className: 'muted' }, 'Every request to the API appears here the moment it is answered.')));

function count() {
  const { all, shown } = journal;
  byId('count').textContent = shown.length === all.length ? plural(all.length, 'request')
    : `${shown.length.toLocaleString('en')} of ${plural(all.length, 'request')}`;
  byId('rows').hidden = shown.length === 0;
  const lesson = byId('lesson'), state = `${shown.length === 0}${all.length === 0}${base()}`;
  if (lesson.dataset.state !== state) {
    lesson.dataset.state = state;
    fill(lesson, ...(shown.length ? [] : [teach()]));
  }
}

/** Choose a filter and show it in the form. */
function choose(filter) {
  journal.choose(filter);
  const { text, operation, status, violations, changes } = journal.filter;
  byId('search').value = text;
  byId('operation').value = operation;
  byId('status').value = status;
  byId('violations').checked = violations;
  byId('changes').checked = changes;
  byId('rows').scrollTop = 0;
  count();
  rows.rebuild();
}

function statuses() {
  const select = byId('status'), known = new Set([...select.options].map((option) => option.value));
  const fresh = new Set(journal.all.slice(-2000).map((entry) => String(entry.status)).filter((status) => !known.has(status)));
  for (const status of [...fresh].sort()) select.append(h('option', { value: status }, status === '0' ? 'broken connection' : status));
}

/** Take in what has come, once a frame (or a second, where nobody looks). */
function flush() {
  if (asked) return;
  asked = true;
  const work = () => {
    asked = false;
    const added = journal.add(waiting.splice(0));
    statuses();
    count();
    rows.grown(added);
  };
  if (document.hidden) setTimeout(work, 1000);
  else requestAnimationFrame(work);
}

export function heard(entries) {
  waiting.push(...entries);
  for (const meanwhile of reading) meanwhile.push(...entries);
  if (waiting.length > MOST) waiting.splice(0, waiting.length - MOST);
  flush();
}

/** The sandbox is no more, and its journal with it. */
export function drop() {
  journal.replace([]);
  if (open) close();
  count();
  rows.rebuild();
}

export async function load() {
  const meanwhile = [];
  reading.add(meanwhile);
  const { requests } = await read(`/requests?limit=${MOST}`).finally(() => reading.delete(meanwhile));
  journal.replace(requests.reverse());
  journal.add(meanwhile);
  statuses();
  count();
  rows.rebuild();
  if (open && journal.rowOf(open.id) < 0) close();
}

async function openEntry(entry, focus = false) {
  open = entry;
  rows.select(entry.id);
  document.body.classList.add('opened');
  await show(byId('detail'), entry, { wanted: () => open === entry, override, close });
  if (focus && open === entry && matchMedia('(max-width: 1100px)').matches) byId('detail').focus();
}

export function close() {
  const was = open;
  open = null;
  rows.selected = null;
  rows.refresh();
  document.body.classList.remove('opened');
  fill(byId('detail'), pick());
  byId('detail').ariaBusy = 'false';
  if (was) byId('rows').focus({ preventScroll: true });
}

const pick = () => empty('Choose a request', h('p', {}, 'See what was sent and answered, what it changed, and why it was refused, '
  + 'beside the contract. ', h('kbd', {}, 'j'), ' and ', h('kbd', {}, 'k'), ' move through the list.'));

const press = (id) => () => byId(id)?.click();
const toggle = (name) => () => choose({ [name]: !journal.filter[name] });

export const keys = [
  ['/', 'Search', () => byId('search').focus()],
  ['j', 'Next request', () => rows.move(1)],
  ['k', 'Request before', () => rows.move(-1)],
  ['v', 'Only violations', toggle('violations')],
  ['w', 'Only what changed the world', toggle('changes')],
  ['c', 'Copy the open request as curl', press('copy-request')],
  ['r', 'Replay the open request', () => document.querySelector('#detail [aria-keyshortcuts="r"]')?.click()],
  ['o', 'Answer such a request otherwise', () => open?.operation && override(open)],
  ['x', 'Empty the journal', () => document.querySelector('#filters [aria-keyshortcuts="x"]').click()],
  ['Escape', 'Close the open request', () => open && close()],
];

export function start(setRule) {
  override = setRule;
  rows = new Rows(byId('rows'), journal, draw, openEntry);
  byId('search').addEventListener('input', (event) => choose({ text: event.target.value }));
  byId('operation').addEventListener('change', (event) => choose({ operation: event.target.value }));
  byId('status').addEventListener('change', (event) => choose({ status: event.target.value }));
  byId('violations').addEventListener('change', (event) => choose({ violations: event.target.checked }));
  byId('changes').addEventListener('change', (event) => choose({ changes: event.target.checked }));
  byId('filters').append(action('Empty', () => control('DELETE', '/requests'), { key: 'x', name: 'Empty the journal' }));
  byId('filters').addEventListener('submit', (event) => event.preventDefault());
  byId('detail').addEventListener('click', (event) => {
    if (byId('detail').ariaBusy === 'true' && event.target.closest('.buttons')) event.stopPropagation();
  }, { capture: true });
  fill(byId('detail'), pick());
  count();
}

/** Offer the operations of the contract. */
export function known() {
  const names = [...contract.operations().map(({ id }) => id), 'refreshSession', UNMATCHED];
  fill(byId('operation'), h('option', { value: '' }, 'any operation'), ...names.map((name) => h('option', { value: name }, name)));
}
