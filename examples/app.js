/** The page: what is shown, and what the buttons do. Texts of the server are only ever set as text. */
import { Api, Trouble } from './api.js';

const FIELDS = ['displayName', 'handle', 'biography'];
const LIMIT = 5;
const $ = (id) => document.getElementById(id);
const given = new URLSearchParams(location.search);
let api;
let page = 1;
let stored = {};

/** Do something with the API; what goes wrong is shown, with a way to try again where that may help. */
async function attempt(what) {
  show();
  try {
    await what();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (error.kind === 'signed-out') return signOut(`${error.message} Please sign in again.`);
    const again = ['broken', 'slow', 'cancelled'].includes(error.kind);
    if (!mark(error.details)) show(error.message, again && (() => attempt(what)));
    if (error.kind === 'broken') window.addEventListener('online', () => attempt(what), { once: true });
  }
}

function show(text = '', again = null) {
  const [said, button] = $('trouble').children;
  $('trouble').hidden = !text;
  said.textContent = text;
  button.hidden = !again;
  button.onclick = again;
}

/** Put what is wrong with fields beside them; answers whether all of it found a place. */
function mark(details) {
  const wrong = Object.fromEntries(details.map(({ name, reason }) => [name.split('/')[1], reason]));
  for (const name of FIELDS) {
    $(`${name}-wrong`).textContent = wrong[name] ? `This ${wrong[name]}.` : '';
    $(name).toggleAttribute('aria-invalid', name in wrong);
    if (name in wrong) $(name).setAttribute('aria-invalid', 'true');
  }
  FIELDS.filter((name) => name in wrong).slice(0, 1).forEach((name) => $(name).focus());
  return details.length > 0 && Object.keys(wrong).every((name) => FIELDS.includes(name));
}

function signedIn(is) {
  $('sign-in').hidden = is;
  for (const id of ['profile', 'notifications', 'sign-out']) $(id).hidden = !is;
}

function signOut(text = '') {
  api = undefined;
  $('who').textContent = '';
  signedIn(false);
  show(text);
  $('token').focus();
}

function fill(profile) {
  stored = profile;
  for (const name of FIELDS) $(name).value = profile[name] ?? '';
  $('who').textContent = profile.displayName ?? profile.username;
  mark([]);
}

async function load() {
  fill(await api.profile());
  signedIn(true);
  await turn(1);
}

async function save() {
  $('saved').textContent = '';
  const changes = Object.fromEntries(FIELDS.map((name) => [name, $(name).value]).filter(([name, value]) => value !== (stored[name] ?? '')));
  fill(await api.update(changes));
  $('saved').textContent = 'Saved.';
}

async function turn(to) {
  const { items, total } = await api.notifications(to, LIMIT);
  page = to;
  $('list').replaceChildren(...items.map(entry));
  const pages = Math.max(1, Math.ceil(total / LIMIT));
  $('place').textContent = total ? `Page ${page} of ${pages}` : 'Nothing yet.';
  $('newer').disabled = page === 1;
  $('older').disabled = page >= pages;
}

function entry({ title, body, read, createdAt }) {
  const made = document.createElement('li');
  const [head, text, time] = ['strong', 'p', 'time'].map((name) => document.createElement(name));
  head.textContent = read ? title : `New: ${title}`;
  text.textContent = body;
  time.textContent = new Date(createdAt).toLocaleString();
  time.dateTime = createdAt;
  made.className = read ? '' : 'unread';
  made.append(head, text, time);
  return made;
}

function signIn() {
  const values = Object.fromEntries(new FormData($('sign-in')));
  const options = given.has('patience') ? { patience: Number(given.get('patience')) } : {};
  api = new Api({ url: values.api, token: values.token.trim(), refresh: values.refresh.trim() }, (slow) => { $('waiting').hidden = !slow; }, options);
  return attempt(load);
}

$('api').value = given.get('api') ?? 'http://127.0.0.1:4010';
$('token').value = given.get('session') ?? 'ada-session';
$('refresh').value = given.get('refresh') ?? '';
$('sign-in').onsubmit = (event) => { event.preventDefault(); signIn(); };
$('profile').onsubmit = (event) => { event.preventDefault(); attempt(save); };
$('sign-out').onclick = () => signOut();
$('mark-read').onclick = () => attempt(async () => { await api.markRead(); await turn(page); });
$('newer').onclick = () => attempt(() => turn(page - 1));
$('older').onclick = () => attempt(() => turn(page + 1));
$('waiting').querySelector('button').onclick = () => api.cancel();
