/** One key for each action, `?` lists them; they can be switched off for those whom they disturb (WCAG 2.1.4). */

import { byId, fill, h } from './dom.js';

const KEPT = 'mock-keys';
const NAMES = { Escape: 'Esc' };
const isTyping = ({ target }) => target.closest?.('input:not([type="checkbox"]), select, textarea') !== null;

/** `groups` is a list of titles with keys: each a key, what it does, and a function. */
export function start(groups) {
  const table = new Map(groups.flatMap(([, keys]) => keys.map(([key, , does]) => [key, does])));
  const help = byId('help');
  fill(byId('help-keys'), ...groups.map(([title, keys]) => h('section', {}, h('h3', {}, title), h('dl', {},
    keys.map(([key, said]) => h('div', {}, h('dt', {}, h('kbd', {}, NAMES[key] ?? key)), h('dd', {}, said)))))));
  byId('keys-on').checked = localStorage.getItem(KEPT) !== 'off';
  byId('keys-on').addEventListener('change', ({ target }) => localStorage.setItem(KEPT, target.checked ? 'on' : 'off'));
  byId('keys').addEventListener('click', () => help.showModal());
  byId('help-close').addEventListener('click', () => help.close());
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (isTyping(event)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    if (!byId('keys-on').checked && event.key !== 'Escape') return;
    const does = event.key === '?' ? () => help.showModal() : table.get(event.key);
    if (!does) return;
    event.preventDefault();
    does();
  });
}
