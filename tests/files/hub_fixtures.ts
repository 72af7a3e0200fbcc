/** Fetches from a server that speaks the Hub's protocol, each test with a cache of its own. */
import { Effect, Schedule } from "effect";
import type { BadInput } from "../../src/domain/errors.ts";
import { fetchSnapshot } from "../../src/files/hub.ts";
import { HubPatience, type Patience } from "../../src/files/hub_request.ts";
import type { HubSettings } from "../../src/files/hub_settings.ts";
import {
  type CommitFiles,
  type HubServer,
  type HubServerOptions,
  MODEL,
  serveHub,
  skilledFiles,
} from "../support/hub_server.ts";
import { folderTest, refusal } from "./fixtures.ts";

export const FIRST = "1".repeat(40);
export const SECOND = "2".repeat(40);
export const WEIGHTS = "model.safetensors";
export const skilled = await skilledFiles();

interface Setting extends Partial<HubServerOptions> {
  readonly files?: CommitFiles;
}

/** Runs a test beside a server, with a cache of its own. */
export function hubTest(
  name: string,
  { files = skilled, ...options }: Setting,
  test: (at: { readonly hub: HubServer; readonly settings: HubSettings }) => Promise<void>,
) {
  folderTest(name, async (folder) => {
    const commits = { [FIRST]: files, [SECOND]: { ...files, ...marked } };
    const hub = serveHub({ commits, refs: { main: FIRST, "pr/7": SECOND }, ...options });
    const settings = {
      endpoint: hub.endpoint,
      cache: `${folder}/hub`,
      token: null,
      isOffline: false,
    };
    await test({ hub, settings }).finally(hub.close);
  });
}

const marked: CommitFiles = { "generation_config.json": new TextEncoder().encode("{}") };

interface Call {
  readonly id?: string;
  readonly revision?: string;
  /** Seconds. */
  readonly silence?: number;
  readonly pace?: Patience["pace"];
}

export const files: Array<string> = [];
export const bytes: Array<number> = [];
const fetching = (
  settings: HubSettings,
  { id = MODEL, revision = "main", silence = 20, pace = { bytes: 1, seconds: 60 } }: Call = {},
) =>
  fetchSnapshot({ id, revision }, settings, {
    onBytes: (_, count) => Effect.sync(() => void bytes.push(count)),
    onFile: ({ name }) => Effect.sync(() => void files.push(name)),
  }).pipe(
    Effect.provideService(HubPatience, { retries: Schedule.recurs(3), silence, pace }),
  );
export const fetched = (settings: HubSettings, call: Call = {}) =>
  Effect.runPromise(fetching(settings, call));
export const refused = (settings: HubSettings, call: Call = {}) =>
  refusal(fetching(settings, call) as Effect.Effect<unknown, BadInput>);

export const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => [])).sort();
export const repoOf = (settings: HubSettings) => `${settings.cache}/models--igpo-tests--skilled`;
