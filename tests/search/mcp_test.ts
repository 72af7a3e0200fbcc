/** Tools of MCP servers: of one that others wrote, over both transports, and of small ones that misbehave. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Fiber, type Scope } from "effect";
import { command } from "../../driver/command.ts";
import type { BadInput } from "../../src/domain/errors.ts";
import type { Tool } from "../../src/environment/tool.ts";
import { type McpOptions, openMcp } from "../../src/search/mcp.ts";
import { startProgram } from "../../src/search/program.ts";
import { serve } from "./services.ts";

const DENO = "deno run --quiet --no-prompt --frozen --allow-net=127.0.0.1";
/** It has a configuration of its own, so that nobody fetches its packages who does not run this test. */
const EVERYTHING = `${DENO} --config tests/search/everything/deno.json --allow-read --allow-env ` +
  `--preload tests/search/loopback.ts @modelcontextprotocol/server-everything`;
const OPTIONS: McpOptions = { deadline: 3 };

type Call = (name: string, callArguments?: unknown) => Effect.Effect<string>;

/** Calls tools by name; a failure becomes its tag and its message. */
const callOf = (tools: ReadonlyArray<Tool>): Call => (name, callArguments = {}) => {
  const found = tools.find(({ spec }) => spec.name === name);
  ok(found, `${name} is not among ${tools.map(({ spec }) => spec.name)}`);
  return Effect.match(found.run(callArguments), {
    onSuccess: (text) => text,
    onFailure: ({ _tag, message }) => `${_tag}: ${message}`,
  });
};

const use = <A>(
  name: string,
  body: (call: Call, tools: ReadonlyArray<Tool>) => Effect.Effect<A, never, Scope.Scope>,
  options: Partial<McpOptions> = {},
): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(
    openMcp(name, { ...OPTIONS, ...options }),
    (tools) => body(callOf(tools), tools),
  )));

const failureOf = (name: string, options: Partial<McpOptions> = {}): Promise<BadInput> =>
  Effect.runPromise(Effect.flip(Effect.scoped(openMcp(name, { ...OPTIONS, ...options }))));

