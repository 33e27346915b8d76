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

async function start() {
  const [spec, { sessions }] = await Promise.all([read(control ? '/control.json' : '/openapi.json'), read('/sessions')]);
  const valid = sessions.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > Date.now());
  const others = sessions.filter((session) => !valid.includes(session));
  fill(byId('session'), ...[...valid, ...others].map(({ token }) => h('option', { value: token }, token)));
  byId('session').closest('.picker').hidden = control; // what steers the mock knows no sessions
  const signIn = () => !control && ui.preauthorizeApiKey('session', byId('session').value);
  const ui = window.SwaggerUIBundle({
    spec, domNode: byId('reference'), deepLinking: true, tryItOutEnabled: true, displayRequestDuration: true, validatorUrl: null,
    defaultModelsExpandDepth: 0, docExpansion: 'list', requestInterceptor: addressed, onComplete: signIn,
  });
  byId('session').addEventListener('change', signIn);
}

start().catch((problem) => fill(byId('reference'), h('p', { className: 'empty' }, problem.status === 403
  ? 'This mock is protected: open the window first, which asks for the control token.' : `The reference cannot be shown: ${problem.message}`)));
