/** Calls to the mock. Each is a value first, so that it can be shown as a curl line before it is made. */

const prefix = location.pathname.match(/^\/__sandbox\/([^/]+)\//);
const KEPT = 'mock-control-token';
let sandbox = prefix?.[1] ?? new URLSearchParams(location.search).get('sandbox') ?? 'default';
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

function headersOf(call, secret) {
  const own = call.path.startsWith('/__mock/') && (call.method !== 'GET' || token);
  return {
    ...(own ? { 'X-Mock-Control': secret || '1' } : {}),
    ...(sandbox === 'default' ? {} : { 'X-Mock-Sandbox': sandbox }),
    ...(call.body === undefined || call.text ? {} : { 'Content-Type': 'application/json' }),
    ...call.headers,
  };
}

const bodyOf = (call) => (call.body === undefined || call.text ? call.body : JSON.stringify(call.body));
const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Write a call as a line for the terminal; the control token is left to the shell. */
export function curl(call) {
  const body = bodyOf(call);
  const usual = body === undefined ? 'GET' : 'POST';
  const words = ['curl'];
  if (call.method !== usual) words.push('-X', call.method);
  for (const [name, value] of Object.entries(headersOf(call, token && '$MOCK_SERVER_CONTROL_TOKEN'))) {
    const line = `${name}: ${value}`;
    words.push('-H', value.startsWith('$') ? `"${line}"` : quoted(line));
  }
  if (body !== undefined) words.push(call.text ? '--data-binary' : '-d', quoted(body));
  return [...words, quoted(location.origin + call.path)].join(' ');
}

/** Make a call and answer the response as it comes. */
export const send = (call, signal) =>
  fetch(call.path, { method: call.method, headers: headersOf(call, token), body: bodyOf(call), signal, cache: 'no-store' });

/** Make a call and answer its parsed body; throws `Refused`, or `TypeError` where nobody answers. */
export async function perform(call) {
  const answer = await send(call);
  const text = await answer.text();
  const body = text && answer.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

export const read = (path) => perform(control('GET', path));