/** The server that others wrote, listening on this machine. */
async function everythingOverHttp(port: number) {
  const [program = "", ...args] = `${EVERYTHING} streamableHttp`.split(" ");
  const child = command(program, {
    args,
    env: { PORT: String(port) },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let said = ""; !said.includes("listening");) {
    const { value, done } = await errors.read();
    ok(!done, `the server did not start: ${said}`);
    said += value;
  }
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await errors.cancel();
      await child.status;
    },
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

/** What each call of the server that others wrote must give. */
const EXPECTED = {
  echo: "Echo: hello",
  sum: "The sum of 2 and 3 is 5.",
  image: "Here's the image you requested:\n[image]\nThe image above is the MCP logo.",
  slow: "ToolCrashed: its server gave no result within 2.7 s",
  error: /^ToolCrashed: .*expected number/,
  list: "ToolCallRejected: arguments must be a JSON object",
};

const callEverything = (call: Call, tools: ReadonlyArray<Tool>) =>
  Effect.gen(function* () {
    ok(tools.length > 10);
    const echo = tools.find(({ spec }) => spec.name === "echo");
    strictEqual(echo?.spec.description, "Echoes back the input string");
    const { type, properties, required } = echo.spec.parameters;
    deepStrictEqual([type, properties, required], [
      "object",
      { message: { type: "string", description: "Message to echo" } },
      ["message"],
    ]);
    const { error, ...others } = yield* Effect.all({
      slow: call("trigger-long-running-operation", { duration: 60, steps: 1 }),
      echo: call("echo", { message: "hello" }),
      sum: call("get-sum", { a: 2, b: 3 }),
      image: call("get-tiny-image"),
      error: call("get-sum", { a: "two", b: 3 }),
      list: call("echo", ["hello"]),
    }, { concurrency: 3 });
    const { error: expectedError, ...expected } = EXPECTED;
    deepStrictEqual(others, expected);
    match(error, expectedError);
  });

Deno.test("openMcp() uses a server that others wrote on stdio", () =>
  use(`${EVERYTHING} stdio`, callEverything));

Deno.test("openMcp() uses a server that others wrote over HTTP", async () => {
  const port = freePort();
  await using _server = await everythingOverHttp(port);
  await use(`http://127.0.0.1:${port}/mcp`, callEverything);
});

Deno.test("openMcp() opens another session where a server over HTTP was started again", async () => {
  const port = freePort();
  const first = await everythingOverHttp(port);
  const echo = (call: Call) => call("echo", { message: "hello" });
  await use(`http://127.0.0.1:${port}/mcp`, (call) =>
    Effect.gen(function* () {
      strictEqual(yield* echo(call), EXPECTED.echo);
      yield* Effect.promise(() => first[Symbol.asyncDispose]());
      match(yield* echo(call), /^ToolCrashed: .*refused/);
      yield* Effect.acquireRelease(
        Effect.promise(() => everythingOverHttp(port)),
        (second) => Effect.promise(() => second[Symbol.asyncDispose]()),
      );
      strictEqual(yield* echo(call), EXPECTED.echo);
    }));
});

/** Command line of the server in `mcp_server.ts`. In the end, says how often it was started, and fails if one still runs. */
function ownServer(mode: string, permissions = "") {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lives: Array<Promise<void>> = [];
  const started = Promise.withResolvers<void>();
  const accepting = (async () => {
    for await (const life of listener) {
      started.resolve();
      lives.push(life.read(new Uint8Array(1)).then(() => life.close(), () => life.close()));
    }
  })();
  const starts = async () => {
    listener.close();
    await accepting.catch(() => {});
    await Effect.runPromise(Effect.timeout(Effect.promise(() => Promise.all(lives)), "2 seconds"));
    return lives.length;
  };
  return {
    started: started.promise,
    starts,
    line: `${DENO} ${permissions} tests/search/mcp_server.ts ${mode} ${listener.addr.port}`,
  };
}

const AFTER_LOSS: ReadonlyArray<{ readonly name: string; readonly says: RegExp }> = [
  { name: "die", says: /^ToolCrashed: MCP (process exited|server closed stdout)/ },
  { name: "garble", says: /^ToolCrashed: .*not valid JSON/ },
  { name: "huge", says: /^ToolCrashed: MCP message exceeds/ },
];

for (const { name, says } of AFTER_LOSS) {
  Deno.test(`openMcp() starts a server again, once for calls at the same time, after the call "${name}"`, async () => {
    const { line, starts } = ownServer("good");
    await use(line, (call) =>
      Effect.gen(function* () {
        for (let times = 0; times < 2; times++) match(yield* call(name), says);
        const both = Effect.all([call("cancelled"), call("cancelled")], { concurrency: 2 });
        deepStrictEqual(yield* both, ["0", "0"]);
      }), { bytes: 10_000, deadline: 20 });
    strictEqual(await starts(), 3);
  });
}

Deno.test("openMcp() reads all pages, what a tool reports as its error, and what has no text", async () => {
  const { line, starts } = ownServer("good");
  await use(line, (call, tools) =>
    Effect.gen(function* () {
      strictEqual(tools.length, 7);
      strictEqual(tools[0]?.spec.description, "Ends at once");
      strictEqual(yield* call("failing"), "ToolCrashed: no such [31mthing");
      strictEqual(yield* call("structured"), '{"found":1}');
    }));
  strictEqual(await starts(), 1);
});

Deno.test("a call that is interrupted or too late is cancelled at the server", async () => {
  const { line, starts } = ownServer("good");
  await use(line, (call) =>
    Effect.gen(function* () {
      const waiting = yield* Effect.forkChild(call("wait"), { startImmediately: true });
      strictEqual(yield* call("cancelled"), "0");
      yield* Fiber.interrupt(waiting);
      strictEqual(yield* call("cancelled"), "1");
      strictEqual(yield* call("wait"), EXPECTED.slow);
      strictEqual(yield* call("cancelled"), "2");
    }));
  strictEqual(await starts(), 1);
});

Deno.test("openMcp() speaks an older revision of MCP, and remembers it", async () => {
  const { line, starts } = ownServer("old");
  await use(line, (call) =>
    Effect.gen(function* () {
      yield* call("die");
      strictEqual(yield* call("cancelled"), "0");
    }), { deadline: 20 });
  strictEqual(await starts(), 3);
});

Deno.test("openMcp() kills a server that does not end, and what started it", async () => {
  const { line, starts } = ownServer("nested", "--allow-run=deno --allow-env --allow-read");
  strictEqual(await use(line, (call) => call("cancelled"), { deadline: 20 }), "0");
  strictEqual(await starts(), 2);
});

const REFUSED: ReadonlyArray<{ readonly mode: string; readonly says: RegExp }> = [
  { mode: "silent", says: /must answer as an MCP server within 3 s: .*printed last: loading$/ },
  {
    mode: "garbage",
    says: /must answer as an MCP server within 3 s: .*"Welcome!" is not valid JSON/,
  },
  {
    mode: "exit",
    says: /must answer as an MCP server .*printed last: loading; The key is missing; Goodbye$/,
  },
  { mode: "twice", says: /each must have a name of its own: "one" is there twice$/ },
  { mode: "spaced", says: /their names must have 1 to 128 .*: current value is "a tool \[31m"$/ },
  { mode: "unlisted", says: /must list them within 3 s: Expected array/ },
  { mode: "none", says: /must offer some: it offers none$/ },
];

for (const { mode, says } of REFUSED) {
  Deno.test(`openMcp() refuses a server that is "${mode}", and leaves none running`, async () => {
    const { line, starts } = ownServer(mode);
    const started = performance.now();
    const failure = await failureOf(line, { startSeconds: 3 });
    ok(performance.now() - started < 10_000);
    strictEqual(failure._tag, "BadInput");
    match(failure.message, /^Cannot use the tools of "deno run /);
    match(failure.message, says);
    strictEqual(await starts(), 1);
  });
}

Deno.test("openMcp() that is interrupted while the server starts ends it", async () => {
  const { line, started, starts } = ownServer("silent");
  const opening = Effect.runFork(Effect.scoped(openMcp(line, OPTIONS)));
  await started;
  await Effect.runPromise(Effect.timeout(Fiber.interrupt(opening), "10 seconds"));
  strictEqual(await starts(), 1);
});

Deno.test("stderrTail waits for what a program writes at its end", async () => {
  const words = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const program = yield* startProgram("sh", ["-c", "sleep 0.1; echo 'The reason' >&2"]);
    return yield* program.stderrTail;
  })));
  strictEqual(words, "The reason");
});

