import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, headers, server, test } from './mock';

/** A page on another origin that does its worst, and says what it got. */
const HOSTILE = `<!doctype html><title>Win a prize</title><body><iframe name="sink"></iframe><script>
  const mock = new URLSearchParams(location.search).get('mock'), server = new URL(mock).origin;
  const crooked = () => ['//__mock/reset', '/%5F_mock/reset', '/__mock/%72eset', '/__mock//reset', '/__mock/reset/', '/__mock/reset;a'].map((path) => mock + path);
  const tries = {
    reset: () => fetch(mock + '/__mock/reset', { method: 'POST', headers: { 'X-Mock-Control': '1' } }),
    simple: () => fetch(mock + '/__mock/reset', { method: 'POST', mode: 'no-cors', body: '{}' }),
    read: () => fetch(mock + '/__mock/requests'),
    blind: () => fetch(mock + '/__mock/requests', { mode: 'no-cors' }).then((answer) => answer.text()),
    whole: () => fetch(mock + '/__mock/users/ada'),
    page: () => fetch(mock + '/__mock/ui'),
    rule: () => fetch(mock + '/__mock/rules', { method: 'POST', headers: { 'X-Mock-Control': '1', 'Content-Type': 'application/json' }, body: '{"code":500}' }),
    stream: () => new Promise((resolve, reject) => {
      const source = new EventSource(mock + '/__mock/requests/stream');
      source.onopen = () => resolve({ type: 'open' });
      source.onerror = () => reject(new Error('refused'));
    }),
    script: () => new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = mock + '/__mock/static/api.js';
      script.onload = () => resolve({ type: 'loaded' });
      script.onerror = () => reject(new Error('refused'));
      document.body.append(script);
    }),
    crooked: () => Promise.all(crooked().map((path) => fetch(path, { method: 'POST', mode: 'no-cors', body: '{}' }).then((answer) => answer.text()))).then((texts) => texts.join('')),
    beacon: () => {
      for (const path of crooked()) navigator.sendBeacon(path, '{}');
      return Promise.reject(new Error('nothing to read'));
    },
    images: () => Promise.allSettled(['one', 'two', 'three'].flatMap((name) => ['/v1/user/referrals', '/__mock/requests', '/nothing'].map((path) => new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = server + '/__sandbox/planted-' + name + path;
    })))).then(() => Promise.reject(new Error('nothing to see'))),
    forms: () => {
      for (const path of crooked()) {
        const form = Object.assign(document.createElement('form'), { method: 'POST', action: path, target: 'sink' });
        document.body.append(form);
        form.submit();
      }
      return Promise.reject(new Error('nothing to read'));
    },
    form: () => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', action: mock + '/__mock/reset', target: 'sink' });
      document.body.append(form);
      form.submit();
      return Promise.reject(new Error('nothing to read'));
    },
    frame: () => new Promise((resolve, reject) => {
      const frame = document.createElement('iframe');
      frame.src = mock + '/__mock/ui';
      frame.onload = () => (frame.contentWindow.length === 0 ? reject(new Error('refused')) : resolve({ type: 'framed' }));
      document.body.append(frame);
    }),
  };
  const got = {};
  Promise.allSettled(Object.entries(tries).map(([name, what]) => what().then(
    (answer) => { got[name] = typeof answer === 'string' ? (answer && 'read') : answer.type === 'opaque' ? '' : 'got ' + (answer.status ?? answer.type); },
    () => { got[name] = ''; }))).then(() => { document.title = 'done'; window.got = got; });
</script>`;

test('a hostile page on another origin resets nothing, reads nothing and plants nothing', async ({ mock, context }) => {
  await mock.update({ displayName: 'Still here' });
  const hostile = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(HOSTILE)).listen(0, '127.0.0.1');
  const stranger = await context.newPage();
  try {
    await stranger.goto(`http://localhost:${(hostile.address() as AddressInfo).port}/?mock=${encodeURIComponent(mock.url)}`);
    await expect(stranger).toHaveTitle('done');
    const got = await stranger.evaluate(() => (window as unknown as { got: Record<string, string> }).got);
    expect(Object.entries(got).filter(([, what]) => what !== '')).toEqual([]);
    expect(Object.keys(got)).toHaveLength(15);
  } finally {
    hostile.close();
  }
  expect((await mock.control('GET', '/users/ada')).profile.displayName).toBe('Still here');
  expect((await mock.control('GET', '/rules')).rules).toEqual([]);
  const asked = (await mock.control('GET', '/requests')).requests as { status: number }[];
  expect(asked.filter(({ status }) => status !== 404)).toHaveLength(1); // the update above; what was spelt otherwise was nothing
  const { sandboxes } = await (await fetch(`${server}/__mock/sandboxes`)).json() as { sandboxes: { name: string }[] };
  expect(sandboxes.map(({ name }) => name).filter((name) => name.startsWith('planted'))).toEqual([]);
});

