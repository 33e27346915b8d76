/** The sandbox's time: asked once after every change, reckoned in between. */

import { read } from './api.js';
import { byId } from './dom.js';

let base = Date.now(), asked = performance.now();
export let frozen = false;
const listeners = new Set();

export async function load() {
  set(await read('/clock'));
}

export function set(answer) {
  base = Date.parse(answer.now);
  asked = performance.now();
  frozen = answer.frozen;
  tick();
}

/** The present moment in milliseconds. */
export const now = () => (frozen ? base : base + performance.now() - asked);

/** Be told every second. */
export const eachSecond = (listener) => listeners.add(listener);

function tick() {
  const shown = new Date(now()).toISOString().replace('T', ' ').slice(0, 19);
  byId('time').textContent = shown.slice(11);
  byId('clock').title = `The sandbox's time: ${shown} UTC${frozen ? ', stopped' : ''}`;
  byId('clock').classList.toggle('frozen', frozen);
  for (const listener of listeners) listener();
}

setInterval(tick, 1000);
