/** A long list of which only the visible rows exist. */

import { h } from './dom.js';

const BESIDES = 8; // rows that are drawn above and below what is visible
const NARROW = matchMedia('(max-width: 720px)');

/** Rows of equal height in a listbox; `source` has `shown`, `at(row)` and `rowOf(key)`, `draw` makes a row's content. */
export class Rows {
  #drawn = new Map();
  #asked = false;
  selected = null;

  constructor(box, source, draw, chosen) {
    Object.assign(this, { box, source, draw, chosen });
    this.space = h('div', { className: 'space', role: 'presentation' });
    box.append(this.space);
    box.addEventListener('scroll', () => this.refresh(), { passive: true });
    box.addEventListener('keydown', (event) => this.#key(event));
    NARROW.addEventListener('change', () => this.rebuild());
    new ResizeObserver(() => this.refresh()).observe(box);
  }

  get height() {
    return NARROW.matches ? 56 : 34;
  }

  /** Draw what is visible, once in the next frame however often this is called. */
  refresh() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#paint();
    });
  }

  /** Draw everything anew. */
  rebuild() {
    this.space.replaceChildren();
    this.#drawn.clear();
    this.refresh();
  }

  /** Rows came in at the top: what somebody looks at stays where it is. */
  grown(rows) {
    if (this.box.scrollTop > 0) {
      this.space.style.height = `${this.source.shown.length * this.height}px`;
      this.box.scrollTop += rows * this.height;
    }
    this.refresh();
  }

  select(key) {
    this.selected = key;
    const row = this.source.rowOf(key);
    if (row >= 0) this.#reveal(row);
    this.refresh();
  }

  /** Select the row that is so many rows further. */
  move(by) {
    const now = this.source.rowOf(this.selected);
    const row = Math.max(0, Math.min(this.source.shown.length - 1, now < 0 && Number.isFinite(by) ? 0 : now + by));
    const entry = this.source.at(row);
    if (entry) this.chosen(entry);
  }

  #reveal(row) {
    const top = row * this.height, bottom = top + this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (bottom > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = bottom - this.box.clientHeight;
  }

  #paint() {
    const { height, source } = this, count = source.shown.length;
    this.space.style.height = `${count * height}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - BESIDES);
    const last = Math.min(count, Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + BESIDES);
    const visible = new Map();
    for (let row = first; row < last; row += 1) {
      const entry = source.at(row);
      const element = this.#drawn.get(entry.key) ?? this.#make(entry);
      element.style.transform = `translateY(${row * height}px)`;
      element.setAttribute('aria-posinset', row + 1);
      element.setAttribute('aria-setsize', count);
      element.setAttribute('aria-selected', entry.key === this.selected);
      visible.set(entry.key, element);
    }
    for (const [key, element] of this.#drawn) if (!visible.has(key)) element.remove();
    let place = this.space.firstChild; // in the order of the rows; what is there already is not moved, lest a click be lost
    for (const element of visible.values()) {
      if (element === place) place = place.nextSibling;
      else this.space.insertBefore(element, place);
    }
    this.#drawn = visible;
    const active = visible.get(this.selected);
    if (active) this.box.setAttribute('aria-activedescendant', active.id);
    else this.box.removeAttribute('aria-activedescendant');
  }

  #make(entry) {
    const element = this.draw(entry);
    element.id = `row-${entry.key}`;
    element.setAttribute('role', 'option');
    const choose = () => entry.key !== this.selected && this.chosen(entry, true);
    element.addEventListener('mousedown', choose); // in a list that moves, the button comes up over another row
    element.addEventListener('click', choose);
    return element;
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, End: Infinity, Home: -Infinity };
    if (event.key in steps) {
      event.preventDefault();
      this.move(steps[event.key]);
    }
  }
}
