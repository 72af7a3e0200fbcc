// deno-lint-ignore-file no-console
/**
 * An MCP server on stdio that is good or bad as its first argument says. It holds a connection to the port of its second
 * argument for as long as it lives.
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { command } from "../../driver/command.ts";

interface Request {
  readonly id?: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const [mode = "", port] = Deno.args;
const life = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
let cancelled = 0;

const tool = (name: string) => ({ name, inputSchema: { type: "object" } });
const NAMES: Readonly<Record<string, ReadonlyArray<string>>> = {
  twice: ["one", "two", "one"],
  spaced: ["a tool\u001b[31m"],
  none: [],
};
const CALLS: Readonly<Record<string, () => unknown>> = {
  die: () => Deno.exit(1),
  huge: () => text("x".repeat(100_000)),
  garble: () => console.log("no JSON"),
  wait: () => undefined,
  cancelled: () => text(String(cancelled)),
  failing: () => ({ ...text("no\nsuch \u001b[31mthing"), isError: true }),
  structured: () => ({ content: [], structuredContent: { found: 1 } }),
};
const text = (text: string) => ({ content: [{ type: "text", text }] });

/** The result of a request, undefined for none. */
function resultOf({ method, params }: Request): unknown {
  switch (method) {
    case "initialize":
      if (mode === "silent") return undefined;
      return {
        protocolVersion: mode === "old" ? "2024-11-05" : params["protocolVersion"],
        capabilities: { tools: {} },
        serverInfo: { name: "test", version: "1" },
      };
    case "tools/list": {
      if (mode === "unlisted") return { tools: "many" };
      if (mode in NAMES) return { tools: NAMES[mode]!.map(tool) };
      const [first = "", ...others] = Object.keys(CALLS);
      if (params["cursor"] === "2") return { tools: others.map(tool) };
      return { tools: [{ ...tool(first), description: " Ends\n at once " }], nextCursor: "2" };
    }
    case "tools/call":
      return CALLS[String(params["name"])]!();
  }
}

if (mode === "garbage") console.log("Welcome!");
if (mode === "exit") {
  // As a program does that throws: the reason, then where.
  console.error("loading\n\u001b[31mThe key is missing\u001b[0m\n    at server.ts:1\n\nGoodbye");
  Deno.exit(3);
}
if (mode === "stubborn") {
  Deno.addSignalListener("SIGTERM", () => {});
  setInterval(() => {}, 1000);
}
if (mode === "silent") console.error("loading");
if (mode === "nested") {
  // As a launcher does that starts the server proper.
  const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", import.meta.url];
  const child = command("deno", { args: [...args, "stubborn", port!], stdin: "inherit" }).spawn();
  await child.status;
}

for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line);
  if (request.method === "notifications/cancelled") cancelled++;
  const result = request.id === undefined ? undefined : resultOf(request);
  if (result !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id: request.id, result }));
}
if (mode !== "stubborn") life.close();
