/** Elements from data; whatever is shown goes in as text. */

/** Make an element: `on…` are listeners, properties that the element has are set, all else are attributes. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith('aria') && name !== 'list' && name !== 'role') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Show a view and stand on an element of it; a view that is not shown yet is when the address has changed. */
export function go(view, id) {
  const stand = () => byId(id).focus();
  if (!byId(view).hidden) return stand();
  addEventListener('hashchange', stand, { once: true });
  location.hash = `#/${view}`;
}

/** Replace what an element holds; who stood on a button stands on the new one that is named like it. */
export function fill(element, ...children) {
  const stood = element.contains(document.activeElement) ? nameOf(document.activeElement) : undefined;
  element.replaceChildren(...children.flat().filter(Boolean));
  if (stood) [...element.querySelectorAll('button')].find((button) => nameOf(button) === stood)?.focus({ preventScroll: true });
}

const nameOf = (element) => element.getAttribute('aria-label') ?? element.textContent;

/** Say something to those who do not see the page. */
export function announce(text) {
  byId('announcer').textContent = text;
}

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** Write a length of time in words that are as exact as its size deserves. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = parts.findIndex(([size]) => whole >= size);
  if (at < 0) return '0 s';
  const [size, unit] = parts[at], next = parts[at + 1];
  const rest = next ? Math.floor((whole % size) / next[0]) : 0;
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ''}`;
}

/** An empty place that says how it gets filled. */
export const empty = (title, ...said) => h('div', { className: 'empty' }, h('p', { className: 'title' }, title), ...said);

/** Copy a text and say so on the button that was pressed. */
export async function copy(text, pressed) {
  await navigator.clipboard.writeText(text);
  announce('Copied');
  if (!pressed || pressed.dataset.label) return;
  pressed.dataset.label = pressed.textContent;
  pressed.textContent = 'Copied';
  setTimeout(() => {
    pressed.textContent = pressed.dataset.label;
    delete pressed.dataset.label;
  }, 1200);
}

/** A list of terms with what they mean. */
export const facts = (pairs) =>
  h('dl', { className: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
