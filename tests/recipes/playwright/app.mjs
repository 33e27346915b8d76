// Stands for your app: a page of another origin that is told the API's base URL.
import { createServer } from 'node:http';

const page = `<!doctype html><title>App</title><h1></h1><button>Rename</button><p role="alert"></p><script>
  const given = new URLSearchParams(location.search);
  const headers = { Authorization: 'Bearer ' + given.get('session'), 'Content-Type': 'application/json' };
  const ask = async (path, init = {}) => {
    try {
      const answer = await fetch(given.get('api') + '/v1/user/' + path, { headers, ...init });
      const body = await answer.json();
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
