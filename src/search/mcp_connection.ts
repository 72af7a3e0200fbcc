/** A connection to an MCP server that is opened again when it was lost. */
import { Effect, Exit, Result, Schema, Scope, ScopedRef, Semaphore } from "effect";
import * as McpClient from "effect/ai/McpClient";
import type { McpClientError } from "effect/ai/McpClientError";
import * as McpProtocol from "effect/ai/McpProtocol";
import project from "../../deno.json" with { type: "json" };
import { fetchReason, line } from "../files/fetch_error.ts";
import type { OpenTransport, Protocol, ServerTransport } from "./mcp_transport.ts";

/** A connection to a server. */
export interface Connection extends Pick<ServerTransport, "stderrTail"> {
  readonly client: McpClient.McpClient;
  readonly isLost: () => boolean;
}

/** An MCP server could not be used; `message` is one line without a full stop. */
export class McpFailed extends Schema.TaggedError<McpFailed>()("McpFailed", {
  message: Schema.String,
}) {}

/** The revision of MCP without a handshake. */
const SESSIONLESS = McpProtocol.v2026_07_28;

/**
 * Revisions of MCP in the order in which they are tried. Effect's client names two of them in its types, and speaks them
 * all.
 */
const REVISIONS = [
  McpProtocol.v2025_11_25,
  McpProtocol.v2025_06_18,
  McpProtocol.v2025_03_26,
  McpProtocol.v2024_11_05,
  SESSIONLESS,
] as ReadonlyArray<McpProtocol.ProtocolAdapter> as ReadonlyArray<Protocol>;

/** Connects to a server in a revision that both know, within so many seconds for each that is tried. */
export function connectTo(
  open: OpenTransport,
  seconds: number,
): Effect.Effect<Connection, McpFailed, Scope.Scope> {
  let protocol = REVISIONS[0]!;
  return Effect.gen(function* () {
    for (;;) {
      const scope = Scope.forkUnsafe(yield* Effect.scope);
      const found = yield* handshake(open, protocol, seconds).pipe(Scope.provide(scope));
      if ("client" in found) return found;
      yield* Scope.close(scope, Exit.void);
      // Later connections begin with it.
      protocol = found;
    }
  });
}

/** A connection in this revision, or another revision to try. */
const handshake = Effect.fnUntraced(
  function* (open: OpenTransport, protocol: Protocol, seconds: number) {
    const opened = yield* Effect.mapError(
      open(protocol),
      (cause) => new McpFailed({ message: whyOf(cause) }),
    );
    let isLost = false;
    let offered: unknown;
    const request: McpClient.Transport["request"] = (message, tool) =>
      opened.transport.request(message, tool).pipe(
        Effect.tap(({ result }) =>
          Effect.sync(() => {
            if (message.method === "initialize") offered = Object(result).protocolVersion;
          })
        ),
        Effect.tapError((failure) => Effect.sync(() => isLost ||= opened.closesOn(failure))),
      );
    const made = yield* McpClient.make({
      name: "igpo",
      version: project.version,
      timeout: `${seconds} seconds`,
    }).pipe(
      Effect.provideService(McpClient.Transport, { ...opened.transport, request }),
      Effect.result,
    );
    if (Result.isSuccess(made)) {
      const connection: Connection = {
        client: made.success,
        isLost: () => isLost || !opened.isOpen(),
        stderrTail: opened.stderrTail,
      };
      return connection;
    }
    if (offered === undefined && isRefusal(made.failure)) offered = SESSIONLESS.protocolVersion;
    const another = REVISIONS.slice(REVISIONS.indexOf(protocol) + 1)
      .find(({ protocolVersion }) => protocolVersion === offered);
    return another ?? (yield* explain(made.failure, opened));
  },
);

/** Whether a server answered that it does not do what was asked. */
function isRefusal({ reason }: McpClientError): boolean {
  return reason._tag === "ProtocolError" && reason.code !== undefined ||
    reason._tag === "HttpError" && reason.status >= 400 && reason.status < 500;
}

/** Fails with why, and with what the server printed last. */
export const explain = Effect.fnUntraced(function* (
  cause: unknown,
  { stderrTail }: Pick<ServerTransport, "stderrTail">,
): Effect.fn.Return<never, McpFailed> {
  const words = line(yield* stderrTail);
  const printed = words === "" ? "" : `; it printed last: ${words}`;
  return yield* new McpFailed({ message: `${whyOf(cause)}${printed}` });
});

/** The innermost reason of a failure, on one line. */
export function whyOf(failure: unknown): string {
  let inner = failure;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof Deno.errors.NotFound) return "there is no such program";
  if (inner instanceof Deno.errors.NotCapable) {
    return "Deno may not run or reach it: ./igpo allows what --mcp names";
  }
  return line(fetchReason(inner));
}

/** Connects, and answers at any time with the connection, or with another one where that was lost. */
export const keepConnected = Effect.fnUntraced(function* (
  connect: Effect.Effect<Connection, McpFailed, Scope.Scope>,
) {
  const held = yield* ScopedRef.fromAcquire(Effect.interruptible(connect));
  const current = Effect.gen(function* () {
    if (ScopedRef.getUnsafe(held).isLost()) {
      yield* ScopedRef.set(held, Effect.interruptible(connect));
    }
    return ScopedRef.getUnsafe(held);
  });
  // Calls at the same time open one connection.
  return Semaphore.makeUnsafe(1).withPermit(current);
});