const ELSEWHERE: ReadonlyArray<
  { readonly name: string; readonly answer: () => Response; readonly says: RegExp }
> = [
  { name: "a web page", answer: () => new Response("<html>"), says: /Content-Type/ },
  { name: "500", answer: () => new Response(null, { status: 500 }), says: /500/ },
  {
    name: "a redirect",
    answer: () => new Response(null, { status: 307, headers: { location: "http://10.0.0.1/" } }),
    says: /307/,
  },
  { name: "too much", answer: () => Response.json("x".repeat(20_000)), says: /exceeds/ },
];

for (const { name, answer, says } of ELSEWHERE) {
  Deno.test(`openMcp() refuses an address that answers ${name}`, async () => {
    await using service = serve(answer);
    const { _tag, message } = await failureOf(`${service.url}mcp?key=secret`, { bytes: 10_000 });
    strictEqual(_tag, "BadInput");
    match(message, says);
    ok(!message.includes("secret"), message);
    strictEqual(service.count(), 1);
  });
}

Deno.test("openMcp() refuses what cannot be reached or named", async () => {
  match(
    (await failureOf(`http://127.0.0.1:${freePort()}/mcp?key=secret`)).message,
    /"127\.0\.0\.1:\d+" .*refused/,
  );
  match(
    (await failureOf("http://me:secret@127.0.0.1/")).message,
    /^Cannot [^@]* without a user or a password$/,
  );
  match((await failureOf(" ")).message, /must be named by a command line/);
  match((await failureOf("no-such-program now")).message, /within 60 s: there is no such program$/);
});
