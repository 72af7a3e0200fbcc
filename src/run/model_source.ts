import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { pathExists } from "../files/disk.ts";
import { fetchSnapshot } from "../files/hub.ts";
import { readHubSettings } from "../files/hub_settings.ts";
import type { Screen } from "../files/screen.ts";
import { fetchedLine, fetchLine } from "../report/fetch_line.ts";

const DEFAULT_REVISION = "main";

/** Which model a run begins with. */
export type ModelSource = Pick<RunConfig, "model" | "revision">;

/**
 * Decides what `--model` means. A name that exists or looks like a path is a folder; any other ORG/NAME is a model of
 * the Hub. Returns the revision of a model of the Hub, and null for a folder.
 */
export const revisionOf = Effect.fn("revisionOf")(function* ({ model, revision }: ModelSource) {
  const isFolder = model === null || looksLikePath(model) || (yield* pathExists(model));
  if (isFolder && revision !== null) {
    return yield* new BadInput({
      message: `Cannot use --revision ${quote(revision)} as --model must then be ORG/NAME of the ` +
        `Hugging Face Hub: it is ${
          model === null ? "the embedded one" : `the folder ${quote(model)}`
        }`,
    });
  }
  if (isFolder) return null;
  if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(model) || /--|\.\./.test(model)) {
    return yield* new BadInput({
      message: `Cannot find the model ${quote(model)} as it must be a folder, or ORG/NAME of the ` +
        "Hugging Face Hub: there is no such folder",
    });
  }
  const wanted = revision ?? DEFAULT_REVISION;
  if (/^\w[\w.+/-]*$/.test(wanted) && !/\.\.|\/\/|\/$/.test(wanted)) return wanted;
  return yield* new BadInput({
    message: `Cannot use --revision as it must be a branch, tag or commit: it is ${quote(wanted)}`,
  });
});

function looksLikePath(model: string): boolean {
  return /^([.~]|[/\\]|[A-Za-z]:[/\\])/.test(model) || /[/\\]$/.test(model);
}

/** The folder of the model that a run begins with. A model of the Hub is fetched, and its commit is the revision. */
export const locateModel = Effect.fn("locateModel")(function* (
  { model, revision }: ModelSource,
  { embeddedModel, screen }: { readonly embeddedModel: string; readonly screen: Screen },
) {
  if (model === null || revision === null) {
    return { folder: model ?? embeddedModel, revision: null };
  }
  const { folder, commit } = yield* fetchSnapshot(
    { id: model, revision },
    yield* readHubSettings(),
    {
      onBytes: (file, bytes) => screen.showProgress(fetchLine(file, bytes)),
      onFile: (file) => screen.print(fetchedLine(file)),
    },
  );
  yield* screen.print(`Model ${model} at commit ${commit} is in ${folder}`);
  return { folder, revision: commit };
});
