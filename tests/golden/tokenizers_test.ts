import assert from "node:assert/strict";
import { Result } from "effect";
import { makeChatTemplate } from "../../src/text/chat_template.ts";
import { makeProtocol } from "../../src/text/protocol.ts";
import { paperStyle } from "../../src/text/protocol_style.ts";
import { makeTokenizer, type Tokenizer } from "../../src/text/tokenizer.ts";
import {
  assertKnown,
  goldenDir,
  goldenNames,
  type GoldenRecord,
  list,
  readGolden,
  record,
  text,
} from "./golden_dir.ts";
import { type Family, goldenTest } from "./summary.ts";

const CHAT = "chat.json";
const FILES = ["tokenizer.json", "tokenizer_config.json", "encodings.json"];
const folders = goldenNames("tokenizers").filter((name) => name !== CHAT);
const encoded = folders.filter((name) => has(name, "encodings.json"));

/** Tokenizers whose file equals another's, except for added tokens that their own configuration lists. */
const SAME_FILE: Readonly<Record<string, string>> = { qwen3: "qwen2.5" };

function has(name: string, file: string): boolean {
  return goldenNames(`tokenizers/${name}`).includes(file);
}

function readJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(`${goldenDir()}/tokenizers/${path}`));
}

const tokenizers = new Map<string, Tokenizer>();

function tokenizerOf(name: string): Tokenizer {
  const known = tokenizers.get(name);
  if (known !== undefined) return known;
  const folder = has(name, "tokenizer.json") ? name : SAME_FILE[name];
  if (folder === undefined) throw new Error(`No tokenizer.json for ${name}`);
  const made = makeTokenizer(
    readJson(`${folder}/tokenizer.json`),
    readJson(`${name}/tokenizer_config.json`),
  );
  tokenizers.set(name, Result.getOrThrow(made));
  return Result.getOrThrow(made);
}

Deno.test("golden tokenizers holds no file without a test", () => {
  for (const name of folders) {
    assertKnown(goldenNames(`tokenizers/${name}`), FILES, `tokenizers/${name}`);
  }
});

const paths = encoded.map((name) => `tokenizers/${name}/encodings.json`);
goldenTest("encodings", paths, (family) => {
  for (const name of encoded) {
    for (const golden of readGolden(`tokenizers/${name}/encodings.json`).cases) {
      checkEncoding(family, name, golden);
      family.countCase();
    }
  }
});

function checkEncoding(family: Family, name: string, golden: GoldenRecord): void {
  const tokenizer = tokenizerOf(name);
  const label = `${name} ${golden.id}`;
  const { ids_only, decoded, decoded_skip_special, ids_with_special, ...rest } = golden;
  assertKnown(Object.keys(rest), ["id", "text", "ids"], label);
  const ids = list(ids_only ?? golden.ids).map(Number);
  family.equal(tokenizer.decode(ids), decoded, `${label} decoded`);
  if (decoded_skip_special !== undefined) {
    const skipped = tokenizer.decode(ids, { skipSpecial: true });
    family.equal(skipped, decoded_skip_special, `${label} decoded without special tokens`);
  }
  if (golden.text === undefined) return;
  const source = text(golden.text);
  family.equal([...tokenizer.encode(source)], ids, `${label} ids`);
  checkPlain(family, tokenizer, { source, ids, label });
  if (ids_with_special !== undefined) {
    // Our encoders add no tokens: chat templates write the token that begins a text.
    const bos = text(record(readJson(`${name}/tokenizer_config.json`)).bos_token);
    const begun = [...tokenizer.encode(bos + source)];
    family.equal(begun, ids_with_special, `${label} ids with special tokens`);
  }
}

function checkPlain(
  family: Family,
  tokenizer: Tokenizer,
  { source, ids, label }: { source: string; ids: ReadonlyArray<number>; label: string },
): void {
  const plain = [...tokenizer.encodePlain(source)];
  const control = [...tokenizer.controlTokens];
  if (control.every(([token]) => !source.includes(token))) {
    family.equal(plain, ids, `${label} plain ids`);
  }
  const forged = control.filter(([, id]) => plain.includes(id));
  family.equal(forged, [], `${label} control tokens in plain ids`);
}

goldenTest("chat templates", [`tokenizers/${CHAT}`], (family) => {
  for (const golden of readGolden(`tokenizers/${CHAT}`).cases) {
    checkChat(family, golden);
    family.countCase();
  }
});

function checkChat(family: Family, golden: GoldenRecord): void {
  const { enable_thinking, ids, ...rest } = golden;
  const fields = ["id", "template", "conversation", "messages", "tools", "add_generation_prompt"];
  const label = `chat ${golden.id}`;
  assertKnown(Object.keys(rest), [...fields, "text"], label);
  const name = text(golden.template);
  const config = readJson(`${name}/tokenizer_config.json`);
  const template = Result.getOrThrow(makeChatTemplate(config));
  const rendered = Result.getOrThrow(template.render(
    list(golden.messages).map((message) => ({ role: "", ...record(message) })),
    {
      tools: golden.tools === null ? null : list(golden.tools),
      addGenerationPrompt: golden.add_generation_prompt === true,
      ...(enable_thinking === undefined ? {} : { enableThinking: enable_thinking === true }),
    },
  ));
  family.equal(rendered, golden.text, `${label} text`);
  if (ids === undefined) return;
  family.equal([...tokenizerOf(name).encode(rendered)], ids, `${label} ids`);
}

const chatting = encoded.filter((name) =>
  record(readJson(`${name}/tokenizer_config.json`)).chat_template !== undefined
);

for (const name of chatting) {
  Deno.test(`golden ${name}: the protocol writes the ids of the rendered conversation`, () => {
    const tokenizer = tokenizerOf(name);
    const template = Result.getOrThrow(
      makeChatTemplate(readJson(`${name}/tokenizer_config.json`)),
    );
    const system = "You search.";
    const protocol = Result.getOrThrow(
      makeProtocol({ tokenizer, template, style: paperStyle, system }),
    );
    assert.ok(!protocol.dropsThoughts);
    const sampled = protocol.assistantMessage("look", "\n<answer>\nx\n</answer>").subarray(0, -1);
    const messages = [{ role: "system", content: system }, { role: "user", content: "Who?" }];
    const said = Result.getOrThrow(template.render(messages, { addGenerationPrompt: true }));
    const { ids } = protocol.prompt("Who?");
    const forced = tokenizer.encode("<think>");
    assert.deepEqual(ids.slice(0, -forced.length), tokenizer.encode(said));
    const { ids: read } = protocol.observation([{ content: "Found it." }]);
    const spliced = tokenizer.decode([...ids, ...sampled, protocol.endOfTurnId, ...read]);
    assert.ok(spliced.startsWith(said + "<think>look</think>"));
    assert.ok(spliced.includes("<tool_response>\nFound it.\n</tool_response>"));
  });
}
