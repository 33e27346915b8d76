import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, server, test } from './mock';

test('a request appears the moment it is answered, and opens to all that is known of it', async ({ mock, page }) => {
  await mock.open();
  await expect(page.getByText('Nothing was asked yet')).toBeVisible();
  await mock.update({ biography: 'Née Byron' });
  await mock.rows().first().click();
  const detail = page.getByRole('region', { name: 'The open request' });
  await expect(detail.getByRole('heading', { level: 2 })).toHaveText('POST /v1/user/profile');
  await expect(detail.locator('dl').first()).toContainText('updateProfile');
  const row = detail.getByRole('row').nth(1);
  await expect(row).toContainText('/users/ada/biography');
  await expect(row.getByRole('cell')).toHaveText(['/users/ada/biography', '"Wrote the first program.."', '"Née Byron"']);
  await expect(detail.getByLabel('Request body')).toContainText('"biography": "Née Byron"');
  await expect(detail.getByLabel('Answer body')).toContainText('"username": "ada"');
  await detail.getByText('headers').first().click();
  await expect(detail.locator('details dl').first()).toContainText('authorization***');
});

test('every violation stands beside the part of the contract that it breaks', async ({ mock, page }) => {
  await mock.ask('notifications?page=0&limit=101');
  await mock.update({ handle: 'No!', dateOfBirth: { year: 1985, month: 13 } });
  await mock.open();
  await mock.rows().nth(1).click();
  const violations = page.locator('.violation');
  await expect(violations).toHaveCount(3);
  await expect(violations.locator('mark')).toHaveText(['  minimum: 1\n', '  maximum: 100\n', 'required: true\n']);
  await expect(violations.nth(1)).toContainText('paths › /v1/user/notifications › get › parameters › limit');
  await expect(violations.nth(1)).toContainText('Decided by this project: A screenful by default');
  await expect(violations.nth(2)).not.toContainText('Decided by this project');
  await mock.rows().nth(0).click();
  await expect(violations.filter({ hasText: '/handle' }).locator('mark')).toContainText('pattern');
  await expect(violations.filter({ hasText: '/dateOfBirth/month' }).locator('mark')).toHaveText('maximum: 12\n');
  await expect(violations.filter({ hasText: '/dateOfBirth/day' }).locator('mark')).toHaveText('required: [year, month, day]\n');
});

test('a refusal says why, also where nothing of the contract was broken', async ({ mock, page }) => {
  await mock.ask('referrals', { session: 'ada-session-expired' });
  await mock.ask('profiles');
  await mock.open();
  await mock.rows().nth(1).click();
  await expect(page.locator('.why')).toContainText("The session token's lifetime is over.");
  await mock.rows().nth(0).click();
  await expect(page.locator('.why')).toContainText("getProfile (GET /v1/user/profile) is nearest; it has 'profile' where this path has 'profiles'");
});

test('a rule or a wish that decided is named, and nothing is shown that was not sent', async ({ mock, page }) => {
  const rule = await mock.control('POST', '/rules', { operation: 'listReferrals', code: 401, example: 'SESSION_TOKEN_EXPIRED', delay: 60, times: 1 });
  await mock.ask('referrals');
  await mock.ask('profile?fields=handle&__code=500');
  await mock.control('POST', '/rules', { operation: 'listReferrals', fault: 'EMPTY_RESPONSE', times: 1 });
  await mock.ask('referrals').catch(() => {});
  await mock.open();
  const why = page.locator('.why'), facts = page.locator('#detail dl').first();
  await mock.rows().nth(2).click();
  await expect(why).toContainText(`Rule ${rule.id}, number 1 of the list, asked for 401 SESSION_TOKEN_EXPIRED and had it wait 60 ms.`);
  await expect(why).not.toContainText('lifetime');
  await expect(facts).toContainText('60 ms of them on purpose');
  await mock.rows().nth(1).click();
  await expect(why).toContainText('The request itself (__code) asked for 500.');
  await mock.rows().nth(0).click();
  await expect(why).toContainText('had the connection broken (EMPTY_RESPONSE)');
  await expect(page.getByText('No body.')).toHaveCount(2);
  await expect(page.getByText('0 headers')).toBeVisible();
});

test('filters narrow the list by operation, status, violations, changes and text', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.ask('profile');
  await mock.update({ displayName: 'Countess' });
  await mock.ask('referrals', { session: 'grace-session' });
  await mock.ask('nowhere');
  await mock.open();
  const shown = async (...paths: string[]) => expect(mock.rows().locator('.target')).toHaveText(paths.map((path) => `/v1/user/${path}`));
  const operation = page.locator('#operation'), status = page.locator('#status');
  await shown('nowhere', 'referrals', 'profile', 'profile', 'referrals');
  await operation.selectOption('listReferrals');
  await shown('referrals', 'referrals');
  await page.getByRole('searchbox').fill('grace');
  await shown('referrals');
  await expect(page.locator('#count')).toHaveText('1 of 5 requests');
  await page.getByRole('searchbox').fill('');
  await operation.selectOption('(none)');
  await shown('nowhere');
  await operation.selectOption('any operation');
  await status.selectOption('4xx');
  await shown('nowhere', 'profile');
  await status.selectOption('404');
  await shown('nowhere');
  await status.selectOption('any status');
  await page.getByLabel('Violations').check();
  await shown('profile');
  await page.getByLabel('Violations').uncheck();
  await page.getByLabel('Changes').check();
  await shown('profile');
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(mock.rows()).toHaveCount(5);
});

