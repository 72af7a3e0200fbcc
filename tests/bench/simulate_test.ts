import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { createAgenda, createLink } from "../../bench/events.ts";
import { simulate, STATES, type World } from "../../bench/simulate.ts";

/** A world in which only groups and updates take time. */
const FREE: World = {
  workers: 0,
  steps: [],
  updateSeconds: 0,
  weightsBytes: 1e6,
  groupBytes: 1e3,
  link: { bytesPerSecond: 1e18, latencySeconds: 0 },
  blobBytesPerSecond: 1e18,
  queue: { operationSeconds: 0, offerSeconds: 0, lookSeconds: 0 },
  failuresPerHour: 0,
};
/** The longest that an idle worker waits until it looks for a job, and the trainer for the last answer. */
const [POLL, LOOK] = [0.1, 0.025];
const ROUNDING = 1e-6;

const group = fc.record({
  busySeconds: fc.double({ min: 0, max: 60, noNaN: true }),
  waitSeconds: fc.double({ min: 0, max: 60, noNaN: true }),
});
const steps = fc.array(fc.array(group, { minLength: 1, maxLength: 20 }), {
  minLength: 1,
  maxLength: 3,
});
/** Any world without failures. */
const world: fc.Arbitrary<World> = fc.record({
  workers: fc.integer({ min: 0, max: 12 }),
  steps,
  updateSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
  weightsBytes: fc.double({ min: 0, max: 1e9, noNaN: true }),
  groupBytes: fc.double({ min: 0, max: 1e7, noNaN: true }),
  link: fc.record({
    bytesPerSecond: fc.double({ min: 1e6, max: 1e10, noNaN: true }),
    latencySeconds: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  blobBytesPerSecond: fc.double({ min: 1e7, max: 1e10, noNaN: true }),
  queue: fc.record({
    operationSeconds: fc.double({ min: 0, max: 0.1, noNaN: true }),
    offerSeconds: fc.double({ min: 0, max: 0.1, noNaN: true }),
    lookSeconds: fc.double({ min: 0, max: 0.1, noNaN: true }),
  }),
  failuresPerHour: fc.constant(0),
});

const secondsOf = (groups: World["steps"][number]) =>
  groups.map(({ busySeconds, waitSeconds }) => busySeconds + waitSeconds);
const sum = (values: ReadonlyArray<number>) => values.reduce((all, one) => all + one, 0);
const near = (found: number, wanted: number, within = ROUNDING) =>
  ok(Math.abs(found - wanted) <= within * (1 + Math.abs(wanted)), `${found} is not ${wanted}`);

Deno.test("simulate() gives the trainer alone the sum of a step's parts", () => {
  const groups = [{ busySeconds: 3, waitSeconds: 1 }, { busySeconds: 2, waitSeconds: 0.5 }];
  const alone: World = {
    ...FREE,
    steps: [groups],
    updateSeconds: 7,
    blobBytesPerSecond: 1e6,
    queue: { operationSeconds: 0.01, offerSeconds: 0.001, lookSeconds: 0 },
  };
  const { steps: [step], seconds } = simulate(alone, 1);
  near(step!.publishSeconds, 1);
  // The offer of two jobs; then a claim and an answer for each group, and a last look.
  const parts = 6.5 + 2 * 0.001 + 0.01 + 2 * 0.001 + 4 * 0.01 + 0.001 + 0.01;
  ok(step!.groupsSeconds >= parts && step!.groupsSeconds <= parts + LOOK, `${step!.groupsSeconds}`);
  near(step!.updateSeconds, 7);
  near(seconds, step!.publishSeconds + step!.groupsSeconds + step!.updateSeconds);
});

Deno.test("simulate() gives a worker the time of its weights, its group and its answer", () => {
  const step = [{ busySeconds: 1, waitSeconds: 0 }, { busySeconds: 30, waitSeconds: 20 }];
  const found = simulate({
    ...FREE,
    workers: 1,
    // The trainer takes the short group of each step; the worker needs the weights of each.
    steps: [step, step],
    updateSeconds: 5,
    weightsBytes: 50e6,
    groupBytes: 1e6,
    link: { bytesPerSecond: 10e6, latencySeconds: 0.5 },
    blobBytesPerSecond: 100e6,
  }, 3);
  // A request, and the weights; the blob of the answer, its row, and the mark that the job is done.
  const [weights, answer] = [0.5 + 0.5 + 5 + 0.5, 0.5 + 0.1 + 0.01 + 2 * 0.5];
  near(found.workers.weights, 2 * weights);
  near(found.workers.answer, 2 * (answer + 3 * 0.5));
  near(found.workers.queue, 2 * 0.5);
  near(found.workers.busy, 60);
  near(found.workers.search, 40);
  near(found.trainer.busy, 2);
  for (const { groupsSeconds } of found.steps) {
    // The look that finds the job is at most a round trip and a pause away, and its answer half a round trip.
    const parts = 0.5 + weights + 50 + answer + 0.01;
    ok(groupsSeconds >= parts && groupsSeconds <= parts + 1 + POLL + LOOK, `${groupsSeconds}`);
  }
});

Deno.test("simulate() has each second of each worker in one state, whoever dies", () => {
  fc.assert(fc.property(world, fc.integer({ min: 0, max: 200 }), fc.nat(), (drawn, rate, seed) => {
    const found = simulate({ ...drawn, failuresPerHour: rate }, seed);
    near(sum(STATES.map((state) => found.workers[state])), drawn.workers * found.seconds);
    near(
      found.seconds,
      sum(
        found.steps.flatMap((step) => [
          step.publishSeconds,
          step.groupsSeconds,
          step.updateSeconds,
        ]),
      ),
    );
  }));
});

Deno.test("simulate() plays every group once", () => {
  fc.assert(fc.property(world, fc.nat(), (drawn, seed) => {
    const found = simulate(drawn, seed);
    const groups = drawn.steps.flat();
    near(found.workers.busy + found.trainer.busy, sum(groups.map((one) => one.busySeconds)));
    near(found.workers.search + found.trainer.search, sum(groups.map((one) => one.waitSeconds)));
  }));
});

Deno.test("simulate() keeps to the bounds of list scheduling where only groups take time", () => {
  fc.assert(fc.property(steps, fc.integer({ min: 0, max: 30 }), fc.nat(), (all, workers, seed) => {
    const found = simulate({ ...FREE, steps: all, workers }, seed);
    all.forEach((groups, i) => {
      const seconds = secondsOf(groups);
      const [share, longest] = [sum(seconds) / (workers + 1), Math.max(...seconds)];
      const { groupsSeconds } = found.steps[i]!;
      ok(groupsSeconds >= Math.max(share, longest) - ROUNDING);
      ok(groupsSeconds <= share + longest + POLL + LOOK + ROUNDING);
    });
  }));
});

Deno.test("simulate() is no slower with one worker more where only groups take time", () => {
  fc.assert(fc.property(steps, fc.integer({ min: 0, max: 30 }), fc.nat(), (all, workers, seed) => {
    const [fewer, more] = [workers, workers + 1].map((workers) =>
      simulate({ ...FREE, steps: all, workers }, seed).seconds
    );
    ok(more! <= fewer! + all.length * (POLL + LOOK) + ROUNDING);
  }));
});

Deno.test("simulate() cannot send weights faster than the link", () => {
  fc.assert(fc.property(world, fc.nat(), (drawn, seed) => {
    const { workers, trainer } = simulate(drawn, seed);
    // Each worker waited for its own weights, alone on the link at best.
    const least = drawn.weightsBytes / drawn.link.bytesPerSecond + drawn.link.latencySeconds;
    const helped = drawn.workers > 0 && workers.busy + workers.search > 0;
    ok(!helped || workers.weights >= least - ROUNDING);
    deepStrictEqual(trainer.weights, 0);
  }));
});

Deno.test("simulate() gives equal numbers for equal seeds only", () => {
  const groups = Array.from({ length: 40 }, () => ({ busySeconds: 20, waitSeconds: 5 }));
  const mortal = { ...FREE, steps: [groups], workers: 4, failuresPerHour: 60 };
  deepStrictEqual(simulate(mortal, 1), simulate(mortal, 1));
  notDeepStrictEqual(simulate(mortal, 1), simulate(mortal, 2));
});

Deno.test("simulate() hands the group of a dead worker out again when its claim is over", () => {
  // The worker dies at once and is back after a minute. The trainer waits for its claim to end, and plays its group.
  const groups = [{ busySeconds: 5, waitSeconds: 0 }, { busySeconds: 50, waitSeconds: 0 }];
  const mortal = { ...FREE, steps: [groups], workers: 1, failuresPerHour: 36_000 };
  for (let seed = 0; seed < 20; seed++) {
    const { seconds, deaths, workers } = simulate(mortal, seed);
    ok(seconds >= 58 && seconds <= 62, `${seconds}`);
    ok(deaths >= 1 && deaths <= 2 && workers.busy < 2 && workers.dead >= 55);
  }
});

Deno.test("simulate() lets operations wait for the looks of too many idle workers", () => {
  const queue = { operationSeconds: 0.01, offerSeconds: 0, lookSeconds: 0.001 };
  const groups = Array.from({ length: 10 }, () => ({ busySeconds: 1, waitSeconds: 0 }));
  const [some, many] = [100, 1000].map((workers) =>
    simulate({ ...FREE, steps: [groups], workers, queue }, 1).seconds
  );
  // 990 idle workers look for 0.99 s before each operation, and 100 may do so every 0.1 s.
  ok(many! - some! > 9 * 0.85, `${some} ${many}`);
});

Deno.test("createLink() shares its bandwidth among transfers under way", () => {
  const agenda = createAgenda();
  const link = createLink(agenda, { bytesPerSecond: 10, latencySeconds: 1 });
  const ended: Array<readonly [string, number]> = [];
  const send = (name: string, bytes: number) =>
    link.send(bytes, () => ended.push([name, agenda.now()]));
  send("first", 100);
  agenda.after(5, () => {
    send("second", 20);
    const stop = send("stopped", 1000);
    agenda.after(3, stop);
    const early = send("never begun", 1000);
    early();
  });
  agenda.runUntil(() => ended.length === 2);
  // Alone from 1 to 6 s, a third each until 8 s, then half each: the second has 13.3 bytes left of 20.
  deepStrictEqual(ended.map(([name]) => name), ["second", "first"]);
  near(ended[0]![1], 8 + 2 * (20 - 20 / 3) / 10);
  near(ended[1]![1], 1 + 100 / 10 + 20 / 10 + 2 / 3);
});
