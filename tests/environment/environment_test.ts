import assert from "node:assert/strict";
import { Duration, Effect, Exit, Fiber, Ref, Schema } from "effect";
import { TestClock } from "effect/testing";
import type { Action, StepResult, ToolResult } from "../../src/domain/episode.ts";
import { EnvironmentCrashed } from "../../src/domain/errors.ts";
import type { Question } from "../../src/domain/question.ts";
import {
  makeToolEnvironment,
  type ToolEnvironmentOptions,
} from "../../src/environment/environment.ts";
import {
  makeTool,
  type RunTool,
  type SessionTool,
  type Tool,
  ToolCallRejected,
  ToolCrashed,
} from "../../src/environment/tool.ts";

const QUESTION: Question = { id: "q", text: "Who?", golds: ["A"], kind: "1-hop" };

function tool(name: string, run: RunTool): Tool {
  return { spec: { name, description: name, parameters: { type: "object" } }, run };
}

const echo = tool("echo", (callArguments) => Effect.succeed(`heard ${callArguments}`));
const hang = tool("hang", () => Effect.never);

function calls(...names: ReadonlyArray<string>): Action {
  return { _tag: "ToolCalls", calls: names.map((name, at) => ({ name, arguments: at })) };
}

function makeEnvironment(options: Partial<ToolEnvironmentOptions>) {
  return makeToolEnvironment({ tools: [], deadline: "10 seconds", concurrency: 8, ...options });
}

/** Opens one episode, takes one step in it and closes it. */
function stepOnce(options: Partial<ToolEnvironmentOptions>, action: Action) {
  return Effect.scoped(
    Effect.flatMap(makeEnvironment(options).open(QUESTION), (session) => session.step(action)),
  );
}

function resultsOf(step: StepResult): ReadonlyArray<ToolResult> {
  assert.equal(step._tag, "Observation");
  return step._tag === "Observation" ? step.results : [];
}

function onTestClock<A, E>(effect: Effect.Effect<A, E>): Promise<A> {
  return Effect.runPromise(effect.pipe(Effect.provide(TestClock.layer())));
}

async function failureOf(run: RunTool): Promise<ToolResult> {
  const step = await Effect.runPromise(stepOnce({ tools: [tool("t", run)] }, calls("t")));
  return resultsOf(step)[0]!;
}

Deno.test("step() ends the episode on an answer and on a malformed message", async () => {
  const end: StepResult = { _tag: "End", outcome: null };
  const answer = stepOnce({}, { _tag: "Answer", text: "A" });
  assert.deepEqual(await Effect.runPromise(answer), end);
  const malformed = stepOnce({}, { _tag: "Malformed", reason: "no tags" });
  assert.deepEqual(await Effect.runPromise(malformed), end);
});

Deno.test("step() lets an environment grade the trimmed answer by itself", async () => {
  const grade = (question: Question, answer: string) =>
    Effect.succeed(question.golds[0] === answer ? 0.75 : 0);
  const step = await Effect.runPromise(stepOnce({ grade }, { _tag: "Answer", text: " A\n" }));
  assert.deepEqual(step, { _tag: "End", outcome: 0.75 });
});

Deno.test("step() passes the arguments as the model wrote them and returns the tool's text", async () => {
  const step = await Effect.runPromise(stepOnce({ tools: [echo] }, calls("echo", "echo")));
  assert.deepEqual(resultsOf(step).map((result) => result.content), ["heard 0", "heard 1"]);
  assert.deepEqual(resultsOf(step).map((result) => result.failure), [null, null]);
});

Deno.test("step() turns an unknown tool into an observation that names the tools", async () => {
  const step = await Effect.runPromise(stepOnce({ tools: [echo, hang] }, calls("browse")));
  const [result] = resultsOf(step);
  assert.equal(result!.failure, "unknown_tool");
  assert.equal(result!.content, 'No tool is called "browse": the tools are echo, hang');
});

