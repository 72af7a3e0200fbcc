/** A device that is lost in the middle of a run: the run says so and ends saved. */
import { deepStrictEqual, match } from "node:assert/strict";
import { Effect, Layer } from "effect";
import { type Device, openDevice } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { loadLatestCheckpoint } from "../../src/pipeline/checkpoint.ts";
import { Learner } from "../../src/policy/policy.ts";
import { train } from "../../src/programs/train.ts";
import type { Machine } from "../../src/run/device_machine.ts";
import { onWgsl } from "../support/engines.ts";
import { inFolder, prepareTiny } from "../support/tiny_run.ts";

const LOST =
  /^Cannot go on as the device must stay, and its driver was reset or it was taken away: WebGPU says "destroyed"/;

/** A machine with a device of its own. */
function machineOf(opened: Device): Machine {
  const { maxStorageBufferBindingSize, maxBufferSize } = opened.device.limits;
  const limits = { bindingBytes: maxStorageBufferBindingSize, bufferBytes: maxBufferSize };
  return {
    adapter: opened.adapter,
    makeEngine: createGpuEngine(opened),
    limits: { ...limits, isMirrored: true, fewDispatches: false, budget: null },
    profile: null,
    loss: opened.loss.wait,
  };
}

/** Trains until the device is destroyed, before the second gradient: what was said last, the failure, the saved step. */
const trainUntilLost = Effect.fnUntraced(function* (folder: string) {
  const opened = yield* openDevice();
  const said: string[] = [];
  const { prepared, layers } = yield* prepareTiny({
    folder,
    machine: machineOf(opened),
    recipe: { steps: 2, checkpointEvery: 1, evaluateEvery: 0, promptsPerStep: 1, groupSize: 2 },
    print: (text) => Effect.sync(() => void said.push(text)),
  });
  let gradients = 0;
  const learner = Layer.effect(
    Learner,
    Effect.map(Learner, (own) =>
      Learner.of({
        ...own,
        gradient: (...asked) => {
          if (++gradients === 2) opened.device.destroy();
          return own.gradient(...asked);
        },
      })),
  ).pipe(Layer.provideMerge(layers));
  const failure = yield* train({ ...prepared, checkpoint: null, startedMillis: 0 }).pipe(
    Effect.provide(learner),
    Effect.match({ onSuccess: () => "none", onFailure: ({ message }) => message }),
  );
  const loaded = yield* loadLatestCheckpoint(folder, prepared.model);
  return { last: said.at(-1), failure, saved: loaded?.state.step };
}, Effect.scoped);

onWgsl(
  "a lost device is named in a sentence, whatever is asked of it next",
  () =>
    Effect.gen(function* () {
      const opened = yield* openDevice();
      const engine = yield* createGpuEngine(opened);
      yield* engine.allocate({ name: "x", rows: 4, cols: 4, format: "f32", role: "state" }, {});
      yield* engine.read(["x"]);
      opened.device.destroy();
      for (let i = 0; i < 2; i++) {
        const { kernel, message } = yield* Effect.flip(engine.read(["x"]));
        deepStrictEqual(kernel, "device");
        match(message, LOST);
      }
      match((yield* Effect.flip(engine.settle())).message, LOST);
    }),
);

onWgsl(
  "a run whose device is lost in a step ends with the checkpoint of the step before",
  () =>
    Effect.promise(() =>
      inFolder(async (folder) => {
        const { last, failure, saved } = await Effect.runPromise(trainUntilLost(folder));
        match(failure, LOST);
        const goOn = `Saved after step 1; go on with: ./igpo train --resume ${folder}`;
        deepStrictEqual([last, saved], [goOn, 1]);
      })
    ),
);
