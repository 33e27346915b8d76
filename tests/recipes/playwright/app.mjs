// Stands for your app: a page of another origin that is told the API's base URL.
import { createServer } from 'node:http';

const page = `<!doctype html><title>App</title><h1></h1><button>Rename</button><p role="alert"></p><script>
  const given = new URLSearchParams(location.search);
  let session = given.get('session');
  const call = (path, init = {}) => fetch(given.get('api') + '/v1/user/' + path, {
    headers: { Authorization: 'Bearer ' + session, 'Content-Type': 'application/json' }, ...init });
  const refresh = async () => {
    const answer = await call('auth/refresh-session', { method: 'POST', body: JSON.stringify({ refreshToken: given.get('refresh') }) });
    session = (await answer.json()).sessionToken;
  };
  const ask = async (path, init) => {
    try {
      let answer = await call(path, init), body = await answer.json();
      if (body.code === 'SESSION_TOKEN_EXPIRED') {
        await refresh();
        answer = await call(path, init), body = await answer.json();
      }
      if (!answer.ok) throw new Error(body.code);
      document.querySelector('h1').textContent = body.displayName;
    } catch (error) {
      document.querySelector('[role=alert]').textContent = error.message;
    }
  };
  document.querySelector('button').onclick = () =>
    ask('profile', { method: 'POST', body: JSON.stringify({ displayName: 'Countess' }) });
  ask('profile?fields=displayName');
</script>`;

createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(page)).listen(process.env.APP_PORT ?? 3000, '127.0.0.1');
