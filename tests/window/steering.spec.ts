import { expect, server, test } from './mock';

test('the world is shown as it is, and follows what an app changes', async ({ mock, page }) => {
  await mock.open('world');
  await expect(page.getByRole('button', { name: 'Ada Lovelace' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('heading', { name: 'Notifications in main' })).toContainText('36, 13 unread');
  await mock.update({ displayName: 'Countess' });
  await expect(page.getByRole('heading', { name: 'Countess' })).toBeVisible();
  await mock.ask('notifications/read', { method: 'POST' });
  await expect(page.getByRole('heading', { name: 'Notifications in main' })).toContainText('36, 0 unread');
  await page.locator('#users').getByRole('button', { name: 'newcomer' }).click();
  await expect(page.locator('#user')).toContainText('never set');
});

test('sessions show the time that they have left, and end when told to', async ({ mock, page }) => {
  await mock.open('world');
  await page.getByRole('combobox', { name: 'User' }).selectOption('grace');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const session = page.locator('.session').filter({ hasText: 'session-' }).filter({ hasText: 'grace' }).filter({ hasText: 'left' });
  await expect(session).toContainText(/9 min \d+ s left|10 min left/);
  const token = await session.locator('.token').textContent() ?? '';
  expect((await mock.ask('referrals', { session: token })).status).toBe(200);
  await mock.control('PUT', '/clock', { action: 'advance', seconds: 590 }); // somebody else moves the clock
  await expect(page.locator('.session').filter({ hasText: token })).toContainText(/\d+ s left/);
  await page.getByRole('button', { name: `Expire ${token}` }).click();
  await expect(page.locator('.session').filter({ hasText: token }).getByText('expired', { exact: true })).toBeVisible();
  expect((await mock.ask('referrals', { session: token })).status).toBe(401);
  await page.getByRole('button', { name: 'Refuse the next call of ada-session', exact: true }).click();
  await expect(page.getByText('next: SESSION_TOKEN_EXPIRED')).toBeVisible();
  expect((await mock.ask('referrals')).status).toBe(401);
  await expect(page.getByText('next: SESSION_TOKEN_EXPIRED')).toBeHidden();
  await page.getByRole('button', { name: 'Sign out hedy-session' }).click();
  await expect(page.locator('.token').filter({ hasText: 'hedy-session' })).toBeHidden();
  await expect(page.locator('#call-outcome')).toHaveText('Done');
});

test('what was done can be undone, kept and gone back to', async ({ mock, page }) => {
  const name = async () => (await mock.control('GET', '/users/ada')).profile.displayName;
  await mock.open('state');
  await mock.update({ displayName: 'First' });
  await page.getByRole('button', { name: 'Take a snapshot' }).click();
  await expect(page.locator('.snapshot')).toContainText('snapshot-1');
  await mock.update({ displayName: 'Second' });
  await page.getByRole('button', { name: 'Undo the last change' }).click();
  await expect(page.locator('#call-outcome')).toHaveText('Done');
  expect(await name()).toBe('First');
  await page.keyboard.press('Shift+R');
  await expect.poll(name).toBe('Ada Lovelace');
  await page.getByRole('button', { name: 'Restore snapshot-1' }).click();
  await expect.poll(name).toBe('First');
  await page.getByLabel('Start from').selectOption('empty');
  await page.getByRole('button', { name: 'Start from this scenario' }).click();
  await expect(page.locator('#scenario-now')).toHaveText('empty');
  await page.keyboard.press('1');
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
});

test('every button shows its call as a curl line that does the same in a terminal', async ({ mock, page }) => {
  await mock.open('state');
  await expect(page.locator('#scenario-now')).toHaveText('default');
  await page.getByRole('button', { name: 'Start from this scenario' }).hover();
  await expect(page.locator('#call-line')).toHaveText(
    `curl -H 'X-Mock-Control: 1' -H 'X-Mock-Sandbox: ${mock.name}' -H 'Content-Type: application/json' -d '{"scenario":"default"}' '${server}/__mock/reset'`);
  await page.getByRole('button', { name: 'Stop or go' }).focus();
  await expect(page.locator('#call-line')).toContainText(`-X PUT`);
  await expect(page.locator('#call-line')).toContainText(`-d '{"action":"freeze"}'`);
  expect((await mock.control('GET', '/clock')).frozen).toBe(false); // looking does nothing
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('/__mock/clock');
});

test('what the mock refuses is said in its words', async ({ mock, page }) => {
  await mock.open('state');
  await page.keyboard.press('u');
  await expect(page.locator('#call-outcome')).toHaveText('Done'); // the reset of this test
  await page.keyboard.press('u');
  await expect(page.locator('#call-outcome')).toHaveText('/changes must be at most 0, which is all there is to undo');
});

test('the clock stops, goes on and is set', async ({ mock, page }) => {
  await mock.open('state');
  await page.keyboard.press('f');
  await expect.poll(async () => (await mock.control('GET', '/clock')).frozen).toBe(true);
  await page.getByLabel('Set to (UTC)').fill('2026-03-10T09:00');
  await page.getByRole('button', { name: 'Set the clock' }).click();
  await expect(page.locator('#time')).toHaveText('09:00:00');
  await page.getByRole('button', { name: 'Ten minutes later' }).click();
  await expect(page.locator('#time')).toHaveText('09:10:00');
  await page.keyboard.press('d');
  await expect(page.locator('#clock')).toHaveAttribute('title', /2026-03-11 09:10:00/);
  await page.keyboard.press('z');
  await expect.poll(async () => (await mock.control('GET', '/clock')).frozen).toBe(false);
});

test('a sandbox is forked, looked at and dropped', async ({ mock, page }) => {
  await mock.update({ displayName: 'Countess' });
  await mock.open('state');
  const copy = `${mock.name}-copy`;
  await page.getByLabel('Name of the copy').fill(copy);
  await page.getByRole('button', { name: 'Fork this sandbox' }).click();
  await expect(page.locator('#sandbox')).toHaveValue(copy);
  await expect(page).toHaveURL(new RegExp(`sandbox=${copy}`));
  await page.keyboard.press('2');
  await expect(page.getByRole('heading', { name: 'Countess' })).toBeVisible();
  await page.keyboard.press('4');
  await page.keyboard.press('Shift+D');
  await page.getByRole('dialog').getByRole('button', { name: 'Drop this sandbox' }).click();
  await expect(page.locator('#sandbox')).toHaveValue('default');
  await expect.poll(async () => (await mock.control('GET', '/sandboxes')).sandboxes.map((each: { name: string }) => each.name)).not.toContain(copy);
});

test('a sandbox that somebody else drops stays dropped, and its next life is shown', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.open();
  await expect(mock.rows()).toHaveCount(1);
  await fetch(`${server}/__mock/sandboxes/${mock.name}`, { method: 'DELETE', headers: { 'X-Mock-Control': '1' } });
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
  await page.waitForTimeout(500);
  const { sandboxes } = await (await fetch(`${server}/__mock/sandboxes`)).json();
  expect(sandboxes.map((each: { name: string }) => each.name)).not.toContain(mock.name);
  await mock.update({ displayName: 'Anew' });
  await expect(mock.rows()).toHaveCount(1);
  await page.keyboard.press('2');
  await expect(page.getByRole('heading', { name: 'Anew' })).toBeVisible();
});

test('rules break connections and delay answers, as often as they say', async ({ mock, page }) => {
  await mock.open('rules');
  await page.locator('#rule-operation').selectOption('getProfile');
  await page.getByRole('combobox', { name: 'Connection' }).selectOption('EMPTY_RESPONSE');
  await page.getByLabel('How often').fill('1');
  await expect(page.getByLabel('The rule as a curl line')).toContainText('{"operation":"getProfile","fault":"EMPTY_RESPONSE","times":1}');
  await page.getByRole('button', { name: 'Set the rule' }).click();
  await expect(page.locator('.rule')).toHaveCount(1);
  await expect(mock.ask('profile?fields=handle')).rejects.toThrow();
  await page.keyboard.press('1');
  await expect(mock.rows().first()).toContainText('EMPTY_RESPONSE');
  await page.keyboard.press('3');
  await page.getByRole('combobox', { name: 'Connection' }).selectOption('works');
  await page.getByLabel('Delay in ms').fill('-5');
  await page.getByRole('button', { name: 'Set the rule' }).click();
  await expect(page.locator('#rule-delay:user-invalid')).toBeFocused();
  await expect(page.locator('.rule')).toHaveCount(1);
  await page.getByLabel('Delay in ms').fill('100');
  await page.getByLabel('at most, in ms').fill('200');
  await page.getByRole('button', { name: 'Set the rule' }).click();
  await expect(page.getByText('100 to 200 ms late')).toBeVisible();
  await page.getByRole('button', { name: 'Remove all' }).click();
  await expect(page.getByText('No rules')).toBeVisible();
});

test('the state goes out as a file and comes in again', async ({ mock, page }) => {
  await mock.update({ displayName: 'Countess' });
  await mock.open('state');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  const path = await file.path();
  await mock.control('POST', '/reset');
  await page.getByLabel('Import').setInputFiles(path);
  await expect.poll(async () => (await mock.control('GET', '/users/ada')).profile.displayName).toBe('Countess');
});

test('light or dark is what the system says, until somebody chooses', async ({ mock, page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await mock.open();
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();
  await page.keyboard.press('t');
  await expect.poll(paper).not.toBe(dark);
  await page.reload();
  expect(await paper()).not.toBe(dark);
  await page.getByRole('button', { name: 'Theme' }).click();
  await expect.poll(paper).toBe(dark);
});

test('the greeting leads everywhere and its line works', async ({ mock, page }) => {
  await page.goto(`${mock.url}/`);
  await expect(page.locator('#sessions')).toContainText('ada-session');
  await page.getByRole('button', { name: 'Copy ada-session', exact: true }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('ada-session');
  await expect(page.getByLabel('A line to try')).toContainText('Bearer ada-session');
  await page.getByRole('link', { name: 'The window' }).click();
  await expect(page.locator('#live')).toHaveText('Live');
  await expect(page.locator('#sandbox')).toHaveValue(mock.name);
});

test('the API reference tries calls against the mock with a session filled in', async ({ mock, page, complaints }) => {
  await page.goto(`${server}/__mock/docs?sandbox=${mock.name}`);
  await page.locator('#operations-Profile-listReferrals').click();
  await page.getByRole('button', { name: 'Execute' }).click();
  await expect(page.locator('.live-responses-table')).toContainText('"total": 3');
  expect((await mock.control('GET', '/requests')).requests[0]).toMatchObject({ operation: 'listReferrals', user: 'ada', status: 200 });
  await page.getByRole('link', { name: 'Control API' }).click();
  await expect(page.getByText('/__mock/clock').first()).toBeVisible();
  expect(complaints).toEqual([]);
});
