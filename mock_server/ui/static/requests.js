/** The view of the journal: filters, the list, and the request that is open. */

import { base, control, currentSandbox, part, read } from './api.js';
import { action } from './actions.js';
import { target } from './again.js';
import * as contract from './contract.js';
import { byId, empty, fill, h, plural } from './dom.js';
import { show } from './detail.js';
import { Everywhere } from './everywhere.js';
import { ANYTHING, Journal, MOST, UNMATCHED } from './journal.js';
import { Rows } from './rows.js';

const journal = new Journal();
const waiting = [];
const reading = new Set(); // for each list that is being read: what comes meanwhile, which it may lack
const everywhere = new Everywhere((entries) => heard(entries));
const SEARCHED = 1000; // requests that a search in bodies finds at most, in each sandbox
const SANDBOXES = 20; // of which bodies are searched
let rows, open = null, asked = false, searching, override = () => {};

/** Give entries the key by which they are known here: ids are those of a sandbox. */
const keyed = (entries) => {
  for (const entry of entries) entry.key = entry.sandbox === currentSandbox() ? String(entry.id) : `${entry.sandbox}/${entry.id}`;
  return entries;
};

const classOf = (entry) => `status s${entry.status ? String(entry.status)[0] : '0'}`;

function draw(entry) {
  const marks = [entry.violations.length && plural(entry.violations.length, 'violation'), entry.changes.length && 'changed',
    entry.override && !entry.fault && `by a ${entry.override.by}`];
  const said = marks.filter(Boolean).join(', ') || entry.fault || (entry.operation ? '' : 'no operation');
  return h('div', { className: 'row' },
    h('span', { className: 'at', title: `${entry.at.replace('T', ' ')}, by the sandbox's clock` }, entry.at.slice(11, 19), h('span', { className: 'fraction' }, entry.at.slice(19, 23).replace('Z', ''))),
    h('span', { className: classOf(entry) }, entry.status || '—'),
    h('span', { className: 'method' }, entry.method),
    h('span', { className: 'target', title: target(entry) },
      byId('everywhere').checked && h('span', { className: 'chip box' }, entry.sandbox), target(entry)),
    h('span', { className: 'user', title: entry.user ? `Session of ${entry.user}` : 'No session that is known' }, entry.user ?? '—'),
    h('span', { className: `said ${entry.violations.length || entry.fault ? 'bad' : ''}`, title: said }, said),
    h('span', { className: 'took', title: 'How long the client waited' }, waited(entry.duration)));
}

const waited = (ms) => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`);

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
  if ('text' in filter) searchBodies(filter.text);
  journal.choose('text' in filter ? { ...filter, found: new Set() } : filter);
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

/** Ask which bodies have a text: the list has none. What was found is shown once it is known. */
function searchBodies(text) {
  clearTimeout(searching);
  if (!text.trim()) return;
  searching = setTimeout(async () => {
    const names = byId('everywhere').checked ? [...new Set(journal.all.map(({ sandbox }) => sandbox))].slice(-SANDBOXES) : [currentSandbox()];
    const query = `/requests?text=${part(text.trim())}&limit=${SEARCHED}`;
    const answers = await Promise.all(names.map((name) => read(query, name))).catch(() => []);
    if (journal.filter.text !== text) return;
    const found = new Set(answers.flatMap(({ requests }) => keyed(requests)).map(({ key }) => key));
    if (found.size === journal.filter.found.size && [...found].every((key) => journal.filter.found.has(key))) return;
    journal.choose({ found });
    count();
    rows.rebuild();
  }, 250);
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
    if (journal.filter.text) searchBodies(journal.filter.text);
    statuses();
    count();
    rows.grown(added);
  };
  if (document.hidden) setTimeout(work, 1000);
  else requestAnimationFrame(work);
}

export function heard(entries) {
  keyed(entries);
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

/** Look at all sandboxes, or at the chosen one alone. */
async function look(atAll) {
  everywhere.stop();
  await load();
  if (atAll) everywhere.start();
}

export async function load() {
  const meanwhile = [];
  reading.add(meanwhile);
  const { requests } = await read(`/requests?limit=${MOST}`).finally(() => reading.delete(meanwhile));
  journal.replace(keyed(requests).reverse());
  journal.add(meanwhile);
  statuses();
  count();
  rows.rebuild();
  if (open && open.sandbox === currentSandbox() && !journal.find(open.key)) close();
  await follow();
}

const ADDRESS = /^#\/requests(?:\/(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)\/)?([1-9][0-9]{0,15}))?$/;

/** Let the address of the page say which request is open; `isStep`: one that the back button undoes. */
function tell(key, isStep) {
  const hash = key ? `#/requests/${key}` : '#/requests';
  if (!ADDRESS.test(location.hash || '#/requests') || location.hash === hash || (!location.hash && !key)) return;
  history[isStep ? 'pushState' : 'replaceState'](null, '', hash);
}

