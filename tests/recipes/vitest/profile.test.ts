import { describe } from 'vitest';
import { call } from './client';
import { test } from './mock';

describe.concurrent('profile', () => {
  test.for([1, 2, 3, 4, 5])('renames somebody in a world of its own, %i', async (number, { mock, expect }) => {
    expect((await call(mock, 'profile?fields=displayName')).body).toEqual({ displayName: 'Ada Lovelace' });
    await call(mock, 'profile', { displayName: `Name ${number}` });
    expect((await call(mock, 'profile?fields=displayName')).body).toEqual({ displayName: `Name ${number}` });
  });
});
