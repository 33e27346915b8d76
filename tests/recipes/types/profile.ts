import createClient from 'openapi-fetch';
import type { paths } from './api';

const client = createClient<paths>({ baseUrl: process.env.MOCK_URL ?? 'http://127.0.0.1:4010' });
const headers = { Authorization: 'Bearer ada-session' };

const { data, error } = await client.GET('/v1/user/profile', {
  params: { query: { fields: ['displayName', 'handle'] } },
  headers,
});
if (error) throw new Error(`${error.code}: ${error.message}`); // the API's error, with its details
console.log(data.displayName ?? data.handle ?? 'nobody'); // the profile, whose fields may be null

const renewed = await client.POST('/v1/user/auth/refresh-session', { body: { refreshToken: 'ada-session-refresh' } });
if (renewed.error) throw new Error(renewed.error.code);
console.log(renewed.data.sessionToken);
