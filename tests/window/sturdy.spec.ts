import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, headers, server, test } from './mock';

const VIEWS: [string, string, string?][] = [
  ['the greeting', '/'],
  ['no requests', '/__mock/ui?sandbox=axe-empty#/requests'],
  ['requests', '/__mock/ui?sandbox=axe#/requests', '.row'],
  ['world', '/__mock/ui?sandbox=axe#/world', '.session'],
  ['rules', '/__mock/ui?sandbox=axe#/rules', '.rule'],
  ['state', '/__mock/ui?sandbox=axe#/state', '.snapshot'],
];

/** Judge a page; it has no frames, so axe need not open pages of its own to look into them, nor list all that is right. */
const judged = async (page: Page) => (await new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] }).analyze()).violations
  .map(({ id, impact, nodes }) => ({ impact, said: `${id}: ${nodes.map((node) => node.html).join('\n')}` }));

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing in any view, ${theme}`, async ({ page, mock }) => {
    test.slow();
    await mock.ask('notifications?page=0');
    await mock.update({ displayName: 'Countess' });
    await mock.control('POST', '/rules', { operation: 'getProfile', code: 401, times: 1 });
    await mock.ask('profile?fields=handle'); // uses the rule up
    await mock.control('PUT', '/snapshots/before');
    await page.emulateMedia({ colorScheme: theme });
    const judge = async (name: string) => expect(await judged(page), name).toEqual([]);
    for (const [name, path, ready] of VIEWS) {
      await page.goto(server + path.replace('sandbox=axe#', `sandbox=${mock.name}#`));
      if (path.includes('ui')) await expect(page.locator('#live')).toHaveText('Live');
      if (ready) await expect(page.locator(ready).first()).toBeVisible();
      await judge(name);
    }
    await page.keyboard.press('1');
    await mock.rows().last().click();
    await expect(page.locator('.violation').first()).toBeVisible();
    await judge('an open request');
    await page.setViewportSize({ width: 360, height: 740 });
    await judge('an open request on a phone');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('combobox', { name: 'Operation' })).toBeVisible();
    await judge('requests on a phone');
    await page.getByRole('searchbox').fill('nothing like it');
    await expect(page.getByText('Nothing matches')).toBeVisible();
    await judge('nothing matches');
    await page.getByRole('searchbox').blur();
    await page.keyboard.press('?');
    await judge('the keys');
    await page.goto(`${process.env.PROTECTED_URL}/__mock/ui`);
    await expect(page.getByRole('dialog', { name: 'This mock is protected' })).toBeVisible();
    await judge('the token');
  });

  test(`axe finds nothing serious in the API reference, ${theme}`, async ({ page, mock }) => {
    test.slow();
    await page.emulateMedia({ colorScheme: theme });
    const judge = async (name: string) => {
      const serious = (await judged(page)).filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious, name).toEqual([]);
    };
    const open = (title: string) => page.locator('.opblock-summary-control').filter({ hasText: title }).click();
    await page.goto(`${server}/__mock/docs?sandbox=${mock.name}`);
    await open('List the users that one has referred');
    await page.getByRole('button', { name: 'Execute' }).click();
    await expect(page.locator('.live-responses-table')).toContainText('"total": 3');
    await open('Change fields');
    await expect(page.getByLabel('Request body')).toBeVisible();
    await judge('the API');
    await page.locator('.btn.authorize').click();
    await expect(page.getByText('Available authorizations')).toBeVisible();
    await judge('authorizations');
    await page.goto(`${server}/__mock/docs?sandbox=${mock.name}&api=control`);
    await open('Freeze, set, advance or reset the clock');
    await open('Ask what time it is');
    await expect(page.getByLabel('X-Mock-Sandbox')).toHaveCount(2);
    await judge('the control API');
  });
}

for (const width of [360, 768, 1280, 2560]) {
  test(`nothing is cut off at ${width} px`, async ({ page, mock }) => {
    await mock.ask(`profile?fields=${'x'.repeat(300)}`);
    await mock.update({ biography: 'y'.repeat(400) });
    await page.setViewportSize({ width, height: 800 });
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    for (const view of ['requests', 'world', 'rules', 'state']) {
      await mock.open(view);
      await page.waitForTimeout(200);
      expect(await wide(), view).toBeLessThanOrEqual(0);
      const inner = await page.locator(`#${view}`).evaluate((element) => element.scrollWidth - element.clientWidth);
      expect(inner, view).toBeLessThanOrEqual(1);
    }
    await page.keyboard.press('1');
    for (const n of [0, 1]) {
      await page.keyboard.press('j');
      await expect(page.locator('#detail h2')).toBeVisible();
      expect(await page.locator('#detail').evaluate((element) => element.scrollWidth - element.clientWidth), `detail ${n}`).toBeLessThanOrEqual(1);
    }
    await page.goto(`${mock.url}/`);
    expect(await wide(), 'greeting').toBeLessThanOrEqual(0);
  });
}

