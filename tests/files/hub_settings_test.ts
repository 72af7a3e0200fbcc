import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { readHubSettings } from "../../src/files/hub_settings.ts";
import { folderTest, refusal, run } from "./fixtures.ts";

const settings = (variables: Readonly<Record<string, string>>) =>
  run(readHubSettings((name) => variables[name]));

folderTest("readHubSettings() knows where Hugging Face keeps things", async (home) => {
  deepStrictEqual(await settings({ HOME: home }), {
    endpoint: "https://huggingface.co",
    cache: `${home}/.cache/huggingface/hub`,
    token: null,
    isOffline: false,
  });
});

folderTest("readHubSettings() puts the narrower variable first", async (home) => {
  const cacheOf = async (variables: Readonly<Record<string, string>>) =>
    (await settings({ HOME: home, ...variables })).cache;
  strictEqual(await cacheOf({ XDG_CACHE_HOME: "/x" }), "/x/huggingface/hub");
  strictEqual(await cacheOf({ XDG_CACHE_HOME: "/x", HF_HOME: "~/hf" }), `${home}/hf/hub`);
  strictEqual(await cacheOf({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }), "/old");
  strictEqual(await cacheOf({ HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/c" }), "/c");
  strictEqual(await cacheOf({ HF_HUB_CACHE: "", HF_HOME: "/h" }), "/h/hub");
});

folderTest(
  "readHubSettings() reads a token from the environment, else from its file",
  async (home) => {
    await Deno.writeTextFile(`${home}/token`, "hf_file\n");
    strictEqual((await settings({ HF_HOME: home })).token, "hf_file");
    strictEqual((await settings({ HF_HOME: home, HF_TOKEN: "hf_env" })).token, "hf_env");
    const elsewhere = { HF_HOME: "/none", HF_TOKEN_PATH: `${home}/token`, HF_TOKEN: "" };
    strictEqual((await settings(elsewhere)).token, "hf_file");
  },
);

folderTest(
  "readHubSettings() reads switches and addresses as they are written elsewhere",
  async (home) => {
    const read = (variables: Readonly<Record<string, string>>) =>
      settings({ HOME: home, ...variables });
    const offline = await Promise.all(
      ["1", "true", "ON", "0", ""].map(async (HF_HUB_OFFLINE) =>
        (await read({ HF_HUB_OFFLINE })).isOffline
      ),
    );
    deepStrictEqual(offline, [true, true, true, false, false]);
    strictEqual((await read({ HF_ENDPOINT: "https://hf.test/" })).endpoint, "https://hf.test");
    strictEqual(
      await refusal(readHubSettings((name) => name === "HF_ENDPOINT" ? "hf.test" : home)),
      'Cannot use HF_ENDPOINT as it must be an http or https address: it is "hf.test"',
    );
    for (const address of ["https://u:secret@hf.test", "https://secret@hf.test"]) {
      strictEqual(
        await refusal(readHubSettings((name) => name === "HF_ENDPOINT" ? address : home)),
        "Cannot use HF_ENDPOINT as it must hold no user and no password: it holds one",
      );
    }
  },
);

folderTest("readHubSettings() refuses a token that is none, and does not show it", async (home) => {
  for (const token of ["hf_se\ncret", "hf se cret", "hf_secr\u00e9t", "s".repeat(2000)]) {
    const env = (name: string) => ({ HOME: home, HF_TOKEN: token })[name];
    const message = await refusal(readHubSettings(env));
    match(message, /^Cannot use the token .* which is not shown$/);
    doesNotMatch(message, /cret/);
  }
});
