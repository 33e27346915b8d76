import { spawn, type ChildProcess } from 'node:child_process';
import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';

const server = process.env.MOCK_URL!;
const app = `http://localhost:${process.env.APP_PORT}`; // another origin than the mock's

class Mock {
  constructor(readonly url: string) {}

  async control(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.url}/__mock${path}`, {
      method, headers: { 'X-Mock-Control': '1', 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  count(operation: string, status = 200) {
    return this.control('POST', '/requests/count', { operation, status }).then(({ count }) => count);
  }
}

const test = base.extend<{ mock: Mock }>({
  mock: async ({}, use, info) => {
    const name = `app-${info.testId}-${info.retry}`;
    const mock = new Mock(`${server}/__sandbox/${name}`);
    await mock.control('POST', '/reset');
    await use(mock);
    await mock.control('DELETE', `/sandboxes/${name}`);
  },
});

async function signIn(page: Page, api: string, session = 'ada-session', refresh = '', more: Record<string, string> = {}) {
  await page.goto(`${app}/?${new URLSearchParams({ api, session, refresh, ...more })}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const alert = (page: Page) => page.getByRole('alert');
const name = (page: Page) => page.getByLabel('Display name');

test('signs in and shows the profile', async ({ page, mock }) => {
  await signIn(page, mock.url);
  await expect(name(page)).toHaveValue('Ada Lovelace');
  await expect(page.locator('#who')).toHaveText('Ada Lovelace');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('saves only what was changed', async ({ page, mock }) => {
  await signIn(page, mock.url);
  await name(page).fill('Countess <b>of</b> Lovelace');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.locator('#who')).toHaveText('Countess <b>of</b> Lovelace');
  const { users } = await mock.control('GET', '/state');
  expect(users.find((user: { username: string }) => user.username === 'ada')).toMatchObject({ displayName: 'Countess <b>of</b> Lovelace', handle: 'ada' });
});

test('puts what is wrong beside its field', async ({ page, mock }) => {
  await signIn(page, mock.url);
  await page.getByLabel('Handle').fill('Not A Handle');
  await name(page).fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('#handle-wrong')).toContainText('This must');
  await expect(page.locator('#displayName-wrong')).toContainText('This must');
  await expect(name(page)).toBeFocused();
  await expect(name(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(alert(page)).toBeHidden();
  await page.getByLabel('Handle').fill('a_handle');
  await name(page).fill('Ada');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.locator('#handle-wrong')).toHaveText('');
});

test('pages through notifications and marks them as read', async ({ page, mock }) => {
  await signIn(page, mock.url);
  const items = page.locator('#list li');
  await expect(items).toHaveCount(5);
  await expect(page.getByRole('button', { name: 'Newer' })).toBeDisabled();
  const first = await items.allTextContents();
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page.locator('#place')).toContainText('Page 2 of');
  expect(await items.allTextContents()).not.toEqual(first);
  await page.getByRole('button', { name: 'Newer' }).click();
  await expect(items.first()).toHaveText(first[0]);
  await expect(page.locator('#list li.unread')).not.toHaveCount(0);
  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(page.locator('#list li.unread')).toHaveCount(0);
  expect(await mock.count('markNotificationsRead', 201)).toBe(1);
});

test('recovers from a session that expires in the middle', async ({ page, mock }) => {
  const { token, refreshToken } = await mock.control('POST', '/sessions', { username: 'ada', expiresIn: 600 });
  await signIn(page, mock.url, token, refreshToken);
  await expect(name(page)).toHaveValue('Ada Lovelace');
  await mock.control('PUT', '/clock', { action: 'advance', seconds: 601 });
  await name(page).fill('Still here');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await mock.count('refreshSession')).toBe(1);
  await expect(alert(page)).toBeHidden();
});

test('renews the session once, although several calls meet its end', async ({ page, mock }) => {
  const { token, refreshToken } = await mock.control('POST', '/sessions', { username: 'ada', expiresIn: 600 });
  await mock.control('PUT', '/clock', { action: 'advance', seconds: 601 });
  await page.goto(app);
  const names = await page.evaluate(async (given) => {
    const { Api } = await import(`${location.origin}/api.js`);
    const api = new Api(given, () => {});
    const answers = await Promise.all([api.profile(), api.notifications(1), api.profile()]);
    return [answers[0].username, answers[2].username];
  }, { url: mock.url, token, refresh: refreshToken });
  expect(names).toEqual(['ada', 'ada']);
  expect(await mock.count('refreshSession')).toBe(1);
});

