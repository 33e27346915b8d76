import { test as base } from 'vitest';

const server = process.env.MOCK_URL ?? 'http://127.0.0.1:4010';

/** One sandbox of the mock: `url` is the base URL for the code under test. */
export class Mock {
  readonly sandbox = `test-${crypto.randomUUID()}`;
  readonly url = `${server}/__sandbox/${this.sandbox}`;

  /** Call the control API, such as `POST` `/reset`. */
  async control(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.url}/__mock${path}`, {
      method,
      headers: { 'X-Mock-Control': '1', 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }
}

/** A test with a mock of its own, whatever runs beside it. */
export const test = base.extend<{ mock: Mock }>({
  mock: async ({}, use) => {
    const mock = new Mock();
    await mock.control('POST', '/reset');
    await use(mock);
    await mock.control('DELETE', `/sandboxes/${mock.sandbox}`);
  },
});
