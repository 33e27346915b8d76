import { test as base, expect, type Page } from '@playwright/test';

export const server = process.env.MOCK_URL!;
export const headers = (session = 'ada-session') => ({ Authorization: `Bearer ${session}`, 'Content-Type': 'application/json' });

/** A sandbox of the mock for one test, and the window that looks at it. */
export class Mock {
  readonly url: string;

  constructor(readonly name: string, readonly page: Page) {
    this.url = `${server}/__sandbox/${name}`;
  }

  async control(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.url}/__mock${path}`, {
      method, headers: { 'X-Mock-Control': '1', 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Ask the API as an app would. */
  ask(path: string, init: RequestInit & { session?: string } = {}) {
    return fetch(`${this.url}/v1/user/${path}`, { headers: headers(init.session), ...init });
  }

  update(body: unknown) {
    return this.ask('profile', { method: 'POST', body: JSON.stringify(body) });
  }

  /** Open a view of the window and wait until it is live. */
  async open(view = 'requests', query = '') {
    await this.page.goto(`${server}/__mock/ui?sandbox=${this.name}${query}#/${view}`);
    await expect(this.page.locator('#live')).toHaveText('Live');
  }

  rows() {
    return this.page.getByRole('listbox', { name: 'Requests' }).getByRole('option');
  }
}

/** A test with a sandbox of its own; whatever the page complains of fails it. */
export const test = base.extend<{ mock: Mock; complaints: string[] }>({
  complaints: async ({}, use) => use([]),
  mock: async ({ page, complaints }, use, info) => {
    page.on('console', (message) => {
      const refused = message.text().startsWith('Failed to load resource'); // Chromium says so of every 4xx
      if (message.type() === 'error' && !refused) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    const mock = new Mock(`w-${info.testId}-${info.retry}`.slice(0, 60), page);
    await mock.control('POST', '/reset');
    await use(mock);
    await mock.control('DELETE', `/sandboxes/${mock.name}`).catch(() => {});
    expect(complaints, 'the page complained').toEqual([]);
  },
});

export { expect };
