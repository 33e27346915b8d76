/** The API reference: Swagger UI on the contract that is enforced, with a session filled in. */

import { currentSandbox, keepSandbox, read } from './api.js';
import { byId, fill, h } from './dom.js';

const control = new URLSearchParams(location.search).get('api') === 'control';
const chosen = byId(control ? 'control' : 'api');
chosen.setAttribute('aria-current', 'page');
keepSandbox(document.querySelectorAll('.top a'));

/** Let calls go where the page looks, and where they steer the mock, say so. */
function addressed(asked) {
  if (currentSandbox() !== 'default') asked.headers['X-Mock-Sandbox'] = currentSandbox();
  if (new URL(asked.url, location).pathname.startsWith('/__mock/')) asked.headers['X-Mock-Control'] ??= '1';
  return asked;
}

const NAMES = { '#servers': 'Server', '.examples-select-element': 'Example', '.body-param__text': 'Request body', '.close-modal': 'Close' };

/** Name what Swagger UI leaves without a name, and let the keyboard scroll what it cannot reach. */
function mend() {
  const all = (selector) => byId('reference').querySelectorAll(selector);
  for (const [selector, name] of Object.entries(NAMES)) for (const found of all(selector)) found.ariaLabel ??= name;
  for (const field of all('[data-param-name] :is(input, select, textarea)')) {
    field.ariaLabel ??= field.closest('[data-param-name]').dataset.paramName;
  }
  for (const code of all('pre.microlight')) code.tabIndex = 0;
}

/** Give operations the parameters of their path, which Swagger UI shows without a name where they are references. */
function spread(spec) {
  for (const { parameters = [], ...item } of Object.values(spec.paths)) {
    for (const operation of Object.values(item).filter(({ responses }) => responses)) {
      operation.parameters = [...parameters, ...(operation.parameters ?? [])];
    }
  }
  for (const item of Object.values(spec.paths)) delete item.parameters;
  return spec;
}

/** The sessions to try as; a proxy knows none. */
async function sessionsOf() {
  const { upstream } = await read('/health');
  if (!upstream) return read('/sessions');
  document.body.dataset.upstream = upstream;
  return { sessions: [] };
}

async function start() {
  const [spec, { sessions }] = await Promise.all([read(control ? '/control.json' : '/openapi.json'), sessionsOf()]);
  const valid = sessions.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > Date.now());
  const others = sessions.filter((session) => !valid.includes(session));
  fill(byId('session'), ...[...valid, ...others].map(({ token }) => h('option', { value: token }, token)));
  byId('session').closest('.picker').hidden = control || sessions.length === 0; // what steers the mock knows no sessions
  const signIn = () => !control && sessions.length && ui.preauthorizeApiKey('session', byId('session').value);
  const ui = window.SwaggerUIBundle({
    spec: spread(spec), domNode: byId('reference'), tryItOutEnabled: true, displayRequestDuration: true, validatorUrl: null,
    defaultModelsExpandDepth: 0, docExpansion: 'list', requestInterceptor: addressed, onComplete: signIn,
  });
  byId('session').addEventListener('change', signIn);
  new MutationObserver(mend).observe(byId('reference'), { childList: true, subtree: true });
}

start().catch((problem) => fill(byId('reference'), h('p', { className: 'empty' }, problem.status === 403
  ? 'This mock is protected: open the window first, which asks for the control token.' : `The reference cannot be shown: ${problem.message}`)));