test('the first load transfers less than 150 kB, and nothing from elsewhere', async ({ page, mock, context }) => {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  const origins = new Set<string>();
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  page.on('request', (request) => request.url().startsWith('data:') || origins.add(new URL(request.url()).origin));
  await mock.open('world');
  await expect(page.locator('.session').first()).toBeVisible();
  expect([...origins]).toEqual([server]);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(150_000);
});

test('ten thousand entries are there, and only the visible ones exist', async ({ page, mock }) => {
  test.slow();
  await load(mock.url, 10_000);
  await mock.open();
  await expect(page.locator('#count')).toHaveText('10,000 requests');
  expect(await mock.rows().count()).toBeLessThan(60);
  const drawn = await page.evaluate(async () => {
    const box = document.getElementById('rows')!;
    const inView = (row: Element) => {
      const { top, bottom } = row.getBoundingClientRect(), { top: from, bottom: to } = box.getBoundingClientRect();
      return bottom > from && top < to;
    };
    const frames: number[] = [];
    for (let at = 0; at < 60; at += 1) {
      box.scrollTop += 900;
      await new Promise(requestAnimationFrame); // the list draws in this frame
      await new Promise(requestAnimationFrame);
      frames.push([...box.querySelectorAll('.row')].filter(inView).length);
    }
    return { frames, needed: Math.floor(box.clientHeight / 34) };
  });
  expect(Math.min(...drawn.frames), 'rows in view in the emptiest frame while scrolling').toBeGreaterThanOrEqual(drawn.needed);
  await page.locator('#rows').focus();
  await page.keyboard.press('End');
  await expect(mock.rows().last()).toHaveAttribute('aria-posinset', '10000');
  await page.getByRole('searchbox').fill('no such thing');
  await expect(page.getByText('Nothing matches')).toBeVisible();
});

test('the list stays live at 500 requests a second', async ({ page, mock }) => {
  test.slow();
  await mock.open();
  await page.evaluate(() => {
    let counted = 0;
    new MutationObserver(() => { document.body.dataset.counted = String(counted += 1); }).observe(document.getElementById('count')!, { childList: true });
  });
  const asking = load(mock.url, 1500, 500);
  await expect(page.locator('#count')).toHaveText(/^\d{2,}|,/);
  const { x, y } = (await page.locator('#rows').boundingBox())!;
  await page.mouse.click(x + 200, y + 100); // it answers to the mouse although it moves
  await expect(page.locator('#detail h2')).toHaveText('GET /v1/user/referrals');
  await asking;
  await expect(page.locator('#count')).toHaveText('1,500 requests'); // none is lost, however busy the machine was
  expect(await page.evaluate(() => Number(document.body.dataset.counted)), 'how often the count was drawn').toBeGreaterThan(5);
});

/** Ask so many requests, at most so many a second. */
function load(url: string, count: number, rate = 0): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['load.mjs', `${url}/v1/user/referrals`, String(count), String(rate)], { stdio: 'inherit' });
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`load.mjs ended with ${code}`))));
  });
}

test('the window says when the mock is gone, comes back by itself, and sees a scenario that is saved', async ({ page }) => {
  test.slow();
  const command = ['-m', 'mock_server', '--port', process.env.SPARE_PORT!, '--watch', '--fixtures', 'scenario.yaml'];
  const start = () => new Promise<ChildProcess>((resolve) => {
    const child = spawn(process.env.PYTHON!, command, { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout!.once('data', () => resolve(child));
  });
  const stop = (child: ChildProcess) => new Promise((resolve) => { child.once('close', resolve); child.kill('SIGTERM'); });
  const url = `http://127.0.0.1:${process.env.SPARE_PORT}`;
  await writeFile('scenario.yaml', 'users: [{username: ada, displayName: Before}]\nsessions: [{token: ada-session, username: ada}]\n');
  let child = await start();
  try {
    await page.goto(`${url}/__mock/ui`);
    await expect(page.locator('#live')).toHaveText('Live');
    await fetch(`${url}/v1/user/referrals`, { headers: headers() });
    await expect(page.locator('.row')).toHaveCount(1);
    await stop(child);
    await expect(page.getByRole('alert').filter({ hasText: 'The mock does not answer' })).toBeVisible();
    child = await start();
    await expect(page.locator('#live')).toHaveText('Live');
    await expect(page.locator('.row')).toHaveCount(0); // it is another life
    await fetch(`${url}/v1/user/referrals`, { headers: headers() });
    await expect(page.locator('.row')).toHaveCount(1);
    await page.keyboard.press('2');
    await expect(page.getByRole('heading', { name: 'Before' })).toBeVisible();
    await writeFile('scenario.yaml', 'users: [{username: ada, displayName: After}]\n');
    await expect(page.getByRole('heading', { name: 'After' })).toBeVisible();
    await expect(page.getByText('Nobody is signed in')).toBeVisible();
  } finally {
    await stop(child);
  }
});
