import { Effect, Semaphore } from "effect";
import type { KernelFailed } from "../../src/domain/errors.ts";
import type { Engine } from "../../src/model/engine.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";

/** What a slow engine does beside its work. */
export interface SlowEngineOptions {
  /** Told of what decoding is asked for, in order: `run STEPSxROWS` and, when it is there, `read NUMBER`. */
  readonly events: string[];
  /** Why the result of window `number` cannot be read, or null. */
  readonly failing?: (number: number) => KernelFailed | null;
}

/** Plain loops that say they are a GPU, and whose windows take a while, one after the other. */
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
