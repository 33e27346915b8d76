// Scalar's mock server on a port, as its documentation shows it.
import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { createMockServer } from "@scalar/mock-server";
import { parse } from "yaml";

const [contract, port] = process.argv.slice(2);
const document = parse(readFileSync(contract, "utf8"));
// It answers the first listed error where a success is documented as `default`, so it gets to see that as 200.
for (const item of Object.values(document.paths)) {
  for (const { responses } of Object.values(item)) {
    if (responses?.default) responses["200"] = responses.default;
  }
}
const app = await createMockServer({ document });
serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
