/** The two transports of MCP: HTTP, and stdin and stdout of a program. */
import { Context, Effect, Layer, type Scope } from "effect";
import * as McpClient from "effect/ai/McpClient";
import type { McpClientError } from "effect/ai/McpClientError";
import type * as McpProtocol from "effect/ai/McpProtocol";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as ChildProcess from "effect/process/ChildProcess";
import * as Spawner from "effect/process/ChildProcessSpawner";
import { startProgram } from "./program.ts";

/** A revision of MCP. */
export type Protocol = McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>;

/** An open transport to a server. */
export interface ServerTransport {
  readonly transport: McpClient.Transport;
  readonly isOpen: () => boolean;
  /** Whether no request can follow one that failed so. */
  readonly closesOn: (failure: McpClientError) => boolean;
  /** What the server printed last on stderr, empty where that cannot be seen. */
  readonly stderrTail: Effect.Effect<string>;
}

/** Opens a transport to one server, for a revision of MCP. What it fails with is whatever was thrown. */
export type OpenTransport = (
  protocol: Protocol,
) => Effect.Effect<ServerTransport, unknown, Scope.Scope>;

/** A server at an address. A redirect is a failure, since it could lead to a host that nobody named. */
export const overHttp = (url: URL, maxMessageBytes: number): OpenTransport =>
  Effect.fnUntraced(function* (protocol) {
    const http = Context.get(yield* Layer.build(FetchHttpClient.layer), HttpClient.HttpClient).pipe(
      HttpClient.transform(
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
      ),
    );
    const transport = yield* McpClient.http({ url, protocol, maxMessageBytes }).pipe(
      Effect.provideService(HttpClient.HttpClient, http),
    );
    return {
      transport,
      isOpen: () => true,
      closesOn: isSessionLost,
      stderrTail: Effect.succeed(""),
    };
  });

/** Whether a server over HTTP refused a request, since it may have forgotten the session: another one may do. */
export function isSessionLost({ reason }: McpClientError): boolean {
  // The protocol asks for 404, and many servers answer 400.
  return reason._tag === "ClosedError" && reason.sessionExpired === true ||
    reason._tag === "HttpError" && reason.status === 400;
}

/** A server that is started for us, and ends with the scope. */
export const overStdio = (words: ReadonlyArray<string>, maxMessageBytes: number): OpenTransport =>
  Effect.fnUntraced(function* (protocol) {
    const command = ChildProcess.make(words[0]!, words.slice(1));
    const program = yield* startProgram(command.command, words.slice(1));
    const transport = yield* McpClient.stdio({ command, protocol, maxMessageBytes }).pipe(
      Effect.provideService(
        Spawner.ChildProcessSpawner,
        Spawner.make(() => Effect.succeed(program.handle)),
      ),
    );
    return {
      transport,
      isOpen: program.isRunning,
      closesOn: () => true,
      stderrTail: program.stderrTail,
    };
  });