const SCRIPT = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

test('script in any text that is shown is inert', async ({ mock, page }) => {
  await mock.update({ displayName: SCRIPT.slice(0, 50), biography: SCRIPT });
  await mock.ask(`profile?fields=${encodeURIComponent(SCRIPT)}`);
  await mock.ask(`<script>document.title="owned"</script>`);
  await fetch(`${mock.url}/v1/user/profile`, { method: 'POST', headers: { ...headers(), 'X-Text': SCRIPT }, body: `{"handle": ${JSON.stringify(SCRIPT)}}` });
  const state = await mock.control('GET', '/state');
  state.users[0].notifications[0].title = SCRIPT;
  state.users[0].notifications[0].body = SCRIPT;
  state.users.push({ username: SCRIPT });
  state.sessions.push({ token: '<script>document.title="owned"</script>', username: SCRIPT });
  await mock.control('PUT', '/state', state);
  await mock.control('POST', '/rules', { user: SCRIPT, delay: 1 });
  await mock.open();
  for (const n of [0, 1, 2, 3]) {
    await mock.rows().nth(n).click();
    await expect(page.locator('#detail h2')).toBeVisible();
    for (const summary of await page.locator('#detail summary').all()) await summary.click();
  }
  await page.keyboard.press('2');
  await expect(page.locator('#users')).toContainText('onerror');
  await page.keyboard.press('3');
  await expect(page.locator('#rules-list')).toContainText('onerror');
  await page.goto(`${mock.url}/`);
  await expect(page.locator('#sessions')).toContainText('<script>');
  expect(await page.title()).toBe('User Profile API mock');
  expect(await page.locator('img[src="x"]').count()).toBe(0);
});

test('the policy of the window stops what might slip in', async ({ mock, page, complaints }) => {
  await mock.open();
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.slipped = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.slipped = true"><p style="color: red"></p>');
    return (window as unknown as { slipped?: boolean }).slipped ?? false;
  });
  expect(ran).toBe(false);
  await expect.poll(() => complaints.filter((text) => text.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(3);
  complaints.length = 0;
});

test('a protected mock asks for its token once, and never shows it', async ({ page }) => {
  const url = process.env.PROTECTED_URL!;
  await page.goto(`${url}/`);
  await expect(page.getByText('This mock is protected')).toBeVisible();
  await page.goto(`${url}/__mock/ui`);
  const dialog = page.getByRole('dialog', { name: 'This mock is protected' });
  await dialog.getByLabel('Control token').fill('wrong');
  await dialog.getByRole('button', { name: 'Open' }).click();
  await expect(dialog).toContainText('That was not it.');
  await dialog.getByLabel('Control token').fill(process.env.PROTECTED_TOKEN!);
  await dialog.getByRole('button', { name: 'Open' }).click();
  await expect(page.locator('#live')).toHaveText('Live');
  await fetch(`${url}/v1/user/referrals`, { headers: headers() });
  await expect(page.locator('.row')).toHaveCount(1);
  await expect(page.locator('#sandbox')).toHaveValue('default');
  await page.keyboard.press('4');
  await page.getByRole('button', { name: 'Take a snapshot' }).click();
  await expect(page.locator('.snapshot')).toContainText('snapshot-1');
  await expect(page.locator('#call-line')).toContainText('"X-Mock-Control: $MOCK_SERVER_CONTROL_TOKEN"');
  expect(await page.content()).not.toContain(process.env.PROTECTED_TOKEN!);
  await page.reload();
  await expect(page.locator('#live')).toHaveText('Live');
});
