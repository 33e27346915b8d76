// Make clients of NAME.json in the folder NAME, with three generators in one process: node generate.mjs NAME…
import { mkdir, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { generate } from 'orval';

for (const name of process.argv.slice(2)) {
  const input = `${name}.json`;
  await mkdir(name, { recursive: true });
  await writeFile(`${name}/api.ts`, astToString(await openapiTypescript(pathToFileURL(input))));
  await createClient({ input, output: `${name}/hey`, logs: { level: 'silent', file: false } });
  await generate({ input, output: { target: `${name}/orval.ts`, client: 'fetch' } });
}
