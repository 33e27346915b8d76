/** The sandbox's time: asked once after every change, reckoned in between. */

import { control, send } from './api.js';
import { byId, duration } from './dom.js';

const NEAR = 5; // seconds by which a clock that nobody moved may differ: that header has whole ones, and the call takes time

let base = Date.now(), asked = performance.now(), ahead = 0;
export let frozen = false;
const listeners = new Set();

export async function load() {
  const answer = await send(control('GET', '/clock'));
  if (!answer.ok) return;
  const { now: moment, frozen: stopped } = await answer.json();
  base = Date.parse(moment);
  asked = performance.now();
  frozen = stopped;
  const difference = (base - (Date.parse(answer.headers.get('Date')) || Date.now())) / 1000;
  ahead = Math.abs(difference) < NEAR ? 0 : difference;
  tick();
}

/** The present moment in milliseconds. */
export const now = () => (frozen ? base : base + performance.now() - asked);

/** Be told every second. */
export const eachSecond = (listener) => listeners.add(listener);

function tick() {
  const shown = new Date(now()).toISOString().replace('T', ' ').slice(0, 19);
  byId('time').textContent = shown.slice(11);
  const moved = ahead && `${duration(Math.abs(ahead))} ${ahead > 0 ? 'ahead' : 'behind'}`;
  const state = byId('clock-state');
  state.hidden = !frozen && !moved;
  state.textContent = frozen ? 'stopped' : moved || '';
  byId('clock').title = `The sandbox's time: ${shown} UTC${frozen ? ', stopped' : ''}${moved ? `, ${moved} of the real time` : ''}`;
  for (const listener of listeners) listener();
}

setInterval(tick, 1000);
