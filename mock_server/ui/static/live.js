/** Follows the journal: server-sent events by `fetch`, which unlike EventSource can send the control token. */

import { control, send } from './api.js';

const SILENCE = 40_000; // the mock says something every 15 seconds
const LONGEST_PAUSE = 3000;

/** Split a stream of text into events (HTML Standard, 9.2.6): `type` and parsed `data`. */
async function* events(response, alive) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    const found = blocks.map(parse).filter((event) => event.data !== undefined);
    if (found.length) yield found;
  }
}

function parse(block) {
  const event = { type: 'message', data: undefined };
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event.type = line.slice(7);
    if (line.startsWith('data: ')) event.data = JSON.parse(line.slice(6));
  }
  return event;
}

/** Follows one sandbox at a time, for ever: where the stream ends it begins again. */
export class Live {
  #ended = new AbortController();
  #run = 0;

  /** `opened` is awaited when the stream is there, `heard` gets lists of events, `told` the states live, gone and locked. */
  constructor({ opened, heard, told }) {
    Object.assign(this, { opened, heard, told });
  }

  /** Begin, or begin anew where sandbox or token are others now. */
  async restart() {
    const run = ++this.#run;
    this.#ended.abort();
    for (let pause = 250; run === this.#run; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      this.#ended = new AbortController();
      if (await this.#follow(this.#ended, run)) pause = 250;
      if (run !== this.#run) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Follow until the stream ends; answer whether it had begun. */
  async #follow(ended, run) {
    let timer, begun = false;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => ended.abort(), SILENCE);
    };
    try {
      alive();
      const response = await send(control('GET', '/requests/stream'), ended.signal);
      if (response.status === 403) {
        this.#run += 1;
        this.told('locked');
        return false;
      }
      if (!response.ok) throw new Error(String(response.status));
      await this.opened();
      begun = true;
      this.told('live');
      for await (const found of events(response, alive)) {
        if (run !== this.#run) return begun;
        this.heard(found);
      }
    } catch {
      // whatever it was, the stream is over
    } finally {
      clearTimeout(timer);
    }
    if (run === this.#run) this.told('gone');
    return begun;
  }
}
