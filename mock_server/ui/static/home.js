/** The greeting: where the mock is, sample sessions to copy, and one line to try. */

import { base, curl, keepSandbox, read } from './api.js';
import { byId, copy, fill, h } from './dom.js';

const MOST = 10;

function tryWith(token) {
  const path = '/v1/user/profile?fields=displayName&fields=handle';
  byId('try').textContent = curl({ method: 'GET', path, headers: { Authorization: `Bearer ${token}` } });
}

const state = ({ expiresAt, refreshExpiresAt }) => {
  const over = (moment) => moment !== null && Date.parse(moment) <= Date.now();
  return over(refreshExpiresAt) ? 'refresh token expired' : over(expiresAt) ? 'expired' : '';
};

const shown = (session) => h('li', {},
  h('code', {}, session.token), h('span', {}, session.username), state(session) && h('span', { className: 'chip warn' }, state(session)),
  h('button', { type: 'button', 'aria-label': `Copy ${session.token}`, onclick: (event) => copy(session.token, event.currentTarget) }, 'Copy'));

byId('origin').textContent = base();
byId('try-copy').addEventListener('click', (event) => copy(byId('try').textContent, event.currentTarget));
keepSandbox(document.querySelectorAll('.places a'));
tryWith('TOKEN');
try {
  const { sessions } = await read('/sessions');
  sessions.sort((one, other) => Boolean(state(one)) - Boolean(state(other)));
  fill(byId('sessions'), ...sessions.slice(0, MOST).map(shown),
    sessions.length === 0 && h('li', { className: 'muted' }, 'Nobody is signed in: the window can sign somebody in.'),
    sessions.length > MOST && h('li', { className: 'muted' }, `… and ${sessions.length - MOST} more in the window.`));
  if (sessions.length) tryWith(sessions[0].token);
} catch (problem) {
  const locked = problem.status === 403;
  fill(byId('sessions'), h('li', { className: 'muted' }, locked ? 'This mock is protected: the window asks for its control token.'
    : 'The mock does not answer.'));
}