test('a request is copied as a curl line, and replayed by the very same line', async ({ mock, page }) => {
  await mock.update({ biography: "it's" });
  await mock.open();
  await mock.rows().first().click();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  const line = `curl -H 'X-Mock-Sandbox: ${mock.name}' -H 'accept: */*' -H 'Authorization: Bearer ada-session' -H 'Content-Type: application/json' `
    + `--data-raw '{"biography":"it'\\''s"}' '${server}/v1/user/profile'`;
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(line);
  await mock.update({ biography: 'something else' });
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.locator('#call-line')).toHaveText(line);
  await expect(mock.rows()).toHaveCount(3);
  expect((await mock.control('GET', '/users/ada')).profile.biography).toBe("it's");
});

/** Send bytes as no browser would, and wait for the end of the answer. */
const raw = (start: string, lines: string[], body = Buffer.alloc(0)) => new Promise<void>((resolve, reject) => {
  const { hostname, port } = new URL(server);
  const head = [start, `Host: ${hostname}:${port}`, 'Connection: close', 'Authorization: Bearer ada-session', ...lines,
    ...(body.length ? [`Content-Length: ${body.length}`] : []), '', ''];
  const socket = connect(Number(port), hostname, () => socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), body])));
  socket.on('error', reject).on('close', () => resolve()).resume();
});
const json = 'Content-Type: application/json';
const ODD: [string, string, string[], string?, string?][] = [
  ['a path and a query that curl would take for patterns', 'GET /v1/user/by-id/a%20b%2F%C3%A9/public?containerId={1,2}&a[]=%27', []],
  ['a path that looks like another host', 'GET //v1/user/referrals', []],
  ['a HEAD request', 'HEAD /v1/user/referrals', []],
  ['a DELETE request', 'DELETE /v1/user/profile', []],
  ['a file name as a body', 'POST /v1/user/profile', [json], '@/etc/hostname'],
  ['a body without a type', 'POST /v1/user/profile', [], '{}'],
  ['what a terminal would obey', 'POST /v1/user/profile', [json], '{"biography": "\x1b[31m\r\n\\ it\'s \x85"}'],
  ['headers that a shell would run', 'POST /v1/user/profile', [json, 'Accept: $`touch owned`', "X-Text: '$(touch owned)"], '{}'],
  ['a method that a shell would run', 'A`B`$C /v1/user/profile', []],
  ['a body where none is usual', 'GET /v1/user/referrals', [], 'hello', 'impossible'],
  ['a path that is resolved elsewhere', 'GET /v1/user/../user/referrals', [], undefined, 'impossible'],
  ['a method that browsers do not send', 'TRACE /v1/user/referrals', [], undefined, 'impossible'],
];

test('odd requests are copied and replayed exactly, and nothing in them is run', async ({ mock, page }) => {
  test.slow();
  await mock.open();
  let asked = 0;
  const newest = async () => {
    await expect(page.locator('#count')).toHaveText(new RegExp(`^${asked += 1} request`));
    const [{ id }] = (await mock.control('GET', '/requests')).requests;
    await expect(mock.rows().first()).toHaveId(`row-${id}`);
    const { method, path, query, status, violations, asked: sent } = await mock.control('GET', `/requests/by-id/${id}`);
    const type = sent.headers.find((header: { name: string }) => header.name === 'content-type')?.value;
    return { method, path, query, status, violations, body: sent.body, type };
  };
  for (const [name, start, lines, body, impossible] of ODD) {
    await test.step(name, async () => {
      await raw(`${start} HTTP/1.1`, [...lines, `X-Mock-Sandbox: ${mock.name}`], body === undefined ? undefined : Buffer.from(body));
      const first = await newest();
      await page.evaluate(() => navigator.clipboard.writeText(''));
      await mock.rows().first().click();
      await expect(page.locator('#detail h2')).toHaveText(first.method + ' ' + first.path + (first.query && `?${first.query}`));
      await expect(page.locator('#detail')).toHaveAttribute('aria-busy', 'false');
      await page.getByRole('button', { name: 'Copy as curl' }).click();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^curl /);
      await promisify(execFile)('bash', ['-c', await page.evaluate(() => navigator.clipboard.readText())]);
      expect(await newest(), name).toEqual(first);
      expect(existsSync('owned'), 'the line ran something').toBe(false);
      const replay = page.getByRole('button', { name: 'Replay' });
      if (impossible) {
        await expect(replay).toBeDisabled();
        await expect(page.getByText('No browser can send this request')).toBeVisible();
      } else {
        await replay.click();
        expect(await newest(), name).toEqual(first);
      }
    });
  }
});

