/** The tools of any MCP server. */
import { Effect, Predicate, Result, type Scope } from "effect";
import type * as McpSchema from "effect/ai/McpSchema";
import { BadInput } from "../domain/errors.ts";
import { type RunTool, type Tool, ToolCallRejected, ToolCrashed } from "../environment/tool.ts";
import { line } from "../files/fetch_error.ts";
import { PATIENCE } from "./ask.ts";
import {
  type Connection,
  connectTo,
  explain,
  keepConnected,
  type McpFailed,
  whyOf,
} from "./mcp_connection.ts";
import { isSessionLost, type OpenTransport, overHttp, overStdio } from "./mcp_transport.ts";
import { isBareAddress } from "./open.ts";

/** How much is put up with. */
export interface McpOptions {
  /** Seconds that a call may take. It gives up a little earlier, so that it can say why. */
  readonly deadline: number;
  /** Seconds that the server may take to start, and then to list its tools. @default {60} */
  readonly startSeconds?: number;
  /** Most bytes of an answer. @default {PATIENCE.bytes} */
  readonly bytes?: number;
}

/**
 * The tools of an MCP server, which is connected to until the scope closes. `name` is its address (streamable HTTP), or
 * the command line that starts it (stdio): words between white space, no shell, and the environment of this program. A
 * server that has ended is started again by the next call.
 */
export const openMcp = Effect.fn("openMcp")(function* (
  name: string,
  { deadline, startSeconds = 60, bytes = PATIENCE.bytes }: McpOptions,
): Effect.fn.Return<ReadonlyArray<Tool>, BadInput, Scope.Scope> {
  const { open, label } = yield* transportTo(name, bytes);
  const because = (rule: string) => ({ message }: { readonly message: string }) =>
    new BadInput({ message: `Cannot use the tools of "${label}" as ${rule}: ${message}` });
  const current = yield* keepConnected(connectTo(open, startSeconds)).pipe(
    Effect.mapError(because(`it must answer as an MCP server within ${startSeconds} s`)),
  );
  const connection = yield* Effect.mapError(current, because("it must stay connected"));
  const tools = yield* connection.client.listTools().pipe(
    Effect.catch((failure) => explain(failure, connection)),
    Effect.mapError(because(`it must list them within ${startSeconds} s`)),
  );
  const broken = brokenRule(tools.map((tool) => tool.name));
  if (broken !== null) return yield* because(broken.rule)(broken);
  return tools.map((tool) => ({
    spec: {
      name: tool.name,
      description: (tool.description ?? tool.title ?? "").replaceAll(/\s+/g, " ").trim(),
      parameters: tool.inputSchema,
    },
    run: runOf(tool, current, 0.9 * deadline),
  }));
});

/** How to reach the server of a name, and what messages call it: an address may hold a key. */
const transportTo = Effect.fnUntraced(function* (
  name: string,
  bytes: number,
): Effect.fn.Return<{ readonly open: OpenTransport; readonly label: string }, BadInput> {
  if (!/^https?:/i.test(name)) {
    const words = name.split(/\s+/).filter((word) => word !== "");
    if (words.length > 0) return { open: overStdio(words, bytes), label: line(name) };
  }
  const url = URL.parse(name);
  if (url !== null && isBareAddress(url)) {
    return { open: overHttp(url, bytes), label: url.host };
  }
  // The value may hold a password.
  return yield* new BadInput({
    message:
      "Cannot use the tools of this MCP server as it must be named by a command line, or by an " +
      "address like http://127.0.0.1:3001/mcp, without a user or a password",
  });
});

/** What the agent can call in JSON between tags, and what a terminal can print. */
const NAME = /^[\w./-]{1,128}$/;

/** The rule that the names break, and how. */
function brokenRule(names: ReadonlyArray<string>) {
  if (names.length === 0) return { rule: "it must offer some", message: "it offers none" };
  const bad = names.find((name) => !NAME.test(name));
  if (bad !== undefined) {
    const rule = "their names must have 1 to 128 letters, digits and characters of _ . / -";
    return { rule, message: `current value is "${line(bad)}"` };
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return null;
  return { rule: "each must have a name of its own", message: `"${twice}" is there twice` };
}

/** Calls the tool within so many seconds. */
function runOf(
  tool: McpSchema.Tool,
  current: Effect.Effect<Connection, McpFailed>,
  seconds: number,
): RunTool {
  return (callArguments) => {
    if (!Predicate.isReadonlyObject(callArguments)) {
      return Effect.fail(new ToolCallRejected({ message: "arguments must be a JSON object" }));
    }
    return call(tool, callArguments, current).pipe(
      Effect.mapError((failure) =>
        new ToolCrashed({ kind: "unreachable", message: whyOf(failure) })
      ),
      Effect.timeoutOrElse({
        duration: `${seconds} seconds`,
        orElse: () => {
          const message = `its server gave no result within ${seconds} s`;
          return Effect.fail(new ToolCrashed({ kind: "late", message }));
        },
      }),
      Effect.flatMap(read),
    );
  };
}

const call = Effect.fnUntraced(function* (
  tool: McpSchema.Tool,
  callArguments: Readonly<Record<string, unknown>>,
  current: Effect.Effect<Connection, McpFailed>,
) {
  const request = { tool, arguments: callArguments };
  const called = yield* Effect.result((yield* current).client.callTool(request));
  if (Result.isSuccess(called)) return called.success;
  if (!isSessionLost(called.failure)) return yield* called.failure;
  return yield* (yield* current).client.callTool(request);
});

/** Texts of a result, one a line; other parts by their kind. */
function read(
  { content, structuredContent, isError }: McpSchema.CallToolResult,
): Effect.Effect<string, ToolCrashed> {
  const parts = content.map((part) => part.type === "text" ? part.text : `[${part.type}]`);
  if (isError === true) return Effect.fail(new ToolCrashed({ message: line(parts.join(" ")) }));
  // Most servers write this as a text too.
  if (parts.length === 0 && structuredContent !== undefined) {
    return Effect.succeed(JSON.stringify(structuredContent));
  }
  return Effect.succeed(parts.join("\n"));
}
