/** Override rules: a form that knows what the contract allows, and the rules that are set. */

import { control, curl, part, read } from './api.js';
import { action } from './actions.js';
import * as contract from './contract.js';
import { byId, empty, fill, go, h, plural } from './dom.js';

const BEYOND = [[403, 'Forbidden'], [429, 'Too Many Requests'], [502, 'Bad Gateway'], [503, 'Service Unavailable'], [504, 'Gateway Timeout']];
const RETRY = { 'Retry-After': '2' }; // what clients look for beside a 429 or a 503
let any = false;
const value = (id) => byId(id).value.trim();
const number = (id) => (value(id) === '' ? undefined : Number(value(id)));

/** The rule that the form describes. */
function described() {
  const least = number('rule-delay'), most = number('rule-delay-most');
  const fault = value('rule-fault') || undefined;
  const [code, example, undocumented] = fault ? [] : JSON.parse(value('rule-answer') || '[]');
  const chance = number('rule-chance');
  const rule = {
    operation: value('rule-operation') || undefined, user: value('rule-user') || undefined, code, example: example || undefined,
    delay: most === undefined ? least : { min: least ?? 0, max: most },
    slowBody: fault ? undefined : number('rule-slow'), fault, times: number('rule-times'),
    probability: chance === undefined || chance === 100 ? undefined : chance / 100,
    undocumented, headers: undocumented && [429, 503].includes(code) ? RETRY : undefined,
  };
  return Object.fromEntries(Object.entries(rule).filter(([, said]) => said !== undefined));
}

const call = () => control('POST', '/rules', described());

/** Offer what the chosen operation may answer; an answer for all must be one that all have. */
function offer() {
  const ids = contract.operations().map(({ id }) => id), chosen = value('rule-operation');
  const options = chosen ? contract.answers(chosen) : common(ids.map(contract.answers));
  const kept = value('rule-answer');
  fill(byId('rule-answer'), h('option', { value: '' }, 'the true answer'), ...options.map(group), beyond());
  byId('rule-answer').value = kept;
  if (byId('rule-answer').selectedIndex < 0) byId('rule-answer').value = '';
  preview();
}

const common = ([first = [], ...rest]) =>
  first.filter(({ status }) => rest.every((each) => each.some((answer) => answer.status === status)))
    .map((answer) => ({ ...answer, examples: answer.status === 200 ? [] : answer.examples }))
    .filter(({ status }) => status >= 400);

const group = ({ status, description, examples }) => h('optgroup', { label: `${status} ${description.replace(/:$/, '')}` },
  (examples.length ? examples : [{ name: '', summary: 'as documented' }]).map(({ name, summary }) =>
    h('option', { value: JSON.stringify([status, name]) }, name ? `${status} · ${name}` : `${status} · ${summary}`)));

const beyond = () => h('optgroup', { label: 'Not in the contract' }, BEYOND.map(([code, said]) =>
  h('option', { value: JSON.stringify([code, '', true]) }, `${code} · ${said}`)));

function preview() {
  const broken = value('rule-fault') !== '';
  byId('rule-answer').disabled = broken;
  byId('rule-slow').disabled = broken;
  byId('rule-curl').textContent = curl(call());
}

export async function load() {
  const { rules } = await read('/rules');
  any = rules.length > 0;
  const active = rules.filter(({ times, hits }) => times === undefined || hits < times).length, badge = byId('rules-badge');
  badge.hidden = active === 0;
  fill(badge, String(active), h('span', { className: 'unseen' }, ' active'));
  byId('rules-all').hidden = !any;
  fill(byId('rules-list'), ...(any ? rules.map(shown) : [h('li', {}, empty('No rules',
    h('p', {}, 'Every request gets its true answer. Set a rule to see how your app takes a ', h('strong', {}, '401 in the middle'),
      ', a ', h('strong', {}, 'slow answer'), ' or a ', h('strong', {}, 'broken connection'), '.')))]));
}

function shown({ id, hits, ...rule }) {
  const left = rule.times === undefined ? 'every time' : `${hits} of ${plural(rule.times, 'time')}`;
  return h('li', { className: rule.times !== undefined && hits >= rule.times ? 'rule used' : 'rule' },
    h('div', {}, h('strong', {}, rule.operation ?? 'every operation'), rule.user && h('span', { className: 'chip' }, rule.user),
      h('p', {}, words(rule)), h('small', {}, `${left} · hit ${plural(hits, 'time')}`)),
    action('Remove', () => control('DELETE', `/rules/${part(id)}`), { name: `Remove the rule for ${rule.operation ?? 'every operation'}` }));
}

function words({ code, example, delay, slowBody, fault, probability, undocumented, headers, body }) {
  const late = typeof delay === 'object' ? `${delay.min} to ${delay.max} ms late` : delay && `${delay} ms late`;
  const answer = (code || example) && `answers ${[code, example].filter(Boolean).join(' ')}${undocumented ? ', which is not documented' : ''}`;
  const said = [fault, answer, headers && `with ${Object.keys(headers).join(', ')}`, body !== undefined && 'with a body of its own', late, slowBody && `the body takes ${slowBody} ms`,
    probability !== undefined && `${Math.round(probability * 100)} % of the time`].filter(Boolean);
  return said.length ? said.join(', ') : 'lets requests through';
}

/** Begin a rule for the operation of a request. */
export function begin(entry) {
  byId('rule-operation').value = entry.operation;
  offer();
  go('rules', 'rule-answer');
}

export const matters = () => any;

/** Offer the operations of the contract. */
export function known() {
  fill(byId('rule-operation'), h('option', { value: '' }, 'every operation'),
    ...contract.operations().map(({ id }) => h('option', { value: id }, id)));
  offer();
}

export function start() {
  byId('rule-operation').addEventListener('change', offer);
  byId('rule-form').addEventListener('input', preview);
  byId('rule-form').addEventListener('submit', (event) => event.preventDefault());
  byId('rule-buttons').append(action('Set the rule', call, { kind: 'primary' }));
  byId('rules-all').append(action('Remove all', () => control('DELETE', '/rules'), { kind: 'danger', key: 'Shift+X', hint: 'Answer everything truly again' }));
}

export const keys = [
  ['n', 'New rule', () => go('rules', 'rule-operation')],
  ['X', 'Remove all rules', () => document.querySelector('#rules-all button').click()],
];
