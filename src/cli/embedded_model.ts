import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import type { Screen } from "../files/screen.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { locateModel } from "../run/model_source.ts";

/** Folder of the checkpoint that training starts from by default. */
export const embeddedModel: string = fileURLToPath(
  new URL("../../checkpoints/spoiled", import.meta.url),
);

/** The model that a configuration names, for what needs no device yet. */
export const readModel = Effect.fnUntraced(function* (config: RunConfig, screen: Screen) {
  const { folder } = yield* locateModel(config, { embeddedModel, screen });
  return yield* readModelFolder(folder);
});
