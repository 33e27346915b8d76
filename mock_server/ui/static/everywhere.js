/** The journals of all sandboxes: read again and again, since each has a stream of its own and browsers open only six. */

import { read } from './api.js';

const PAUSE = 2000; // milliseconds between two looks
const LATE = 2; // seconds by which a sandbox may have been used before the last look, and not be noticed by it
const SANDBOXES = 100;
const NEWEST = 500; // requests of each
const AT_ONCE = 4;

export class Everywhere {
  #run = 0;

  /** `heard` gets lists of entries, those that it has had among them. */
  constructor(heard) {
    this.heard = heard;
  }

  /** Look at all sandboxes from now on. */
  async start() {
    const run = ++this.#run;
    for (let last = -Infinity; run === this.#run;) {
      const begun = performance.now();
      await this.#look((begun - last) / 1000 + LATE, () => run === this.#run).then(() => { last = begun; }, () => {}); // again later
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  stop() {
    this.#run += 1;
  }

  /** Read what was asked in the sandboxes that were used in the last seconds, the latest used first. */
  async #look(seconds, isWanted) {
    const { sandboxes } = await read('/sandboxes');
    const used = sandboxes.filter(({ idle }) => idle < seconds).sort((one, other) => one.idle - other.idle).slice(0, SANDBOXES);
    for (let at = 0; at < used.length && isWanted(); at += AT_ONCE) {
      const answers = await Promise.all(used.slice(at, at + AT_ONCE).map(({ name }) => read(`/requests?limit=${NEWEST}`, name)));
      const entries = answers.flatMap(({ requests }) => requests).sort((one, other) => (one.at < other.at ? -1 : 1));
      if (isWanted() && entries.length) this.heard(entries);
    }
  }
}
