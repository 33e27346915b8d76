/** The world as people see it: users, the profile and the lists of one, and who is signed in for how long. */

import { control, part, read } from './api.js';
import { action } from './actions.js';
import * as clock from './clock.js';
import { byId, copy, duration, empty, facts, fill, go, h, plural } from './dom.js';

let chosen = null, users = [], sessions = [], loads = 0;

export async function load() {
  const mine = ++loads;
  [{ users }, { sessions }] = await Promise.all([read('/users'), read('/sessions')]);
  if (!users.some(({ username }) => username === chosen)) chosen = users[0]?.username ?? null;
  const user = chosen && await read(`/users/${part(chosen)}`);
  if (mine !== loads) return; // somebody has chosen another user meanwhile
  fill(byId('users'), ...(users.length ? users.map(line) : [nobody()]));
  fill(byId('user'), ...(user ? [profile(user), ...user.containers.map(inbox), referrals(user.referrals)] : []));
  fill(byId('sessions'), ...(sessions.length ? sessions.toSorted(byLife).map(session) : [h('li', {}, unsigned())]));
  const select = byId('sign-in-user'), kept = select.value;
  fill(select, ...users.map(({ username }) => h('option', { value: username }, username)));
  if (users.some(({ username }) => username === kept)) select.value = kept;
  tick();
}

const nobody = () => empty('Nobody is here', h('p', {}, 'This scenario has no users. Start from another one under ',
  h('a', { href: '#/state' }, 'State'), '.'));
const unsigned = () => empty('Nobody is signed in', h('p', {}, 'Sign somebody in below and use the token in ',
  h('code', {}, 'Authorization: Bearer …'), '.'));

const line = ({ username, displayName, notifications }) => h('button', {
  type: 'button', className: 'user', 'aria-pressed': String(username === chosen),
  onclick: () => { chosen = username; load(); },
}, h('span', { className: 'face', ariaHidden: 'true' }, initials(called(displayName, username))),
h('span', {}, h('strong', {}, called(displayName, username)), h('small', {}, `${username} · ${plural(notifications, 'notification')}`)));

const called = (displayName, username) => (displayName?.trim() ? displayName : username);
const initials = (name) => name.split(/\s+/).map((word) => [...word][0]).slice(0, 2).join('');
const never = () => h('em', { className: 'muted' }, 'never set');
const date = ({ year, month, day }) => [year, month, day].map((part) => String(part).padStart(2, '0')).join('-');

const profile = ({ profile: { username, displayName, handle, biography, dateOfBirth } }) => h('section', { className: 'card' },
  h('h3', {}, called(displayName, username)),
  facts([['username', username], ['displayName', displayName ?? never()], ['handle', handle ?? never()],
    ['biography', biography === '' ? h('em', { className: 'muted' }, 'empty') : biography ?? never()],
    ['dateOfBirth', dateOfBirth ? date(dateOfBirth) : never()]]));

const inbox = ({ id, items, total, unread }) => h('section', { className: 'card' },
  h('h3', {}, 'Notifications in ', h('code', {}, id), ' ', h('small', {}, `${total.toLocaleString('en')}, ${unread.toLocaleString('en')} unread`)),
  items.length ? h('ul', { className: 'notes' }, items.map(note)) : h('p', { className: 'muted' }, 'None.'),
  total > items.length && h('p', { className: 'muted' }, `The newest ${items.length} of ${total.toLocaleString('en')}.`));

const note = ({ title, body, read: isRead, createdAt, type }) => h('li', { className: isRead ? 'read' : 'unread' },
  h('span', { className: 'dot', title: isRead ? 'read' : 'unread' }, h('span', { className: 'unseen' }, isRead ? 'read' : 'unread')),
  h('div', {}, h('strong', {}, title), h('p', {}, body), h('small', {}, `${type} · ${createdAt.slice(0, 16).replace('T', ' ')}`)));

const referrals = ({ items, total }) => h('section', { className: 'card' },
  h('h3', {}, 'Referrals ', h('small', {}, total.toLocaleString('en'))),
  items.length ? h('ul', { className: 'plain' }, items.map(({ username, displayName, joinedAt }) => h('li', {},
    h('strong', {}, displayName ?? username), ' ', h('small', {}, `${username} · joined ${joinedAt.slice(0, 10)}`))))
    : h('p', { className: 'muted' }, 'Nobody was referred.'));

function session({ token, username, expiresAt, refreshExpiresAt, calls, refuseOnce }) {
  const change = (label, body, name, hint) =>
    action(label, () => control('PATCH', `/sessions/${part(token)}`, body), { name: `${name} ${token}`, hint });
  return h('li', { className: 'session' },
    h('div', {},
      h('strong', {}, username), ' ',
      h('span', { className: 'left', 'data-ends': expiresAt ?? '', 'data-refresh': refreshExpiresAt ?? '' }),
      calls !== null && h('span', { className: 'chip' }, `${plural(calls, 'call')} left`),
      refuseOnce && h('span', { className: 'chip bad' }, `next: ${refuseOnce}`)),
    h('code', { className: 'token' }, token),
    h('div', { className: 'buttons' },
      h('button', { type: 'button', 'aria-label': `Copy the token ${token}`, onclick: (event) => copy(token, event.currentTarget) }, 'Copy'),
      change('Expire', { expiresIn: 0 }, 'Expire', 'Its token is refused from now on; its refresh token is not'),
      change('10 min', { expiresIn: 600, refreshExpiresIn: 2592000, calls: null }, 'Ten minutes for', 'It lives ten minutes more, and its refresh token thirty days'),
      change('Refuse', { refuseOnce: 'SESSION_TOKEN_EXPIRED' }, 'Refuse the next call of', 'Its next call is a 401, and that one only'),
      action('Sign out', () => control('DELETE', `/sessions/${part(token)}`), { name: `Sign out ${token}`, kind: 'danger', hint: 'Forget the session and its refresh token' })));
}

/** Those that end come first, those that have ended last. */
const byLife = (one, other) => lifeOf(one) - lifeOf(other);
const lifeOf = ({ expiresAt }) => (expiresAt === null ? 1 : Date.parse(expiresAt) <= clock.now() ? 2 : 0);

/** Write the time that every session has left. */
function tick() {
  const now = clock.now();
  for (const element of document.querySelectorAll('.left')) {
    const ends = element.dataset.ends && (Date.parse(element.dataset.ends) - now) / 1000;
    const refresh = element.dataset.refresh && (Date.parse(element.dataset.refresh) - now) / 1000;
    const over = ends !== '' && ends <= 0, gone = refresh !== '' && refresh <= 0;
    element.textContent = gone ? 'refresh token expired' : over ? 'expired' : ends === '' ? 'never expires' : `${duration(ends)} left`;
    element.className = `left chip ${gone || over ? 'bad' : ends === '' ? '' : ends < 60 ? 'warn' : 'good'}`;
  }
}

/** Whether requests change what is shown here without changing the world: sessions that count their calls. */
export const matters = () => sessions.some(({ calls, refuseOnce }) => calls !== null || refuseOnce !== null);

export const keys = [['i', 'Sign somebody in', () => go('world', 'sign-in-user')]];

export function start() {
  clock.eachSecond(tick);
  const describe = () => {
    const lives = byId('sign-in-lives').value;
    const expiresIn = lives === '' ? null : Number(lives);
    return byId('sign-in-user').value && control('POST', '/sessions', { username: byId('sign-in-user').value, expiresIn });
  };
  byId('sign-in').append(action('Sign in', describe, { kind: 'primary' }));
  byId('sign-in').addEventListener('submit', (event) => event.preventDefault());
}
