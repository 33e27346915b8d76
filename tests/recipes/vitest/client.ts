import type { Mock } from './mock';

/** Stands for the code under test. */
export async function call(mock: Mock, path: string, body?: unknown, session = 'ada-session') {
  const answer = await fetch(`${mock.url}/v1/user/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${session}`, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}
