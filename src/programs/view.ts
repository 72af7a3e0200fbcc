import { Effect } from "effect";
import type { Screen } from "../files/screen.ts";
import { findRuns } from "../view/read_run.ts";
import { serveRuns } from "../view/server.ts";
import { writePage } from "../view/write_page.ts";

/** What is shown, and how. */
export interface ViewOptions {
  /** Folders of runs, or files of scored traces. */
  readonly paths: ReadonlyArray<string>;
  /** File of a page to write; null to serve it. */
  readonly html: string | null;
  readonly isLive: boolean;
  readonly port: number;
  readonly screen: Screen;
}

/** Shows runs on a page that is served until it is stopped, or written to a file. */
export const view = Effect.fn("view")(function* (options: ViewOptions) {
  const { paths, html, isLive, port, screen } = options;
  const runs = yield* findRuns(paths);
  if (html !== null) return yield* screen.print(`Wrote ${yield* writePage(runs, html)}`);
  const address = yield* serveRuns({ runs, isLive }, port);
  const what = runs.length === 1 ? runs[0]!.name : `${runs.length} runs`;
  yield* screen.print(`${what} at ${address} (Ctrl+C ends it)`);
  return yield* Effect.never;
}, Effect.scoped);
