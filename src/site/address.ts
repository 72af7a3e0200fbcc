import { type Device, DEVICES } from "../domain/flags.ts";
import { PRESETS } from "../igpo/presets.ts";

/** What the page's address says. */
export interface Address {
  /** Name of the preset that is trained beside {@link OUTCOME_ONLY}. */
  readonly preset: string;
  readonly seed: number;
  readonly device: Device;
}

/** Name of the preset that rewards the final answer alone. */
export const OUTCOME_ONLY = "grpo";

/** Names of the presets that can be trained beside it. */
export const RIVALS: ReadonlyArray<string> = Object.keys(PRESETS).filter((name) =>
  name !== OUTCOME_ONLY
);

const USUAL: Address = { preset: "igpo-uplift", seed: 1, device: "auto" };

/** Reads the part of an address after `#`; what makes no sense is left out. */
export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const seed = fields.get("seed") ?? "";
  return {
    preset: RIVALS.find((name) => name === fields.get("preset")) ?? USUAL.preset,
    seed: /^\d{1,9}$/.test(seed) ? Number(seed) : USUAL.seed,
    device: DEVICES.find((name) => name === fields.get("device")) ?? USUAL.device,
  };
}

/** The part of an address after `#`. */
export function writeAddress({ preset, seed, device }: Address): string {
  const fields = new URLSearchParams({ preset, seed: String(seed) });
  if (device !== USUAL.device) fields.set("device", device);
  return `#${fields}`;
}
