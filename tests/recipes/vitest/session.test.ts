import { describe } from 'vitest';
import { call } from './client';
import { test } from './mock';

describe.concurrent('session', () => {
  test('recovers from an expired session', async ({ mock, expect }) => {
    const { token, refreshToken } = await mock.control('POST', '/sessions', { username: 'ada' });
    await mock.control('PATCH', `/sessions/${token}`, { expiresIn: 0 });
    expect((await call(mock, 'referrals', undefined, token)).body.code).toBe('SESSION_TOKEN_EXPIRED');
    const { body } = await call(mock, 'auth/refresh-session', { refreshToken });
    expect((await call(mock, 'referrals', undefined, body.sessionToken)).status).toBe(200);
  });

  test('is refused exactly once', async ({ mock, expect }) => {
    await mock.control('PATCH', '/sessions/ada-session', { refuseOnce: 'SESSION_TOKEN_EXPIRED' });
    expect([(await call(mock, 'referrals')).status, (await call(mock, 'referrals')).status]).toEqual([401, 200]);
  });

  test('meets a connection that breaks', async ({ mock, expect }) => {
    await mock.control('POST', '/rules', { fault: 'EMPTY_RESPONSE', times: 1 });
    await expect(call(mock, 'referrals')).rejects.toThrow('fetch failed');
  });
});
