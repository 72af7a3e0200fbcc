import { Effect, Semaphore } from "effect";
import type { KernelFailed } from "../../src/domain/errors.ts";
import type { Engine } from "../../src/model/engine.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";

/** What a slow engine records, and when it fails. */
export interface SlowEngineOptions {
  /** Gets `run STEPSxROWS` for each burst that is submitted, and `read NUMBER` for each result that is there. */
  readonly events: string[];
  /** Why the result of burst `number` cannot be read, or null. */
  readonly failing?: (number: number) => KernelFailed | null;
}

/** Plain loops that claim to be a GPU. The results of their bursts take a while, one after the other. */
export function slowEngine({ events, failing = () => null }: SlowEngineOptions): Engine {
  const engine = createInterpreter();
  const device = Semaphore.makeUnsafe(1);
  const load: Engine["load"] = (program, capacity) =>
    Effect.map(engine.load(program, capacity), (executable) => {
      if (!program.name.startsWith("decode")) return executable;
      let asked = 0;
      return {
        ...executable,
        run: (phase, dims, repeat) => {
          events.push(`run ${repeat}x${dims["N"]}`);
          executable.run(phase, dims, repeat);
        },
        read: (names) =>
          Effect.gen(function* () {
            const number = asked++;
            const values = yield* executable.read(names);
            yield* device.withPermit(Effect.sleep("1 millis"));
            events.push(`read ${number}`);
            const failure = failing(number);
            if (failure !== null) return yield* failure;
            return values;
          }),
      };
    });
  return { ...engine, adapter: { name: "slow", kind: "gpu" }, load };
}