test('a body that is no text can neither be copied nor replayed', async ({ mock, page }) => {
  for (const bytes of [[0x7b, 0xff, 0x7d], [0x7b, 0x00, 0x7d]]) {
    await raw('POST /v1/user/profile HTTP/1.1', [json, `X-Mock-Sandbox: ${mock.name}`], Buffer.from(bytes));
  }
  await mock.open();
  for (const at of [0, 1]) {
    await mock.rows().nth(at).click();
    await expect(page.getByRole('button', { name: 'Copy as curl' })).toBeDisabled();
    await expect(page.getByRole('button', { name: 'Replay' })).toBeDisabled();
  }
});

test('a link with a wicked name of a sandbox shows no line that runs it', async ({ page }) => {
  await page.goto(`${server}/__mock/ui?sandbox=${encodeURIComponent("x';id;'$(id)")}#/state`);
  await page.getByRole('button', { name: 'Undo the last change' }).hover();
  await expect(page.locator('#call-line')).toHaveText(/curl/);
  expect(await page.content()).not.toContain(';id;');
});

test('a request whose secret was not kept cannot be replayed, and says so', async ({ mock, page }) => {
  await mock.ask('auth/refresh-session', { method: 'POST', body: '{"refreshToken": "ada-session-refresh"}' });
  await mock.open();
  await mock.rows().first().click();
  await expect(page.getByRole('button', { name: 'Replay' })).toBeDisabled();
  await expect(page.getByText('A part of this request was not kept')).toBeVisible();
  await expect(page.getByRole('region', { name: 'The open request' })).not.toContainText('session-refresh"');
});

test('from a refused request it is one step to answering it otherwise', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.open();
  await mock.rows().first().click();
  await page.keyboard.press('o');
  await expect(page.getByRole('combobox', { name: 'Answer' })).toBeFocused();
  await expect(page.locator('#rule-operation')).toHaveValue('listReferrals');
  await page.getByRole('combobox', { name: 'Answer' }).selectOption({ label: '401 · SESSION_TOKEN_EXPIRED' });
  await page.getByLabel('How often').fill('1');
  await page.keyboard.press('Enter');
  await expect(page.getByText('answers 401 SESSION_TOKEN_EXPIRED')).toBeVisible();
  expect((await mock.ask('referrals')).status).toBe(401);
  await expect(page.getByText('1 of 1 time · hit 1 time')).toBeVisible();
  expect((await mock.ask('referrals')).status).toBe(200);
});

test('a request that comes while the list is read again stays in it', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.open();
  await expect(mock.rows()).toHaveCount(1);
  await page.route('**/__mock/requests?limit=*', async (route) => {
    const response = await route.fetch(); // it lacks what comes now
    await mock.ask('profile');
    await expect(mock.rows().first()).toContainText('/v1/user/profile');
    await route.fulfill({ response });
  });
  const read = page.waitForResponse('**/__mock/requests?limit=*');
  await mock.control('DELETE', '/requests');
  await (await read).finished();
  await page.waitForTimeout(300); // the page takes it in
  await expect(mock.rows()).toHaveCount(1);
  await expect(mock.rows().first()).toContainText('/v1/user/profile');
});

test('the keyboard alone is enough', async ({ mock, page }) => {
  await mock.ask('referrals');
  await mock.ask('profile');
  await mock.open();
  await expect(mock.rows()).toHaveCount(2);
  await page.keyboard.press('j');
  await expect(page.locator('#detail h2')).toHaveText('GET /v1/user/profile');
  await page.keyboard.press('j');
  await expect(page.locator('#detail h2')).toHaveText('GET /v1/user/referrals');
  await page.keyboard.press('Escape');
  await expect(page.getByText('Choose a request')).toBeVisible();
  await page.keyboard.press('v');
  await expect(mock.rows()).toHaveCount(1);
  await page.keyboard.press('/');
  await page.keyboard.type('jj'); // in a field a key is a letter
  await expect(page.getByRole('searchbox')).toHaveValue('jj');
  await page.keyboard.press('Escape');
  for (const [key, view] of [['2', 'world'], ['3', 'rules'], ['4', 'state'], ['1', 'requests']]) {
    await page.keyboard.press(key);
    await expect(page.locator(`#${view}`)).toBeVisible();
  }
  for (const [key, view, field] of [['i', 'world', 'User'], ['n', 'rules', 'Operation'], ['e', 'state', 'Start from'], ['m', 'state', 'Set to (UTC)']]) {
    await page.keyboard.press(key);
    await expect(page.locator(`#${view}`).getByLabel(field)).toBeFocused();
    await page.keyboard.press('Escape');
  }
  await page.keyboard.press('1');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toContainText('Replay the open request');
  await page.getByLabel('Single keys do something').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('2');
  await expect(page.locator('#requests')).toBeVisible();
});