/** Open the request that the address of the page names, or none; who comes `back` from another view finds the one that was open. */
export async function follow(back = false) {
  const [, name = currentSandbox(), id] = ADDRESS.exec(location.hash) ?? [];
  if (!id) return open && (back ? tell(open.key, false) : shut());
  const key = name === currentSandbox() ? id : `${name}/${id}`;
  if (open?.key === key) return undefined;
  const entry = journal.find(key) ?? await read(`/requests/by-id/${id}`, name).then((found) => keyed([found])[0], () => null);
  if (entry) return openEntry(entry, { isStep: false });
  if (ADDRESS.exec(location.hash)?.[2] === id) fill(byId('detail'), empty(`Request ${id} is not here`, h('p', {}, 'It is no longer kept, or was never made.')));
  return undefined;
}

async function openEntry(entry, { focus = false, isStep = true } = {}) {
  open = entry;
  tell(entry.key, isStep);
  rows.select(entry.key);
  document.body.classList.add('opened');
  await show(byId('detail'), entry, { wanted: () => open === entry, override, close });
  if (focus && open === entry && matchMedia('(max-width: 1100px)').matches) byId('detail').focus();
}

export function close() {
  tell('', false);
  shut();
}

function shut() {
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

const whose = () => (document.body.dataset.upstream ? 'this proxy' : `the sandbox ${currentSandbox()}`);
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
  rows = new Rows(byId('rows'), journal, draw, (entry, isClicked) => openEntry(entry, { focus: isClicked, isStep: isClicked === true || !open }));
  byId('everywhere').addEventListener('change', (event) => look(event.target.checked).catch(() => {}));
  byId('search').addEventListener('input', (event) => choose({ text: event.target.value }));
  byId('operation').addEventListener('change', (event) => choose({ operation: event.target.value }));
  byId('status').addEventListener('change', (event) => choose({ status: event.target.value }));
  byId('violations').addEventListener('change', (event) => choose({ violations: event.target.checked }));
  byId('changes').addEventListener('change', (event) => choose({ changes: event.target.checked }));
  byId('filters').append(action('Empty', () => control('DELETE', '/requests'), {
    key: 'x', name: 'Empty the journal', hint: 'Forget all requests of this sandbox',
    before: () => journal.all.length > 0 && `Forget the requests of ${whose()}? Nothing brings them back.`,
  }));
  byId('filters').addEventListener('submit', (event) => event.preventDefault());
  byId('detail').addEventListener('click', (event) => {
    if (byId('detail').ariaBusy === 'true' && event.target.closest('.buttons')) event.stopPropagation();
  }, { capture: true });
  fill(byId('detail'), pick());
  count();
}

/** Offer the operations of the contract. */
export function known() {
  const names = [...contract.operations().map(({ id }) => id), UNMATCHED];
  fill(byId('operation'), h('option', { value: '' }, 'any operation'), ...names.map((name) => h('option', { value: name }, name)));
}
