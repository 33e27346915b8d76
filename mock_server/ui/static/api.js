/** Calls to the mock. Each is a value first, so that it can be shown as a curl line before it is made. */

import { quoted } from './quoting.js';

const prefix = location.pathname.match(/^\/__sandbox\/([^/]+)\//);
const KEPT = 'mock-control-token';
const STEER = 'X-Mock-Control';
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const named = prefix?.[1] ?? new URLSearchParams(location.search).get('sandbox');
let sandbox = NAME.test(named ?? '') ? named : 'default'; // a link from anywhere may say what it likes
let token = sessionStorage.getItem(KEPT) ?? '';

/** The mock said no; `details` says why. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? `status ${status}`);
    this.status = status;
    this.code = body?.code;
    this.details = body?.details ?? [];
  }

  get words() {
    const reasons = this.details.map(({ name, reason }) => `${name} ${reason}`.trim());
    return reasons.length ? reasons.join('; ') : this.message;
  }
}

export const currentSandbox = () => sandbox;
/** The base URL of the API in this sandbox. */
export const base = () => (sandbox === 'default' ? location.origin : `${location.origin}/__sandbox/${sandbox}`);
export const hasToken = () => token !== '';

/** Look at another sandbox from now on; the address of the page says which. */
export function useSandbox(name) {
  sandbox = name;
  const query = name === 'default' ? '' : `?sandbox=${encodeURIComponent(name)}`;
  history.replaceState(null, '', `${location.pathname.replace(/^\/__sandbox\/[^/]+/, '')}${query}${location.hash}`);
}

/** Let links to other pages lead to the same sandbox. */
export function keepSandbox(links) {
  for (const link of links) {
    const url = new URL(link.href);
    if (sandbox === 'default') url.searchParams.delete('sandbox');
    else url.searchParams.set('sandbox', sandbox);
    link.href = url.href;
  }
}

export function useToken(given) {
  token = given;
  sessionStorage.setItem(KEPT, given);
}

/** A call of the control API. */
export const control = (method, path, body) => ({ method, path: `/__mock${path}`, body, headers: {} });

/** A name as a part of a path. */
export const part = (name) => encodeURIComponent(name);

function headersOf(call) {
  const own = call.path.startsWith('/__mock/') && (call.method !== 'GET' || token);
  return {
    ...(own ? { [STEER]: token || '1' } : {}),
    ...((call.sandbox ?? sandbox) === 'default' ? {} : { 'X-Mock-Sandbox': call.sandbox ?? sandbox }),
    ...(call.body === undefined || call.text ? {} : { 'Content-Type': 'application/json' }),
    ...call.headers,
  };
}

const bodyOf = (call) => (call.body === undefined || call.text ? call.body : JSON.stringify(call.body));

/** Write a call as a line for the terminal; the control token is left to the shell. */
export function curl(call) {
  const { method, path } = call, body = bodyOf(call), headers = headersOf(call);
  const words = ['curl'];
  if (method === 'HEAD' && body === undefined) words.push('--head');
  else if (method !== (body === undefined ? 'GET' : 'POST')) words.push('-X', /^[A-Z]+$/.test(method) ? method : quoted(method));
  if (/[[\]{}]/.test(path)) words.push('--globoff');
  if (/\/\.{1,2}(\/|$)/.test(path)) words.push('--path-as-is');
  for (const [name, value] of Object.entries(headers)) {
    words.push('-H', name === STEER && token ? `"${STEER}: $MOCK_SERVER_CONTROL_TOKEN"` : quoted(`${name}: ${value}`));
  }
  if (call.text && !('Content-Type' in headers)) words.push('-H', quoted('Content-Type:'));
  if (body !== undefined) words.push(call.text ? '--data-raw' : '-d', quoted(body));
  return [...words, quoted(location.origin + path)].join(' ');
}

/** Make a call and answer the response as it comes. */
export const send = (call, signal) => fetch(location.origin + call.path, {
  method: call.method, headers: headersOf(call), body: call.text ? new TextEncoder().encode(call.body) : bodyOf(call), signal, cache: 'no-store',
});

/** Make a call and answer its parsed body; throws `Refused`, or `TypeError` where nobody answers. */
export async function perform(call) {
  const answer = await send(call);
  const text = await answer.text();
  const body = text && answer.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

/** Read what the control API says, of the sandbox that is looked at or of another one. */
export const read = (path, name) => perform({ ...control('GET', path), sandbox: name });
