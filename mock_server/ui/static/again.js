/** A request of the journal as a call that can be made again. */

const SKIPPED = new Set(['host', 'content-length', 'connection', 'accept-encoding', 'user-agent', 'accept-language', 'origin',
  'referer', 'x-mock-sandbox']);
const LONGEST = 2000; // characters of a path or a query that the journal keeps
const FORBIDDEN = new Set(['CONNECT', 'TRACE', 'TRACK']); // Fetch Standard, 2.2.1
const REWRITTEN = /\\|\/(\.|%2e){1,2}(\/|$)/i; // what the URL Standard would resolve before it is sent

const MISSING = 'A part of this request was not kept: it is long, is not text, or held a secret.';
const IMPOSSIBLE = 'No browser can send this request; its curl line can.';

export const target = ({ path, query }) => (query ? `${path}?${query}` : path);

/** The journal shows bytes as Latin-1; percent-encoded they are the same to the mock, and safe anywhere. */
const encoded = (text) => text.replace(/[^!-~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);

const isKept = ({ path, query, asked }) => asked.whole && path.length < LONGEST && query.length < LONGEST
  && ![path, query, asked.body].some((text) => /\*\*\*|\0|\ufffd/.test(text));

function headersOf({ method, session, asked }) {
  const headers = {};
  for (const { name, value } of asked.headers) {
    const isSkipped = SKIPPED.has(name) && !(name === 'origin' && method === 'OPTIONS'); // a preflight is nothing without it
    if (value.includes('***') || isSkipped || name.startsWith('sec-')) continue;
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  const { 'content-type': type, ...others } = headers;
  return { ...others, ...(session && { Authorization: `Bearer ${session}` }), ...(type !== undefined && { 'Content-Type': type }) };
}

/** Answer `call`, null where a part of it was not kept, and `obstacle`: why this page cannot make it. */
export function again(entry) {
  if (!isKept(entry)) return { call: null, obstacle: MISSING };
  const { method, asked: { body } } = entry;
  const call = { method, path: encoded(target(entry)), headers: headersOf(entry), sandbox: entry.sandbox, ...(body && { body, text: true }) };
  const isImpossible = FORBIDDEN.has(method) || (body && ['GET', 'HEAD'].includes(method)) || REWRITTEN.test(entry.path)
    || (method === 'OPTIONS' && 'access-control-request-method' in call.headers);
  return { call, obstacle: isImpossible ? IMPOSSIBLE : '' };
}
