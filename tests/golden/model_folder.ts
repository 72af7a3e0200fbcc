import assert from "node:assert/strict";
import { Effect, Result } from "effect";
import { openCheckpoint } from "../../src/files/checkpoint_dir.ts";
import { readCheckpointTensor } from "../../src/files/read_checkpoint.ts";
import { readSafetensors } from "../support/read_safetensors.ts";
import { type RawTensor, toFloat32 } from "../../src/files/tensor_types.ts";
import { type Architecture, readArchitecture } from "../../src/model/architecture.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import {
  assertKnown,
  goldenDir,
  goldenNames,
  type GoldenRecord,
  list,
  num,
  record,
} from "./golden_dir.ts";
import { countParameters } from "../support/plans.ts";
import { isNotOffered } from "./not_offered.ts";

/** Files of a golden model that a test reads. */
const KNOWN_FILES = [
  "config.json",
  "config.v5.json",
  "golden.json",
  "golden.safetensors",
  "igpo-step.json",
  "igpo-step.safetensors",
  "model.safetensors",
  "model.safetensors.index.json",
  "lora",
];
const NUMBERED = /^(model-\d+-of-\d+|grad_(nll|ppo|full)|adamw_step[1-9]\d*)\.safetensors$/;

/** A golden model: its architecture, its weights, and the folder of its numbers. */
export interface GoldenModel {
  readonly folder: string;
  readonly files: ReadonlyArray<string>;
  readonly architecture: Architecture;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly golden: GoldenRecord;
  readonly sequences: ReadonlyArray<GoldenSequence>;
}

/** One row of the golden batch without its padding; entry s of each column belongs to token s. */
export interface GoldenSequence {
  readonly tokens: Uint32Array;
  /** Whether token s predicts a trained token. */
  readonly lossMask: ReadonlyArray<boolean>;
  /** Where each token stands in the padded batch, row-major. */
  readonly place: ReadonlyArray<number>;
}

/** Names of all model folders whose family is offered. */
export function modelFolders(): ReadonlyArray<string> {
  return goldenNames("models").filter((name) =>
    name !== "sampling.json" && !isNotOffered("modelFamilies", name)
  );
}

export function goldenNamesIn(folder: string): ReadonlyArray<string> {
  return goldenNames(`models/${folder}`);
}

/** Files of a folder; unknown ones fail. */
export function filesOf(folder: string): ReadonlyArray<string> {
  const names = goldenNames(`models/${folder}`);
  assertKnown(names.filter((name) => !NUMBERED.test(name)), KNOWN_FILES, `models/${folder}`);
  return names;
}

export function pathOf(folder: string, file = ""): string {
  return `${goldenDir()}/models/${folder}/${file}`;
}

export function readJson(folder: string, file: string): GoldenRecord {
  return record(JSON.parse(Deno.readTextFileSync(pathOf(folder, file))));
}

export function readTensors(
  folder: string,
  file: string,
): Promise<ReadonlyMap<string, RawTensor>> {
  return Effect.runPromise(readSafetensors(pathOf(folder, file)));
}

export function floatsOf(tensors: ReadonlyMap<string, RawTensor>, name: string): Float32Array {
  return Result.getOrThrow(toFloat32(tensorOf(tensors, name)));
}

/** Values of an integer tensor of up to 32 bits, as they are. */
function integersOf(tensors: ReadonlyMap<string, RawTensor>, name: string): ArrayLike<number> {
  const { dtype, bytes } = tensorOf(tensors, name);
  const { buffer, byteOffset, length } = bytes;
  if (dtype === "I32") return new Int32Array(buffer, byteOffset, length / 4);
  if (dtype === "U32") return new Uint32Array(buffer, byteOffset, length / 4);
  if (dtype === "BOOL" || dtype === "U8") return bytes;
  throw new Error(`Tensor ${name} of the golden data is ${dtype}`);
}

function tensorOf(tensors: ReadonlyMap<string, RawTensor>, name: string): RawTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`The golden data have no tensor "${name}"`);
  return tensor;
}

