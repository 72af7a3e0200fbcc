/** The reader of a listing of the Hub, whose answers a server on this machine gives. */
import { Effect, Schedule } from "effect";
import { listHubModel } from "../../src/files/hub_listing.ts";
import { HubPatience } from "../../src/files/hub_request.ts";
import type { Reader } from "./readers.ts";

const COMMIT = "1".repeat(40);
const answers = {
  info: { _id: "1", id: "a/b", sha: COMMIT, lastModified: "2026-11-25T00:00:00.000Z" },
  tree: [
    { type: "file", path: "config.json", size: 7, oid: "2".repeat(40) },
    { type: "file", path: "model.safetensors", size: 9, oid: COMMIT, lfs: { oid: "3".repeat(64) } },
    { type: "directory", path: "onnx", size: 0, oid: COMMIT },
  ],
};

const open = Effect.gen(function* () {
  let said: Uint8Array<ArrayBuffer> = new Uint8Array();
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
        // Both answers are in one value; where that is broken, each answer is all of it.
        try {
          const both = JSON.parse(new TextDecoder().decode(said));
          return Response.json(url.includes("/tree/") ? both.tree : both.info);
        } catch {
          return new Response(said);
        }
      })
    ),
    (server) => Effect.promise(() => server.shutdown()),
  );
  const settings = {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    cache: "/none",
    token: null,
    isOffline: false,
  };
  const patience = { retries: Schedule.recurs(0), silence: 5, pace: { bytes: 1, seconds: 60 } };
  return ({ bytes }: { readonly bytes: Uint8Array }) =>
    Effect.suspend(() => {
      said = new Uint8Array(bytes);
      return listHubModel({ settings, model: { id: "a/b", revision: "main" } });
    }).pipe(Effect.provideService(HubPatience, patience));
});

/** What the Hub says of a model. */
export const hubReader: Reader = {
  name: "hub",
  file: "input.json",
  seeds: [new TextEncoder().encode(JSON.stringify(answers))],
  isJson: true,
  open,
};
