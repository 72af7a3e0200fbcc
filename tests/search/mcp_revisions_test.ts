/** Servers that speak one revision of MCP each, over HTTP. */
import { strictEqual } from "node:assert/strict";
import { Effect, Layer, Schema } from "effect";
import * as McpProtocol from "effect/ai/McpProtocol";
import * as McpServer from "effect/ai/McpServer";
import * as Tool from "effect/ai/Tool";
import * as Toolkit from "effect/ai/Toolkit";
import * as HttpRouter from "effect/http/HttpRouter";
import { openMcp } from "../../src/search/mcp.ts";
import { serve } from "./services.ts";

const toolkit = Toolkit.make(Tool.make("add", {
  description: "Adds",
  parameters: Schema.Struct({ a: Schema.Int, b: Schema.Int }),
  success: Schema.Int,
}));
const registrations = McpServer.toolkit(toolkit).pipe(
  Layer.provide(toolkit.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })),
);

const REVISIONS = [
  McpProtocol.v2024_11_05,
  McpProtocol.v2025_03_26,
  McpProtocol.v2025_06_18,
  McpProtocol.v2025_11_25,
  McpProtocol.v2026_07_28,
];

for (const revision of REVISIONS) {
  Deno.test(`openMcp() uses a server that knows only MCP of ${revision.protocolVersion}`, async () => {
    const app = McpServer.layerHttp({
      name: "adder",
      version: "1",
      path: "/mcp",
      protocols: [revision],
      registrations,
    });
    const { handler, dispose } = HttpRouter.toWebHandler(app, { disableLogger: true });
    await using service = serve((request) => handler(request));
    const sum = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const [add] = yield* openMcp(`${service.url}mcp`, { deadline: 10 });
      return yield* add!.run({ a: 2, b: 3 });
    })));
    strictEqual(sum, "5");
    await dispose();
  });
}
