import { expect, headers, server, test } from './mock';

test('a search finds what stands in bodies, and errors by their names, also as they come', async ({ mock, page }) => {
  await mock.update({ biography: 'Née Byron' });
  await mock.ask('referrals', { session: 'ada-session-expired' });
  await mock.ask('referrals');
  await mock.open();
  await expect(mock.rows()).toHaveCount(3);
  await page.getByRole('searchbox').fill('née byron');
  await expect(mock.rows().locator('.target')).toHaveText(['/v1/user/profile']);
  await page.getByRole('searchbox').fill('session_token_expired');
  await expect(mock.rows().locator('.status')).toHaveText(['401']);
  await mock.ask('profile?fields=handle', { session: 'ada-session-expired' });
  await expect(mock.rows()).toHaveCount(2);
  await page.getByRole('searchbox').fill('nowhere at all');
  await expect(mock.rows()).toHaveCount(0);
});

test('the address names the open request: a link leads to it, and the back button leaves it', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.ask('profile?fields=handle');
  const [newest, oldest] = (await mock.control('GET', '/requests')).requests;
  const title = page.locator('#detail h2');
  await mock.open();
  await mock.rows().nth(1).click();
  await expect(page).toHaveURL(new RegExp(`#/requests/${oldest.id}$`));
  await mock.rows().nth(0).click();
  await expect(title).toHaveText('GET /v1/user/profile?fields=handle');
  await page.goBack();
  await expect(title).toHaveText('GET /v1/user/referrals');
  await page.goBack();
  await expect(page.getByText('Choose a request')).toBeVisible();
  await page.goForward();
  await expect(title).toHaveText('GET /v1/user/referrals');
  await page.keyboard.press('2');
  await page.keyboard.press('1');
  await expect(title).toHaveText('GET /v1/user/referrals');
  await expect(page).toHaveURL(new RegExp(`#/requests/${oldest.id}$`));
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/#\/requests$/);
  await page.goto('about:blank');
  await mock.open(`requests/${newest.id}`);
  await expect(title).toHaveText('GET /v1/user/profile?fields=handle');
  await expect(mock.rows().first()).toHaveAttribute('aria-selected', 'true');
  await page.goto('about:blank');
  await mock.open('requests/999999999');
  await expect(page.getByText('Request 999999999 is not here')).toBeVisible();
});

test('nothing that cannot be brought back is done without a question', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.open();
  await expect(mock.rows()).toHaveCount(1);
  const dialog = page.getByRole('dialog', { name: `Forget the requests of the sandbox ${mock.name}?` });
  await page.keyboard.press('x');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('x');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  expect((await mock.control('GET', '/requests')).requests).toHaveLength(1);
  await page.getByRole('button', { name: 'Empty the journal' }).click();
  await dialog.getByRole('button', { name: 'Empty' }).click();
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
});

test('active rules and a clock that is not the real one are seen in every view', async ({ mock, page }) => {
  await mock.open();
  const rules = page.locator('#rules-badge'), clock = page.locator('#clock-state');
  await expect(rules).toBeHidden();
  await expect(clock).toBeHidden();
  await mock.control('POST', '/rules', { operation: 'listReferrals', code: 503, undocumented: true, times: 1 });
  await mock.control('POST', '/rules', { operation: 'getProfile', delay: 1 });
  await expect(rules).toHaveText('2 active');
  await mock.ask('referrals'); // uses one of them up
  await expect(rules).toHaveText('1 active');
  await mock.control('PUT', '/clock', { action: 'advance', seconds: 601 });
  await expect(clock).toHaveText(/^10 min/);
  await mock.control('PUT', '/clock', { action: 'freeze' });
  await expect(clock).toHaveText('stopped');
  await mock.control('POST', '/reset');
  await expect(clock).toBeHidden();
  await expect(rules).toBeHidden();
});

test('a row says whose answer it is, who asked, and how long the client waited', async ({ mock, page }) => {
  await mock.control('POST', '/rules', { operation: 'listReferrals', code: 401, delay: 120, times: 1 });
  await mock.ask('referrals');
  await mock.ask('referrals', { headers: { ...headers(), Prefer: 'code=404' } });
  await mock.open();
  await expect(mock.rows().locator('.said')).toHaveText(['by a wish', 'by a rule']);
  await expect(mock.rows().nth(1).locator('.took')).toHaveText(/^1[2-9]\d\.\d ms$/);
  await expect(mock.rows().nth(1).locator('.user')).toHaveText('ada');
  await page.setViewportSize({ width: 375, height: 740 });
  await expect(mock.rows().nth(1).locator('.took')).toBeVisible();
  await expect(mock.rows().nth(1).locator('.user')).toBeVisible();
});

test('a rule answers what the contract does not know', async ({ mock, page }) => {
  await mock.open('rules');
  await page.locator('#rule-operation').selectOption('refreshSession');
  await page.getByRole('combobox', { name: 'Answer' }).selectOption({ label: '503 · Service Unavailable' });
  await page.getByRole('button', { name: 'Set the rule' }).click();
  await expect(page.locator('.rule')).toContainText('answers 503, which is not documented, with Retry-After');
  const answer = await mock.ask('auth/refresh-session', { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2']);
});

test('a body is shown whole, and folds', async ({ mock, page }) => {
  await mock.ask('notifications?containerId=main&limit=100');
  await mock.open();
  await mock.rows().first().click();
  const body = page.getByLabel('Answer body');
  await expect(body.getByRole('button', { expanded: false })).toHaveCount(36);
  await expect(body).toContainText('"total": 36');
  const last = body.getByRole('button', { expanded: false }).last();
  await last.click();
  await expect(body.getByText('"containerId": "main"')).toHaveCount(1);
  await body.getByRole('button', { name: 'Fold items' }).click();
  await expect(body).toContainText('"items": [ 36 items ]');
  await expect(body.getByText('"containerId": "main"')).toBeHidden();
});

test('the requests of all sandboxes are shown together, and open', async ({ mock, page }) => {
  const other = `${mock.name.slice(0, 50)}-other`, url = `${server}/__sandbox/${other}/v1/user`;
  await mock.ask('profile?fields=handle');
  await fetch(`${url}/referrals`, { headers: headers() });
  await mock.open();
  await expect(mock.rows()).toHaveCount(1);
  await page.getByLabel('All sandboxes').check();
  const theirs = mock.rows().filter({ hasText: other });
  await expect(theirs).toHaveCount(1);
  await fetch(`${url}/profile?fields=biography`, { headers: headers() });
  await expect(theirs).toHaveCount(2);
  await theirs.first().click();
  await expect(page.locator('#detail h2')).toHaveText('GET /v1/user/profile?fields=biography');
  await expect(page.getByLabel('Answer body')).toContainText('"biography"');
  await expect(page).toHaveURL(new RegExp(`#/requests/${other}/\\d+$`));
  await page.getByLabel('All sandboxes').uncheck();
  await expect(mock.rows()).toHaveCount(1);
  await mock.control('DELETE', `/sandboxes/${other}`);
});
