// Takes the pictures of the README: what a morning with the mock looks like.
import { chromium } from '@playwright/test';

const { CHROMIUM, MOCK_URL, PICTURES } = process.env;
const ask = (method, path, body, session = 'ada-session') => fetch(MOCK_URL + path, {
  method, body: body && JSON.stringify(body), headers: { 'X-Mock-Control': '1', 'Content-Type': 'application/json', Authorization: `Bearer ${session}` },
});
const later = (seconds) => ask('PUT', '/__mock/clock', { action: 'advance', seconds });

await ask('PUT', '/__mock/clock', { action: 'freeze', time: '2026-03-10T09:00:00Z' });
const { token } = await (await ask('POST', '/__mock/sessions', { username: 'grace' })).json();
const morning = [
  ['GET', '/v1/user/profile?fields=displayName&fields=handle'], ['GET', '/v1/user/notifications?containerId=main&limit=5'],
  ['GET', '/v1/user/by-id/grace/public?containerId=main'], ['GET', '/v1/user/profiles'], ['GET', '/v1/user/referrals', undefined, token],
  ['GET', '/v1/user/referrals', undefined, 'ada-session-expired'], ['POST', '/v1/user/auth/refresh-session', { refreshToken: 'ada-session-expired-refresh' }],
  ['POST', '/v1/user/profile', { displayName: 'Countess of Lovelace' }], ['GET', '/v1/user/notifications?containerId=main&limit=500'],
  ['GET', '/v1/user/notifications?containerId=main&page=2'], ['GET', '/v1/user/profile?fields=biography'],
];
for (const [method, path, body, session] of morning) {
  await ask(method, path, body, session);
  await later(1.7);
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
const picture = async (name, colorScheme, show) => {
  const page = await browser.newPage({ viewport: { width: 1120, height: 600 }, colorScheme });
  await show(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
  await page.close();
};
await picture('window-requests', 'light', async (page) => {
  await page.goto(`${MOCK_URL}/__mock/ui`);
  await page.getByRole('option').filter({ hasText: 'limit=500' }).click();
  await page.getByRole('button', { name: 'Replay' }).hover();
});
await picture('window-world', 'dark', async (page) => {
  await page.goto(`${MOCK_URL}/__mock/ui#/world`);
  await page.locator('.session .good').first().waitFor();
  await page.getByRole('button', { name: 'Expire ada-session', exact: true }).focus();
});
await browser.close();
