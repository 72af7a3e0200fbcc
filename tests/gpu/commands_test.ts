import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import { type Commands, createCommands } from "../../src/gpu/commands.ts";

function busy(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}

/** A command of twenty steps of 10 ms each, which adds its name to `done` at its end. */
function longCommand(done: string[], name: string) {
  return function* () {
    for (let step = 0; step < 20; step++) {
      busy(10);
      yield;
    }
    done.push(name);
  };
}

const drained = (commands: Commands) => commands.ask(() => Promise.resolve());

Deno.test("commands are carried out at once while there is time", async () => {
  const commands = createCommands();
  const done: string[] = [];
  commands.push(() => void done.push("a"));
  commands.push(function* () {
    yield;
    done.push("b");
  });
  deepStrictEqual(done, ["a", "b"]);
  await drained(commands);
});

Deno.test("a command without steps waits for others, but not for time", async () => {
  const commands = createCommands();
  const done: string[] = [];
  commands.push(() => {
    busy(100);
    done.push("a");
  });
  commands.push(() => void done.push("b"));
  deepStrictEqual(done, ["a", "b"]);
  await drained(commands);
});

Deno.test("commands keep their order, and the event loop has its turn between their steps", async () => {
  const commands = createCommands();
  const done: string[] = [];
  const turn = new Promise<string[]>((resolve) => setTimeout(() => resolve([...done]), 0));
  commands.push(longCommand(done, "a"));
  commands.push(() => void done.push("b"));
  const answer = commands.ask(() => Promise.resolve([...done]));
  deepStrictEqual(done, []);
  deepStrictEqual(await turn, []);
  deepStrictEqual(await answer, ["a", "b"]);
});

Deno.test("finish() carries out what waits before it returns", async () => {
  const commands = createCommands();
  const done: string[] = [];
  commands.push(longCommand(done, "a"));
  commands.push(() => void done.push("b"));
  commands.finish();
  deepStrictEqual(done, ["a", "b"]);
  await drained(commands);
});

Deno.test("what a command throws reaches its caller, or is kept where the caller is gone", async () => {
  const commands = createCommands();
  const bad = () => {
    throw new Error("bad");
  };
  throws(() => commands.push(bad), /bad/);
  equal(commands.failure(), undefined);
  commands.push(longCommand([], "a"));
  commands.push(bad);
  const done: string[] = [];
  commands.push(() => void done.push("b"));
  await drained(commands);
  deepStrictEqual(done, ["b"]);
  const failure = commands.failure();
  ok(failure instanceof Error && failure.message === "bad");
  equal(commands.failure(), undefined);
});
