/** Buttons that make one call each, and the bar below that shows the call as a curl line. */

import { Refused, curl, perform } from './api.js';
import { announce, byId, copy, h } from './dom.js';

const READABLE = 1500; // milliseconds for which what came of a call stands, whatever the pointer meets
let shown = '', until = 0;

/** Show a call in the bar; `outcome` is a text, and `good` whether it is a happy one. */
export function show(call, outcome = '', good = true) {
  shown = curl(call);
  until = outcome ? performance.now() + READABLE : 0;
  byId('call').hidden = false;
  byId('call-line').textContent = shown;
  const said = byId('call-outcome');
  said.textContent = outcome;
  said.className = `outcome ${outcome ? (good ? 'good' : 'bad') : ''}`;
}

/** Make a call, say what came of it, and answer whether it went well, with what was answered. */
export async function run(call, done) {
  show(call, '…');
  try {
    const body = await perform(call);
    show(call, 'Done');
    announce('Done');
    await done?.(body);
    return true;
  } catch (problem) {
    const words = problem instanceof Refused ? problem.words : 'No answer came.';
    show(call, words, false);
    announce(words);
    return false;
  }
}

/** Ask before something is done that nothing brings back; answer whether it is to be done. */
export function sure(question, verb) {
  const dialog = byId('sure');
  byId('sure-question').textContent = question;
  byId('sure-yes').textContent = verb;
  dialog.returnValue = '';
  dialog.showModal();
  byId('sure-no').focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

const tip = (hint, key) => [hint, key && `Key: ${key.replace('Shift+', '')}`].filter(Boolean).join('\n') || undefined;

/**
 * A button for a call: `describe` answers it, or nothing where something is missing; the form around it must be right. `hint` says what
 * it does, `before` answers a question to ask first, or nothing.
 */
export function action(label, describe, { done, kind = '', key, name, hint, before } = {}) {
  const preview = () => {
    const call = performance.now() > until && describe();
    if (call) show(call);
  };
  return h('button', {
    type: kind === 'primary' ? 'submit' : 'button', // so that Enter in a field does what the form is for
    className: kind,
    title: tip(hint, key),
    'aria-label': name,
    'aria-keyshortcuts': key,
    onpointerenter: preview,
    onfocus: preview,
    onclick: async ({ currentTarget }) => {
      if (currentTarget.form?.reportValidity() === false) return;
      const question = before?.();
      if (question && !await sure(question, label)) return;
      const call = describe();
      if (call) await run(call, done);
    },
  }, label, key && h('kbd', { ariaHidden: 'true' }, key.replace('Shift+', '')));
}

export function startBar() {
  byId('call-copy').addEventListener('click', (event) => copy(shown, event.currentTarget));
}
