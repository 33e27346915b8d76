// Asks for one URL, `count` times and at most `rate` a second (0 for no limit).
import { Agent, request } from 'node:http';

const [url, count, rate] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const ask = () => new Promise((resolve, reject) => {
  request(url, { agent, headers: { Authorization: 'Bearer ada-session' } }, (answer) => answer.resume().on('end', resolve)).on('error', reject).end();
});

const begun = performance.now();
let asked = 0;
await Promise.all(Array.from({ length: 16 }, async () => {
  while (asked < count) {
    asked += 1;
    const early = rate ? begun + (asked / rate) * 1000 - performance.now() : 0;
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    await ask();
  }
}));
agent.destroy();
