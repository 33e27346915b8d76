/** One request, opened: why it was refused, what it changed, what was sent and answered. */

import { curl, currentSandbox, read } from './api.js';
import { action } from './actions.js';
import { again, target } from './again.js';
import * as contract from './contract.js';
import { copy, facts, fill, h } from './dom.js';
import { json } from './folding.js';
import { lines } from './yaml.js';

/** Show an entry, where it is `wanted` still; `override` is called with it, `close` without anything. */
export async function show(place, entry, { wanted, override, close }) {
  place.ariaBusy = 'true'; // what stands there is still about the request before
  const whole = await read(`/requests/by-id/${entry.id}`, entry.sandbox).catch(() => entry);
  if (!wanted()) return;
  fill(place, head(whole, close), buttons(whole, override), why(whole), changes(whole),
    whole.asked ? h('div', { className: 'pair' }, sent('Request', whole.asked), sent('Answer', whole.answered))
      : h('p', { className: 'muted' }, document.body.dataset.upstream ? 'The proxy keeps neither headers nor bodies.'
        : 'Headers and bodies of this request are no longer kept.'));
  place.ariaBusy = 'false';
}

const head = (entry, close) => h('header', {},
  h('h2', {}, h('span', { className: 'method' }, entry.method), ' ', h('span', { className: 'target' }, target(entry))),
  h('button', { type: 'button', className: 'quiet close', 'aria-label': 'Close', 'aria-keyshortcuts': 'Escape', onclick: close }, '✕'),
  facts([
    ['Status', h('span', { className: `status s${String(entry.status)[0]}` }, entry.status || entry.fault)],
    ['Sandbox', entry.sandbox === currentSandbox() ? '' : entry.sandbox],
    ['Operation', entry.operation || 'none'], ['User', entry.user], ['Session', entry.session],
    ['Upstream', entry.upstream], ['Not judged', entry.unjudged],
    ['At', entry.at.replace('T', ' ').replace(/\.(\d{3})\d*Z/, '.$1')], ['Took', took(entry)],
  ]));

function buttons(entry, override) {
  const { call, obstacle } = entry.asked ? again(entry) : { call: null, obstacle: '' };
  return h('div', { className: 'buttons' },
    h('button', {
      type: 'button', disabled: !call, title: call ? 'Key: c' : obstacle, id: 'copy-request',
      onclick: (event) => copy(curl(call), event.currentTarget),
    }, 'Copy as curl', h('kbd', { ariaHidden: 'true' }, 'c')),
    call && !obstacle ? action('Replay', () => call, { key: 'r', hint: 'Send it again, as it was' }) : h('button', { type: 'button', disabled: true, title: obstacle }, 'Replay'),
    entry.operation && !document.body.dataset.upstream && entry.sandbox === currentSandbox()
      && h('button', { type: 'button', title: 'Set a rule for such requests\nKey: o', onclick: () => override(entry) },
      'Answer otherwise', h('kbd', { ariaHidden: 'true' }, 'o')),
    obstacle && h('p', { className: 'muted' }, obstacle));
}

/** How long the client waited, and how much of that was asked for. */
function took({ duration, override }) {
  const asked = (override?.delay ?? 0) + (override?.slowBody ?? 0);
  return `${duration.toFixed(2)} ms${asked ? `, ${asked.toLocaleString('en')} ms of them on purpose` : ''}`;
}

/** What a rule or a wish had done; nothing where none decided. */
function decided({ override }) {
  if (!override) return '';
  const { by, name, position, code, example, delay, slowBody, fault, undocumented } = override;
  const who = by === 'rule' ? `Rule ${name}, number ${position} of the list,` : `The request itself (${name})`;
  const done = [
    (code || example) && `asked for ${[code, example].filter(Boolean).join(' ')}${undocumented ? ' (not in the contract)' : ''}`, fault && `had the connection broken (${fault})`,
    delay && `had it wait ${delay.toLocaleString('en')} ms`, slowBody && `spread the body over ${slowBody.toLocaleString('en')} ms`,
  ];
  return `${who} ${done.filter(Boolean).join(' and ')}.`;
}

/** Why it was refused, each reason beside the part of the contract that it is about. */
function why(entry) {
  const body = parsed(entry.answered?.body);
  const isTrue = !entry.override?.code && !entry.override?.example && !entry.fault;
  const meant = isTrue && contract.meaning(entry.operation, entry.status, body?.code);
  const truth = entry.nearest || meant || (isTrue && entry.status >= 400 ? body?.message : '');
  const said = [decided(entry), truth && `${truth}.`.replace('..', '.')].filter(Boolean).join(' ');
  if (!said && !entry.violations.length) return null;
  const count = entry.violations.length;
  return h('section', { className: 'why' },
    h('h3', {}, count ? `Breaks the contract in ${count === 1 ? 'one place' : `${count} places`}` : 'Why'),
    !count && h('p', {}, said),
    count > 0 && entry.override && h('p', {}, decided(entry)),
    ...entry.violations.map((violation) => h('article', { className: 'violation' },
      h('p', {}, violation.side && h('span', { className: 'chip' }, `${violation.side}, ${violation.view}`), ' ',
        h('span', { className: 'where' }, violation.in), ' ', h('code', {}, violation.name || 'the whole'), ' ', violation.reason),
      violation.side !== 'answer' && excerpt(contract.broken(entry.operation, violation)))));
}

function excerpt(found) {
  if (!found) return h('p', { className: 'muted' }, 'The contract does not know this name; it is a wish to the mock.');
  const all = lines(found.value), hit = all.findIndex(({ key }) => key === found.keyword);
  return h('figure', {},
    h('figcaption', {}, found.place.join(' › ')),
    h('pre', { tabIndex: 0, 'aria-label': 'Part of the contract' },
      all.map(({ text }, at) => h(at === hit ? 'mark' : 'span', {}, `${text}\n`))),
    found.decided && h('p', { className: 'muted' }, 'Decided by this project: ', found.decided));
}

const changes = (entry) => entry.changes.length > 0 && h('section', {},
  h('h3', {}, 'Changed the world'),
  h('div', { className: 'scroller', tabIndex: 0, role: 'group', 'aria-label': 'Changes' }, h('table', {},
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'what'), h('th', { scope: 'col' }, 'before'), h('th', { scope: 'col' }, 'after'))),
    h('tbody', {}, entry.changes.map(({ path, before, after }) => h('tr', {},
      h('td', {}, h('code', {}, path.split(/(?=\/)/).flatMap((step) => [h('wbr'), step]))), h('td', { className: 'before' }, JSON.stringify(before)),
      h('td', { className: 'after' }, JSON.stringify(after))))))));

const sent = (title, { headers, body, length, whole }) => h('section', {},
  h('h3', {}, title),
  h('details', {}, h('summary', {}, `${headers.length} headers`), facts(headers.map(({ name, value }) => [name.toLowerCase(), value]))),
  body ? shown(title, body) : h('p', { className: 'muted' }, 'No body.'),
  !whole && h('p', { className: 'muted' }, `The first 64 KiB of ${length.toLocaleString('en')} bytes.`));

function shown(title, text) {
  const value = parsed(text), named = { tabIndex: 0, 'aria-label': `${title} body` };
  return value === undefined ? h('pre', named, text) : h('div', { ...named, className: 'json', role: 'group' }, json(value));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