/** The architecture. Where both styles of `config.json` are there, both must give the same one. */
export function readBothConfigs(folder: string, files: ReadonlyArray<string>): Architecture {
  const [first, ...others] = files.filter((name) => name.startsWith("config."))
    .map((name) => Result.getOrThrow(readArchitecture(readJson(folder, name))));
  for (const other of others) assert.deepEqual(other, first, `both configs of ${folder}`);
  assert.ok(first !== undefined, `${folder} has a config`);
  return first;
}

/** Reads a golden model with the batch of `golden.safetensors`. */
export async function readGoldenModel(folder: string): Promise<GoldenModel> {
  const files = filesOf(folder);
  const architecture = readBothConfigs(folder, files);
  const checkpoint = await Effect.runPromise(openCheckpoint(pathOf(folder).slice(0, -1)));
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of parametersOf(architecture)) {
    const tensor = await Effect.runPromise(readCheckpointTensor(checkpoint, name));
    assert.deepEqual([...tensor.shape], [...shape], `${folder} ${name}`);
    weights.set(name, Result.getOrThrow(toFloat32(tensor)));
  }
  const golden = readJson(folder, "golden.json");
  assert.equal(num(golden["parameters"]), countParameters(architecture), "parameters");
  const tensors = await readTensors(folder, "golden.safetensors");
  return { folder, files, architecture, weights, golden, sequences: sequencesOf(tensors) };
}

function sequencesOf(tensors: ReadonlyMap<string, RawTensor>): ReadonlyArray<GoldenSequence> {
  const [rows, width] = tensorOf(tensors, "input_ids").shape as [number, number];
  const column = (name: string) => Array.from(integersOf(tensors, name));
  return cutRows({
    width,
    ids: rowsOf(column("input_ids"), rows),
    attention: rowsOf(column("attention_mask"), rows),
    loss: rowsOf(column("loss_mask"), rows),
    positions: rowsOf(column("position_ids"), rows),
  });
}

function rowsOf(values: ReadonlyArray<number>, rows: number): ReadonlyArray<number[]> {
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, b) => values.slice(b * width, (b + 1) * width));
}

/** Padded rows, with padding on either side. */
export interface PaddedBatch {
  readonly width: number;
  readonly ids: ReadonlyArray<ReadonlyArray<number>>;
  readonly attention: ReadonlyArray<ReadonlyArray<number>>;
  readonly loss: ReadonlyArray<ReadonlyArray<number>>;
  readonly positions?: ReadonlyArray<ReadonlyArray<number>>;
}

/** Rows without their padding. Fails on a gap inside a row and on positions that do not count up. */
export function cutRows(batch: PaddedBatch): ReadonlyArray<GoldenSequence> {
  return batch.ids.map((ids, b) => {
    const kept = [...ids.keys()].filter((s) => batch.attention[b]![s] === 1);
    const [first = 0] = kept;
    kept.forEach((s, i) => assert.equal(s, first + i, "attention_mask has no gap"));
    const positions = batch.positions?.[b];
    kept.forEach((s, i) => {
      if (positions) assert.equal(positions[s]! - positions[first]!, i, "position_ids count up");
    });
    return {
      tokens: Uint32Array.from(kept, (s) => ids[s]!),
      lossMask: kept.map((s) => batch.loss[b]![s] === 1),
      place: kept.map((s) => b * batch.width + s),
    };
  });
}

/** Entries of a padded (B,S) column at the trained tokens of one sequence. */
export function trainedOf(
  { lossMask, place }: GoldenSequence,
  padded: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(place.filter((_, s) => lossMask[s]), (at) => padded[at]!);
}

/** Places p of the trained tokens: token p is predicted by token p - 1. */
export function trainedPositions({ lossMask }: GoldenSequence): Uint32Array {
  return Uint32Array.from([...lossMask.keys()].filter((s) => lossMask[s]), (s) => s + 1);
}

/** A list of records, each with known fields only. */
export function recordsOf(
  value: unknown,
  fields: ReadonlyArray<string>,
  where: string,
): ReadonlyArray<GoldenRecord> {
  return list(value).map(record).map((entry) => {
    assertKnown(Object.keys(entry), fields, where);
    return entry;
  });
}