Deno.test("step() tells refused arguments, failures, defects and thrown errors apart", async () => {
  const refused = await failureOf(() =>
    Effect.fail(new ToolCallRejected({ message: "query must be a string" }))
  );
  assert.equal(refused.failure, "bad_arguments");
  assert.equal(refused.content, "Cannot call t: query must be a string");
  const crashes: ReadonlyArray<RunTool> = [
    () => Effect.fail(new ToolCrashed({ message: "no network" })),
    () => Effect.die(new Error("no network\n  at line 1")),
    () => {
      throw new Error("no network");
    },
  ];
  for (const run of crashes) {
    const crashed = await failureOf(run);
    assert.equal(crashed.failure, "crash");
    assert.equal(crashed.content, "t failed: no network");
  }
});

Deno.test("step() takes a tool that interrupts itself for a crash, not for the end of the episode", async () => {
  assert.equal((await failureOf(() => Effect.interrupt)).failure, "crash");
});

Deno.test("step() gives a hanging tool its deadline, releases it, and keeps the other results", async () => {
  const released: Array<string> = [];
  const stuck = tool(
    "stuck",
    () => Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => released.push("stuck")))),
  );
  await onTestClock(Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      stepOnce({ tools: [stuck, echo] }, calls("stuck", "echo")),
    );
    yield* TestClock.adjust("9 seconds");
    assert.equal(fiber.pollUnsafe(), undefined);
    assert.deepEqual(released, []);
    yield* TestClock.adjust("1 second");
    const [late, quick] = resultsOf(yield* Fiber.join(fiber));
    assert.equal(late!.failure, "deadline");
    assert.equal(late!.content, "No result from stuck within 10 s");
    assert.equal(late!.seconds, 10);
    assert.equal(quick!.content, "heard 1");
    assert.deepEqual(released, ["stuck"]);
  }));
});

/** Sleeps for five seconds minus its argument, and counts how many calls run at once. */
const countingTool = Effect.gen(function* () {
  const running = yield* Ref.make(0);
  const most = yield* Ref.make(0);
  const run: RunTool = (place) =>
    Effect.gen(function* () {
      const now = yield* Ref.updateAndGet(running, (count) => count + 1);
      yield* Ref.update(most, (count) => Math.max(count, now));
      yield* Effect.sleep(Duration.seconds(5 - Number(place)));
      yield* Ref.update(running, (count) => count - 1);
      return `${place}`;
    });
  return { most, tool: tool("slow", run) };
});

for (const [concurrency, seconds] of [[4, 5], [2, 7], [1, 14]] as const) {
  Deno.test(`step() keeps the order of calls and runs ${concurrency} of them at a time`, () =>
    onTestClock(Effect.gen(function* () {
      const counting = yield* countingTool;
      const options = { tools: [counting.tool], concurrency };
      const four = calls("slow", "slow", "slow", "slow");
      const fiber = yield* Effect.forkChild(stepOnce(options, four));
      yield* TestClock.adjust(Duration.seconds(seconds - 1));
      assert.equal(fiber.pollUnsafe(), undefined);
      yield* TestClock.adjust("1 second");
      const results = resultsOf(yield* Fiber.join(fiber));
      assert.deepEqual(results.map((result) => result.content), ["0", "1", "2", "3"]);
      assert.deepEqual(results.map((result) => result.seconds), [5, 4, 3, 2]);
      assert.equal(yield* Ref.get(counting.most), concurrency);
    })));
}

/** A tool with a counter of its own for each episode that logs when it opens and closes. */
function counterTool(log: Array<string>): SessionTool {
  const open = (question: Question) =>
    Effect.acquireRelease(
      Effect.sync((): RunTool => {
        log.push(`open ${question.id}`);
        let count = 0;
        return () => Effect.sync(() => `${++count}`);
      }),
      () => Effect.sync(() => log.push(`close ${question.id}`)),
    );
  return { spec: echo.spec, open };
}

