import { Effect, type Scope } from "effect";
import type { BadInput, NoAdapter } from "../domain/errors.ts";
import type { Device } from "../domain/flags.ts";
import { chooseDriver } from "../files/driver.ts";
import { systemMemory } from "../files/system_memory.ts";
import { readTuned } from "../files/tuned.ts";
import { choicesOf } from "../gpu/choices.ts";
import type { DeviceOptions } from "../gpu/device.ts";
import { FAMILIES } from "../gpu/launches.ts";
import { adapterLines } from "../report/adapter_line.ts";
import { type Machine, openDeviceMachine } from "./device_machine.ts";

/** Opens what `--device` asks for, with the drivers, memory and tuned kernels of the machine that Deno runs on. */
export const openMachine = Effect.fn("openMachine")(
  function* (
    device: Device,
    options: DeviceOptions = {},
  ): Effect.fn.Return<Machine, NoAdapter | BadInput, Scope.Scope> {
    if (device === "cpu") return yield* openDeviceMachine(device);
    const known = yield* readTuned();
    return yield* openDeviceMachine(device, {
      ...options,
      choice: yield* chooseDriver(),
      tuned: (name: string) => {
        const { family: kept, choices = {} } = known[name] ?? {};
        const family = FAMILIES.find((family) => family === kept);
        return family === undefined ? null : { family, choices: choicesOf(choices) };
      },
      memory: ownMemory,
    });
  },
);

/** What a program says about its machine before it starts. */
export function machineLines({ adapter }: Machine): ReadonlyArray<string> {
  return adapterLines({ description: adapter.kind === "interpreter" ? null : adapter.name });
}

/** Share of the machine's memory that a run on the CPU may take, since other programs need memory too. */
const OWN_SHARE = 0.8;

const ownMemory = Effect.map(systemMemory, (bytes) => bytes === null ? null : OWN_SHARE * bytes);
