import { describe, expect } from 'vitest';
import { Mock, test } from './mock';

/** Stands for the code under test. */
async function call(mock: Mock, path: string, body?: unknown, session = 'ada-session') {
  const answer = await fetch(`${mock.url}/v1/user/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${session}`, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

describe.concurrent('profile', () => {
  test.for([1, 2, 3, 4, 5])('renames somebody in a world of its own, %i', async (number, { mock, expect }) => {
    expect((await call(mock, 'profile?fields=displayName')).body).toEqual({ displayName: 'Ada Lovelace' });
    await call(mock, 'profile', { displayName: `Name ${number}` });
    expect((await call(mock, 'profile?fields=displayName')).body).toEqual({ displayName: `Name ${number}` });
  });

  test('recovers from an expired session', async ({ mock }) => {
    const { token, refreshToken } = await mock.control('POST', '/sessions', { username: 'ada' });
    await mock.control('PATCH', `/sessions/${token}`, { expiresIn: 0 });
    expect((await call(mock, 'referrals', undefined, token)).body.code).toBe('SESSION_TOKEN_EXPIRED');
    const { body } = await call(mock, 'auth/refresh-session', { refreshToken });
    expect((await call(mock, 'referrals', undefined, body.sessionToken)).status).toBe(200);
  });

  test('is refused exactly once', async ({ mock }) => {
    await mock.control('PATCH', '/sessions/ada-session', { refuseOnce: 'SESSION_TOKEN_EXPIRED' });
    expect([(await call(mock, 'referrals')).status, (await call(mock, 'referrals')).status]).toEqual([401, 200]);
  });

  test('meets a connection that breaks', async ({ mock }) => {
    await mock.control('POST', '/rules', { fault: 'EMPTY_RESPONSE', times: 1 });
    await expect(call(mock, 'referrals')).rejects.toThrow('fetch failed');
  });
});
