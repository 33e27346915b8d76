import { type Page } from '@playwright/test';
import { expect, test } from './mock';

/** Open the app, which is told the base URL of this test's sandbox. */
const open = (page: Page, api: string, session = 'ada-session', refresh = '') =>
  page.goto(`http://127.0.0.1:${process.env.APP_PORT ?? '3000'}/?${new URLSearchParams({ api, session, refresh })}`);

for (const number of [1, 2, 3, 4]) {
  test(`renames somebody in a world of its own, ${number}`, async ({ page, mock }) => {
    await open(page, mock.url);
    await expect(page.locator('h1')).toHaveText('Ada Lovelace');
    await page.getByRole('button').click();
    await expect(page.locator('h1')).toHaveText('Countess');
    expect(await mock.control('POST', '/requests/count', { operation: 'updateProfile', status: 200 })).toEqual({ count: 1 });
  });
}

test('shows that the server failed', async ({ page, mock }) => {
  await mock.control('POST', '/rules', { operation: 'getProfile', code: 500 });
  await open(page, mock.url);
  await expect(page.getByRole('alert')).toHaveText('INTERNAL_SERVER_ERROR');
});

test('shows that the connection broke', async ({ page, mock }) => {
  await mock.control('POST', '/rules', { operation: 'getProfile', fault: 'CONNECTION_RESET_BY_PEER' });
  await open(page, mock.url);
  await expect(page.getByRole('alert')).toHaveText('Failed to fetch');
});

test('waits for a slow answer', async ({ page, mock }) => {
  await mock.control('POST', '/rules', { operation: 'getProfile', delay: 700 });
  const begun = Date.now();
  await open(page, mock.url);
  await expect(page.locator('h1')).toHaveText('Ada Lovelace');
  expect(Date.now() - begun).toBeGreaterThanOrEqual(700);
});

test('renews a session that expires while the page is open', async ({ page, mock }) => {
  const { token, refreshToken } = await mock.control('POST', '/sessions', { username: 'ada', expiresIn: 600 });
  await open(page, mock.url, token, refreshToken);
  await expect(page.locator('h1')).toHaveText('Ada Lovelace');
  await mock.control('PUT', '/clock', { action: 'advance', seconds: 601 });
  await page.getByRole('button').click();
  await expect(page.locator('h1')).toHaveText('Countess');
  expect(await mock.control('POST', '/requests/count', { operation: 'refreshSession', status: 200 })).toEqual({ count: 1 });
});