test('asks for a new sign-in where nothing can renew the session', async ({ page, mock }) => {
  await signIn(page, mock.url, 'ada-session-expired');
  await expect(alert(page)).toHaveText(/User session has expired\. Please sign in again\./);
  await page.getByLabel('Session token').fill('grace-session');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('#who')).toHaveText('Grace Hopper');
  await expect(alert(page)).toBeHidden();
});

test('shows that an answer takes long, and can cancel it', async ({ page, mock }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await signIn(page, mock.url);
  await expect(page.locator('#place')).toContainText('Page 1');
  await mock.control('POST', '/rules', { operation: 'listNotifications', delay: 5000, times: 1 });
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page.getByText('Waiting for the server…')).toBeInViewport();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(alert(page)).toContainText('Cancelled.');
  await expect(alert(page)).toBeInViewport();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('#place')).toContainText('Page 2');
  await expect(page.getByText('Waiting for the server…')).toBeHidden();
});

test('gives up on an answer that takes too long', async ({ page, mock }) => {
  await mock.control('POST', '/rules', { operation: 'getProfile', delay: 10_000, times: 1 });
  await signIn(page, mock.url, 'ada-session', '', { patience: '700' });
  await expect(alert(page)).toContainText('The server takes too long.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(name(page)).toHaveValue('Ada Lovelace');
});

for (const fault of ['EMPTY_RESPONSE', 'MALFORMED_RESPONSE_CHUNK', 'CONNECTION_RESET_BY_PEER']) {
  test(`survives a broken connection: ${fault}`, async ({ page, mock }) => {
    await mock.control('POST', '/rules', { operation: 'getProfile', fault });
    await signIn(page, mock.url);
    await expect(alert(page)).toContainText('The server cannot be reached.');
    const { rules } = await mock.control('GET', '/rules');
    await mock.control('DELETE', `/rules/${rules[0].id}`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(name(page)).toHaveValue('Ada Lovelace');
    await expect(alert(page)).toBeHidden();
  });
}

test('bears a server that is offline and comes back', async ({ page }) => {
  const port = process.env.SPARE_PORT!;
  let mock = await start(port);
  try {
    await signIn(page, `http://127.0.0.1:${port}`);
    await expect(name(page)).toHaveValue('Ada Lovelace');
    await stop(mock);
    await name(page).fill('Patience');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(alert(page)).toContainText('The server cannot be reached.');
    await expect(name(page)).toHaveValue('Patience');
    mock = await start(port);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
  } finally {
    await stop(mock);
  }
});

test('tries again by itself when the browser is online again', async ({ page, mock, context }) => {
  await signIn(page, mock.url);
  await expect(page.locator('#place')).toContainText('Page 1');
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(alert(page)).toContainText('You are offline.');
  await context.setOffline(false);
  await expect(page.locator('#place')).toContainText('Page 2');
  await expect(alert(page)).toBeHidden();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`is for everybody, ${colorScheme}`, async ({ page, mock }) => {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${app}/?${new URLSearchParams({ api: mock.url })}`);
      await sound(page);
      await signIn(page, mock.url);
      await page.getByLabel('Handle').fill('X');
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.locator('#handle-wrong')).not.toHaveText('');
      await sound(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${colorScheme}-${width}.png`, fullPage: true });
    }
  });
}

async function sound(page: Page) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] }).analyze(); // there are no frames
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
}

async function start(port: string): Promise<ChildProcess> {
  const mock = spawn(process.env.PYTHON!, ['-m', 'mock_server', '--port', port], { stdio: 'ignore', cwd: process.env.ROOT });
  for (let tries = 0; tries < 200; tries += 1) {
    if (await fetch(`http://127.0.0.1:${port}/__mock/health`).then(() => true, () => false)) return mock;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error('the mock did not start');
}

async function stop(mock: ChildProcess) {
  if (mock.exitCode !== null || mock.signalCode !== null) return;
  const ended = new Promise((go) => mock.once('exit', go));
  mock.kill('SIGTERM');
  await ended;
}
