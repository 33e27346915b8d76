/** JSON that can be folded, level by level. */

import { h } from './dom.js';

const SHORT = 60; // parts of a value that is shown whole
const OPEN = 2; // levels of a longer one that are open at first

const isNested = (value) => typeof value === 'object' && value !== null && Object.keys(value).length > 0;
const parts = (value) => (isNested(value) ? Object.values(value).reduce((sum, each) => sum + parts(each), 1) : 1);

/** Answer the elements for a value of JSON. */
export const json = (value) => lines(value, '', '', parts(value) <= SHORT ? Infinity : OPEN);

function lines(value, before, after, levels) {
  if (!isNested(value)) return h('div', { className: 'part' }, before, JSON.stringify(value), after);
  const [start, end] = Array.isArray(value) ? '[]' : '{}';
  const members = Array.isArray(value) ? value.map((each) => ['', each]) : Object.entries(value).map(([key, each]) => [`${JSON.stringify(key)}: `, each]);
  const inside = h('div', { className: 'members' }), rest = h('span', { className: 'folded' }, `${gist(value)} ${end}${after}`);
  const last = h('div', { className: 'part' }, end, after);
  let filled = false;
  const show = (open) => {
    if (open && !filled) {
      filled = true; // what nobody opens is never made
      inside.append(...members.map(([key, each], at) => lines(each, key, at < members.length - 1 ? ',' : '', levels - 1)));
    }
    inside.hidden = last.hidden = !open;
    rest.hidden = open;
    fold.setAttribute('aria-expanded', String(open));
  };
  const fold = h('button', {
    type: 'button', className: 'fold', 'aria-label': `Fold ${before.slice(0, -2) || 'the body'}`.replaceAll('"', ''),
    onclick: () => show(inside.hidden),
  });
  const made = h('div', {}, h('div', { className: 'part' }, fold, before, start, rest), inside, last);
  show(levels > 0);
  return made;
}

/** What a folded value holds, in a few words. */
function gist(value) {
  if (Array.isArray(value)) return ` ${value.length.toLocaleString('en')} items`;
  const [[key, first], ...more] = Object.entries(value);
  const shown = isNested(first) ? '…' : JSON.stringify(first);
  return ` ${JSON.stringify(key)}: ${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}${more.length ? ', …' : ''}`;
}
