/** The requests that are known, oldest first, and which of them are wanted. */

export const MOST = 10_000;

/** What is wanted; empty means anything. */
export const ANYTHING = Object.freeze({ text: '', operation: '', status: '', violations: false, changes: false, found: new Set() });
export const UNMATCHED = '(none)';

/** Answer a test for entries; `found` are the keys of those that have the text in a body. */
export function wanted({ text, operation, status, violations, changes, found }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (entry) => {
    if (operation && entry.operation !== (operation === UNMATCHED ? '' : operation)) return false;
    if (status && !hasStatus(entry, status)) return false;
    if (violations && !entry.violations.length) return false;
    if (changes && !entry.changes.length) return false;
    return words.length === 0 || found.has(entry.key) || words.every((word) => searchable(entry).includes(word));
  };
}

const hasStatus = (entry, status) =>
  status.endsWith('xx') ? Math.floor(entry.status / 100) === Number(status[0]) : entry.status === Number(status);

function searchable(entry) {
  entry.words ??= [entry.method, entry.path, entry.query, entry.operation, entry.status, entry.user ?? '', entry.fault,
    entry.nearest, entry.sandbox, entry.override?.name ?? '', ...entry.violations.flatMap(({ name, reason }) => [name, reason])].join(' ').toLowerCase();
  return entry.words;
}

export class Journal {
  all = [];
  shown = [];
  filter = ANYTHING;
  #known = new Set();
  #test = wanted(ANYTHING);

  /** Add entries, oldest first; answer how many of them are shown. */
  add(entries) {
    const fresh = entries.filter(({ key }) => !this.#known.has(key));
    for (const { key } of fresh) this.#known.add(key);
    this.all.push(...fresh);
    const before = this.shown.length;
    this.shown.push(...fresh.filter(this.#test));
    const added = this.shown.length - before;
    if (this.all.length > MOST) this.#trim();
    return added;
  }

  /** Begin anew with these entries, oldest first. */
  replace(entries) {
    this.all = [];
    this.shown = [];
    this.#known = new Set();
    this.add(entries);
  }

  choose(filter) {
    this.filter = { ...this.filter, ...filter };
    this.#test = wanted(this.filter);
    this.shown = this.all.filter(this.#test);
  }

  /** The entry in a row: the newest is in the first one. */
  at(row) {
    return this.shown[this.shown.length - 1 - row];
  }

  /** The entry of this key, shown or not. */
  find(key) {
    return this.#known.has(key) ? this.all.find((entry) => entry.key === key) : undefined;
  }

  rowOf(key) {
    const place = this.shown.findIndex((entry) => entry.key === key);
    return place < 0 ? -1 : this.shown.length - 1 - place;
  }

  #trim() {
    for (const entry of this.all.splice(0, this.all.length - MOST)) this.#known.delete(entry.key);
    const oldest = this.shown.findIndex((entry) => this.#known.has(entry.key));
    this.shown.splice(0, oldest < 0 ? this.shown.length : oldest);
  }
}
