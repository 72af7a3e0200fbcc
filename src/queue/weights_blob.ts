/** The trained weights as a blob: little-endian f32, parameter by parameter, in the order of checkpoints. */
import { Effect } from "effect";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { trainedOf } from "../pipeline/checkpoint.ts";
import { bytesOf } from "./bytes.ts";
import { BadBlob } from "./blobs.ts";

/** The part of a model that says what is trained. */
export type Trained = Pick<ModelFolder, "architecture" | "lora">;

/** The bytes of trained weights, a part for each parameter. */
export function encodeWeights(
  model: Trained,
  weights: ReadonlyMap<string, Float32Array>,
): ReadonlyArray<Uint8Array> {
  return trainedOf(model).map(({ name }) => bytesOf(weights.get(name)!));
}

/** Bytes that the trained weights of a model have. */
export function weightsBytes(model: Trained): number {
  return trainedOf(model).reduce((sum, { rows, cols }) => sum + 4 * rows * cols, 0);
}

/** The weights that such bytes hold; views of them. */
export const decodeWeights = Effect.fnUntraced(function* (
  model: Trained,
  bytes: Uint8Array<ArrayBuffer>,
) {
  const wanted = weightsBytes(model);
  if (bytes.length !== wanted) {
    return yield* new BadBlob({
      message: `Cannot use these weights as the model's trained parameters have ${wanted} bytes: ` +
        `they have ${bytes.length}`,
      isMissing: false,
    });
  }
  let at = bytes.byteOffset;
  return new Map(
    trainedOf(model).map(({ name, rows, cols }) => {
      const values = new Float32Array(bytes.buffer, at, rows * cols);
      at += 4 * rows * cols;
      return [name, values] as const;
    }),
  );
});
