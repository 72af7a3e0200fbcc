import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { blobOf, endlessBody, MODEL } from "../support/hub_server.ts";
import { fetched, FIRST, hubTest, refused, repoOf, skilled, WEIGHTS } from "./hub_fixtures.ts";

const isTree = ({ path }: { readonly path: string }) => path.includes("/tree/");
const MEBIBYTE = new Uint8Array(1 << 20).fill(0x20);

for (
  const [what, status] of [["a listing", 200], ["an error", 400]] as const
) {
  hubTest(`fetchSnapshot() ends ${what} that never ends`, {
    instead: (request) => isTree(request) ? new Response(endlessBody(MEBIBYTE), { status }) : null,
  }, async ({ settings }) => {
    match(await refused(settings), /an answer must have at most 16777216 bytes$/);
  });
}

hubTest("fetchSnapshot() ends a listing of endless pages", {
  instead: (request) =>
    isTree(request) ? Response.json([], { headers: { link: `<${again.at}>; rel="next"` } }) : null,
}, async ({ hub, settings }) => {
  again.at = `${hub.endpoint}/api/models/${MODEL}/tree/${FIRST}`;
  match(await refused(settings), /a listing must have at most 100 pages$/);
  ok(hub.requests.length < 200);
});
const again = { at: "" };

for (const size of [-1, 1e15, 1.5, "7", null]) {
  hubTest(`fetchSnapshot() refuses a file of size ${size}`, { entry: { size } }, async ({
    hub,
    settings,
  }) => {
    match(await refused(settings), /must answer as the Hugging Face Hub does: /);
    deepStrictEqual(hub.fetched(), []);
  });
}

hubTest("fetchSnapshot() gives up on a download of a byte now and then", {
  instead: ({ path }) =>
    path.endsWith("/config.json") ? new Response(endlessBody(Uint8Array.of(0x20), 50)) : null,
}, async ({ settings }) => {
  match(
    await refused(settings, { pace: { bytes: 1000, seconds: 0.3 } }),
    /must be reachable: only \d+ bytes came in 0.3 s; \d+ of \d+ bytes of config.json are kept/,
  );
});

hubTest("fetchSnapshot() never writes where a link leads", {}, async ({ settings }) => {
  const blobs = `${repoOf(settings)}/blobs`;
  await Deno.mkdir(blobs, { recursive: true });
  const victim = `${settings.cache}/victim`;
  await Deno.writeTextFile(victim, "precious");
  await Deno.symlink(victim, `${blobs}/${blobOf(WEIGHTS, skilled[WEIGHTS]!)}.incomplete`);
  const { folder } = await fetched(settings);
  strictEqual(await Deno.readTextFile(victim), "precious");
  deepStrictEqual(await Deno.readFile(`${folder}/${WEIGHTS}`), skilled[WEIGHTS]);
});