Deno.test("open() gives every episode its own tool state and closes it on success", async () => {
  const log: Array<string> = [];
  const environment = makeEnvironment({ tools: [counterTool(log)] });
  const episode = (id: string) =>
    Effect.scoped(Effect.gen(function* () {
      const session = yield* environment.open({ ...QUESTION, id });
      yield* session.step(calls("echo"));
      return resultsOf(yield* session.step(calls("echo")))[0]!.content;
    }));
  assert.equal(await Effect.runPromise(episode("a")), "2");
  assert.equal(await Effect.runPromise(episode("b")), "2");
  assert.deepEqual(log, ["open a", "close a", "open b", "close b"]);
});

Deno.test("open() closes the session when the episode fails", async () => {
  const log: Array<string> = [];
  const environment = makeEnvironment({ tools: [counterTool(log)] });
  const failing = Effect.scoped(Effect.andThen(environment.open(QUESTION), Effect.fail("stop")));
  assert.ok(Exit.isFailure(await Effect.runPromiseExit(failing)));
  assert.deepEqual(log, ["open q", "close q"]);
});

Deno.test("open() closes the session and its running tool when the episode is interrupted", async () => {
  const log: Array<string> = [];
  const stuck = tool(
    "stuck",
    () => Effect.never.pipe(Effect.onInterrupt(() => Effect.sync(() => log.push("released")))),
  );
  await onTestClock(Effect.gen(function* () {
    const tools = [counterTool(log), stuck];
    const fiber = yield* Effect.forkChild(stepOnce({ tools }, calls("stuck")));
    yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(fiber);
    assert.ok(Exit.hasInterrupts(yield* Fiber.await(fiber)));
  }));
  assert.deepEqual(log, ["open q", "released", "close q"]);
});

Deno.test("open() and step() report a defect of the environment as EnvironmentCrashed", async () => {
  const broken: SessionTool = { spec: echo.spec, open: () => Effect.die(new Error("no display")) };
  const opened = await Effect.runPromise(Effect.flip(stepOnce({ tools: [broken] }, calls())));
  assert.ok(opened instanceof EnvironmentCrashed);
  assert.equal(opened.boundary, "environment.open");
  assert.equal(opened.message, "no display");
  const grade = () => Effect.die("no judge");
  const stepped = await Effect.runPromise(
    Effect.flip(stepOnce({ grade }, { _tag: "Answer", text: "A" })),
  );
  assert.equal(stepped.boundary, "environment.step");
});

const never = Effect.uninterruptible(Effect.never);
const stubborn = tool("stubborn", () => never);
const untidy = tool("untidy", () => Effect.onInterrupt(Effect.never, () => never));

Deno.test("step() gives up on a tool that allows no interruption, and on one whose finalizer hangs", () =>
  onTestClock(Effect.gen(function* () {
    const tools = [stubborn, untidy, echo];
    const fiber = yield* Effect.forkChild(
      stepOnce({ tools }, calls("stubborn", "untidy", "echo")),
    );
    yield* TestClock.adjust("11 seconds");
    assert.equal(fiber.pollUnsafe(), undefined);
    yield* TestClock.adjust("1 second");
    const results = resultsOf(yield* Fiber.join(fiber));
    assert.deepEqual(results.map(({ failure }) => failure), ["deadline", "deadline", null]);
  })));

Deno.test("open(), grade and the end of a session that hang drop the episode or are left to themselves", () =>
  onTestClock(Effect.gen(function* () {
    const closesNever: SessionTool = {
      spec: echo.spec,
      open: () => Effect.as(Effect.addFinalizer(() => never), echo.run),
    };
    const opensNever: SessionTool = { spec: echo.spec, open: () => never };
    const answer: Action = { _tag: "Answer", text: "A" };
    const outcomes = yield* Effect.forkChild(Effect.all([
      Effect.flip(stepOnce({ tools: [opensNever] }, calls())),
      Effect.flip(stepOnce({ grade: () => never }, answer)),
      stepOnce({ tools: [closesNever] }, calls("echo")),
    ], { concurrency: "unbounded" }));
    yield* TestClock.adjust("12 seconds");
    const [opened, graded, closed] = yield* Fiber.join(outcomes);
    assert.equal(opened.message, "No result from echo within 10 s");
    assert.equal(graded.message, "No result from grade within 10 s");
    assert.equal(resultsOf(closed)[0]!.content, "heard 0");
  })));

Deno.test("An interrupted episode ends within four seconds, whatever its tools and its session hold on to", () =>
  onTestClock(Effect.gen(function* () {
    const closesNever: SessionTool = {
      spec: echo.spec,
      open: () => Effect.as(Effect.addFinalizer(() => never), echo.run),
    };
    const tools = [closesNever, stubborn];
    const fiber = yield* Effect.forkChild(stepOnce({ tools }, calls("stubborn")));
    yield* TestClock.adjust("1 second");
    fiber.interruptUnsafe();
    yield* TestClock.adjust("2 seconds");
    yield* TestClock.adjust("2 seconds");
    assert.ok(Exit.hasInterrupts(yield* Fiber.await(fiber)));
  })));

Deno.test("step() counts answers, failures and grades of no known type; none of them ends the run", async () => {
  const odd: ReadonlyArray<unknown> = [5n, Symbol("s"), Object.create(null), undefined, 7];
  for (const value of odd) {
    const wrong = () => Effect.succeed(value) as ReturnType<RunTool>;
    assert.match((await failureOf(wrong)).content, /^t failed: its answer must be a string/);
    const failing = () => Effect.fail(value) as ReturnType<RunTool>;
    assert.equal((await failureOf(failing)).failure, "crash");
    const grade = () => Effect.succeed(value) as Effect.Effect<number>;
    const step = Effect.runPromiseExit(stepOnce({ grade }, { _tag: "Answer", text: "A" }));
    assert.equal(Exit.isSuccess(await step), value === 7);
  }
  for (const open of [() => Effect.interrupt, () => Effect.fail({ _tag: "Other" } as never)]) {
    const broken: SessionTool = { spec: echo.spec, open };
    const error = await Effect.runPromise(Effect.flip(stepOnce({ tools: [broken] }, calls())));
    assert.equal(error._tag, "EnvironmentCrashed");
  }
});

Deno.test("makeTool() writes the signature of its input, decodes arguments and says what is wrong with them", async () => {
  const tool = makeTool({
    name: "add",
    description: "Adds.",
    input: Schema.Struct({
      a: Schema.Int.annotate({ description: "the first" }),
      b: Schema.optionalKey(Schema.Int),
    }),
    output: Schema.Struct({ sum: Schema.Number }),
    run: ({ a, b = 0 }) => Effect.succeed({ sum: a + b }),
  });
  assert.deepEqual(tool.spec.parameters, {
    type: "object",
    properties: { a: { type: "integer", description: "the first" }, b: { type: "integer" } },
    required: ["a"],
  });
  const run = (given: unknown) => Effect.runPromise(tool.run(given));
  const Named = Schema.Struct({ name: Schema.String }).annotate({ identifier: "Named" });
  const nested = makeTool({ ...tool.spec, input: Named, run: () => Effect.succeed("") });
  assert.match(JSON.stringify(nested.spec.parameters), /"name":\{"type":"string"\}/);
  const silent = makeTool({
    ...tool.spec,
    input: Named,
    output: Schema.Void,
    run: () => Effect.void,
  });
  assert.equal(await Effect.runPromise(silent.run({ name: "x" })), "null");
  assert.equal(await run({ a: 1, b: 2 }), '{"sum":3}');
  assert.equal(await run({ a: 1 }), '{"sum":1}');
  for (const given of [null, {}, { a: "1" }, { a: 0.5 }]) {
    const error = await Effect.runPromise(Effect.flip(tool.run(given)));
    assert.equal(error._tag, "ToolCallRejected");
    assert.match(error.message, /xpected|issing/);
    assert.ok(error.message.length <= 160 && !error.message.includes("\n"));
  }
});
