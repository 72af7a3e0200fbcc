/**
 * What was tried from outside and did not hold once, with what must come of it now. Inputs are made by files.ts; what
 * takes a server, a tool or a killed process is tried by a test of its own, which stands here as its command.
 */

/** A command in a folder of these files, and what it must answer. */
export interface Try {
  readonly row: string;
  readonly what: string;
  readonly line: string;
  readonly code: number;
  readonly answer: RegExp;
}

type Tried = readonly [what: string, line: string, code: number, answer: RegExp];

const rowOf = (row: string, ...tries: ReadonlyArray<Tried>): ReadonlyArray<Try> =>
  tries.map(([what, line, code, answer]) => ({ row, what, line, code, answer }));

/** Flags of a run of seconds. */
const M = "--model model --recipe tiny.json --device cpu";
/** What Ctrl-C sends, to all that a command started. */
const stopped = (seconds: number, signal: string) =>
  `timeout --preserve-status -s ${signal} ${seconds}`;

/** Tests that try the row's other parts. */
const tests = (what: string, ...files: ReadonlyArray<string>): Tried => {
  const named = files.map((file) => `tests/${file}_test.ts`).join(" ");
  return [what, `cd "$PROJECT" && deno test --quiet --frozen -A ${named}`, 0, /ok \| \d+ passed/];
};

const Q_PROJ = /tensor "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" as all its/;
const training = (recipe: string) =>
  `./igpo train --model model --recipe ${recipe}.json --device cpu --out o_${recipe}`;
const adapted = (adapter: string, program: string) =>
  [
    `${adapter}, ${program}`,
    `./igpo ${program} --init-adapter ${adapter} --out o_${adapter}`,
    2,
    Q_PROJ,
  ] as const;
const resumed = (what: string, run: string, answer: RegExp): Tried => [
  what,
  `./igpo train --resume ${run} --steps 4`,
  2,
  answer,
];
const model = (what: string, folder: string, answer: RegExp, code = 2): Tried => [
  what,
  `./igpo data q.jsonl --model ${folder}`,
  code,
  answer,
];
const rows = (what: string, file: string, answer: RegExp, code = 2): Tried => [
  what,
  `./igpo data ${file}`,
  code,
  answer,
];

const numbers = rowOf(
  "high: numbers",
  ["lr 1e39", training("recipe_lr"), 2, /"lr" must be a value between .* value is 1e\+39$/],
  ["weightDecay 1e300", training("recipe_decay"), 2, /"weightDecay" must be a value between 0 and/],
  ["adamEps 1e-50", training("recipe_eps"), 2, /"adamEps" must be a value between 1e-30 and 1/],
  ["recipe lora alpha 1e300", training("recipe_alpha"), 2, /"lora.alpha" must be a value between/],
  [
    "lora_alpha 1e300 in PEFT",
    `./igpo train ${M} --init-adapter adapter_alpha --out o_alpha`,
    2,
    /as alpha must be above 0 and at most 1000000: it is 1e\+300/,
  ],
  ["no checkpoint of them", "find o_* -name '*.safetensors' 2>/dev/null | wc -l", 0, /^0$/],
  tests("every edge of every range", "recipe_edges"),
  tests("NaN planted in gradients, weights and moments", "non_finite_run", "lora_run"),
);

const values = rowOf(
  "high: weights and moments",
  ...["nan", "inf"].flatMap((kind) => [
    adapted(`adapter_${kind}`, "train --model model --recipe lora.json --device cpu"),
    adapted(`adapter_${kind}`, "export --merge --model model"),
    adapted(`adapter_${kind}`, `evaluate ${M}`),
  ]),
  [
    "a model of NaN",
    "./igpo evaluate --model m_nan --recipe tiny.json --device cpu --out o_m_nan",
    2,
    /"model.embed_tokens.weight" must hold finite numbers: value 0 is NaN/,
  ],
  resumed("v of NaN", "run_v_nan", /as all its numbers must be finite and not negative: .* is NaN/),
  resumed("v of Infinity", "run_v_inf", /must be finite and not negative: number 0 is Infinity/),
  resumed("v of -1", "run_v_neg", /must be finite and not negative: number 0 is -1/),
);

const hanging = rowOf(
  "high: what never answers",
  tests("finalizers, sessions, open, grade, Ctrl-C", "environment/environment"),
  tests("a synchronous loop in a tool or a reward", "check_reward"),
);

const long = rowOf(
  "medium: long texts",
  [
    "a word of 10 MB in a corpus",
    `./igpo train ${M} --questions q.jsonl --corpus corpus_word.jsonl --out o_word`,
    0,
    /^Everything is in o_word/m,
  ],
  [
    "passages of a million characters without a space",
    `./igpo train ${M} --questions q.jsonl --corpus corpus_1m.jsonl --out o_1m`,
    0,
    /^Everything is in o_1m/m,
  ],
  tests("a tool result of 50 MB", "pipeline/play"),
);

const keys = rowOf(
  "medium: joined keys",
  [
    "kind a, id b/c beside kind a/b, id c",
    `./igpo train ${M} --questions slash.jsonl --search off --out o_slash`,
    0,
    /^Everything is in o_slash/m,
  ],
  tests("from files to beliefs", "task"),
);

const signals = rowOf(
  "medium: signals",
  [
    "a closed standard output",
    "./igpo train --model model --recipe long.json --device cpu --out o_head 2>err | head -9 | " +
    "wc -l; sleep 3; wc -c <err; ls -d o_head/checkpoints/step-* | wc -l",
    0,
    /^9\n0\n[1-9]\d*$/,
  ],
  [
    "SIGHUP",
    `${stopped(20, "HUP")} ./igpo train --model model --recipe long.json --device cpu --out o_hup`,
    130,
    /^Saved after step \d+; go on with: \.\/igpo train --resume o_hup$/m,
  ],
);

const permissions = rowOf(
  "medium: permissions",
  tests("what a bad dependency of each program reaches", "permissions"),
  [
    'HF_ENDPOINT="https://x --allow-run"',
    `HF_ENDPOINT="https://x --allow-run" ./igpo train --model a/b --device cpu --out o_env`,
    2,
    /^Cannot use HF_ENDPOINT as it must be an http or https address: it is "https:\/\/x --allow-run"/,
  ],
  [
    "HF_ENDPOINT=https://u:p@host",
    "HF_ENDPOINT=https://u:p@host ./igpo train --model a/b --device cpu --out o_env",
    2,
    /^Cannot use HF_ENDPOINT as it must hold no user and no password: it holds one/,
  ],
);

const paths = rowOf(
  "medium: paths and names",
  [
    "paths from another folder",
    "mkdir elsewhere && cp tiny.json elsewhere/r.json && cd elsewhere && ../igpo train " +
    "--model ../model --recipe ./r.json --device cpu --out out1 >../said; ls; " +
    'ls "$PROJECT" | grep -c out1',
    1,
    /^out1\nr.json\n0$/,
  ],
  [
    "a preset named ../escape",
    `./igpo compare --presets grpo,escape.json ${M} --out o_escape; ls -d o_escape ../escape*`,
    2,
    /^Cannot read the preset as field "name" must be 1 to 64 characters, none a slash/m,
  ],
  [
    "a preset named by 300 characters",
    `./igpo compare --presets grpo,name300.json ${M} --out o_300; ls -d o_300`,
    2,
    /^Cannot read the preset as field "name" must be 1 to 64 characters/m,
  ],
);

const foreign = rowOf(
  "medium: values of others",
  rows("JSONL nested 5,000 deep", "deep.jsonl", /must nest at most 100 deep/, 1),
  [
    "a recipe nested 5,000 deep",
    "./igpo train --recipe deep.json --device cpu",
    2,
    /^Cannot read the recipe "deep.json" as it must be JSON: it must nest at most 100 deep/,
  ],
  model("tokenizer behavior 5", "m_behavior", /field "behavior" must be "Isolated" \| "Removed"/),
  rows("a Parquet question of 20 MB", "question_20mb.parquet", /length of at most 100000/, 1),
  tests("what an embedder's tools answer and leave behind", "pipeline/rollout"),
);

const advice = rowOf(
  "medium: advice after Ctrl-C",
  [
    "evaluate",
    `${stopped(20, "INT")} ./igpo evaluate --device cpu --samples 99 --out o_evaluate`,
    130,
    /^Go on with: \.\/igpo evaluate --resume o_evaluate$/m,
  ],
  [
    "train --resume of its folder",
    "./igpo train --resume o_evaluate",
    2,
    /it holds an evaluation; go on with it by \.\/igpo evaluate --resume o_evaluate/,
  ],
  [
    "compare",
    `${stopped(20, "INT")} ./igpo compare --presets grpo,rloo --seeds 1 --model model ` +
    "--recipe long.json --device cpu --out o_compare",
    130,
    /^Go on with: \.\/igpo compare --resume o_compare$/m,
  ],
);

const escapes = rowOf(
  "medium: escape sequences",
  ["in questions", "./igpo data esc.jsonl | tr -cd '\\033' | wc -c", 0, /^0$/],
  [
    "in a corpus",
    `./igpo train ${M} --questions q.jsonl --corpus corpus_esc.jsonl --out o_esc | ` +
    "tr -cd '\\033' | wc -c",
    0,
    /^0$/,
  ],
  tests("what a screen is given", "files/screen"),
);

const tokenizers = rowOf(
  "low: tokenizers and templates",
  model('an added token on the id of "a"', "m_used", /must be free, but it is that of "a"/),
  model("id -1", "m_negative", /must be a whole number from 0 to 1048575: current value is -1/),
  model("id 1.5", "m_fraction", /must be an integer: current value is 1.5/),
  model("id 2^40", "m_2e40", /from 0 to 1048575: current value is 1099511627776/),
  model("no vocabulary", "m_novocab", /model.vocab must be an object of tokens and ids/),
  model("(a+)+b", "m_regex", /a group must not repeat, which may take forever/),
  model("(?:a|a)*b", "m_regex2", /a group must not repeat, which may take forever/),
  tests("the worst patterns that pass", "text/pattern_cost"),
  model("ranges of 10^8 in ranges", "m_ranges", /must be rendered within 1 s and 256 MiB/),
  tests("a template's memory, macros, Ctrl-C", "template_trial"),
);

const hub = rowOf(
  "low: the Hub",
  [
    "a line end in HF_TOKEN",
    "HF_TOKEN=$(printf 'hf_secret\\nx') ./igpo train --model a/b --device cpu --out o_token",
    2,
    /none of them a space or a line end: it is other text, which is not shown/,
  ],
  tests("endless bodies, sizes, slow bytes, links", "files/hub_bounds"),
);

const sizes = rowOf(
  "low: sizes",
  rows("Parquet of 20 M rows", "rows_20m.parquet", /must be from 0 to 1048576: .* is 20000000/),
  rows("a Parquet page of 300 MB", "page_300mb.parquet", /must be from 0 to 268435456/),
  rows("a Parquet run of 2^30 values", "endless.parquet", /within their bounds of time and memory/),
  [
    "an adapter of 20 GB of nothing",
    `./igpo evaluate ${M} --init-adapter adapter_20g --out o_20g`,
    2,
    /must have shape \[4,16\]: it has \[5000000000\]/,
  ],
  [
    "rank 10^6 in PEFT",
    `./igpo evaluate ${M} --init-adapter adapter_rank --out o_rank`,
    2,
    /their rank must be a multiple of 4 from 4 to 4096: it is 1000000/,
  ],
  [
    "rank 10^6 in a recipe",
    training("recipe_rank"),
    2,
    /"lora.rank" must be a value between 4 and/,
  ],
  [
    "a corpus of 600 MB",
    't=$(yes "The river of the town flows past the old mill." | head -20 | tr "\\n" " "); ' +
    'seq -f "{\\"id\\":\\"%.0f\\",\\"text\\":\\"$t\\"}" 650000 >600.jsonl; wc -c <600.jsonl; ' +
    "./igpo index 600.jsonl --out 600.index; rm 600.jsonl",
    0,
    /^6\d{8}\n[^]*650000 passages are in 600.index$/m,
  ],
  tests("Parquet bombs of each kind", "files/parquet"),
);

const right = rowOf(
  "low: JSON that is right",
  model('"quantization_config": null', "m_quant", /now I can answer/, 0),
  model("a byte-order mark", "m_bom", /now I can answer/, 0),
  model('torch_dtype "constructor"', "m_dtype", /now I can answer/, 0),
);

const together = rowOf(
  "low: kills, and two runs",
  tests("folders after kills", "kill"),
  tests("a full disk after each byte", "files/full_disk"),
  [
    "two default runs in one second",
    "mkdir two && cd two && for i in 1 2; do ../igpo train --model ../model --recipe ../tiny.json " +
    '--device cpu >out$i 2>&1 & done; wait; echo "$(ls runs | wc -l) folders, ' +
    "$(ls runs/*/summary.json | wc -l) summaries, $(ls runs/*/episode.svg | wc -l) episodes, " +
    "$(find . -name '*.tmp' -o -name '.writable*' | wc -l) left over\"",
    0,
    /^2 folders, 2 summaries, 2 episodes, 0 left over$/,
  ],
  [
    "a second run in one folder",
    "setsid ./igpo train --model model --recipe long.json --device cpu --out o_two >two_out 2>&1 & " +
    "until ls o_two/checkpoints/step-* >two_ls 2>&1; do sleep 0.2; done; " +
    "./igpo train --resume o_two 2>&1; kill -s KILL -- -$!; wait; " +
    `${stopped(20, "INT")} ./igpo train --resume o_two`,
    130,
    /one run at a time may do so: another one is running[^]*^Saved after step \d+/m,
  ],
  tests("the lock, 20 runs at once", "files/run_folder"),
);

const edited = rowOf(
  "low: edited folders",
  resumed("another seed", "run_seed", /must have the seed of the checkpoint, 7: it has 0/),
  resumed("a wrong step", "run_step", /must have the step of its folder, 3: it has 1/),
  resumed("a step line missing", "run_missing", /once each, in order: after step 1 comes 3/),
  resumed("a step line doubled", "run_doubled", /once each, in order: after step 2 comes 2/),
  resumed("a date with control tokens", "run_date", /field "date" must be a date like 2026-11-30/),
  tests("each kind of edit", "train"),
);

const wording = rowOf(
  "low: wording",
  ["--memory NaN", "./igpo train --memory NaN", 2, /^Cannot use --memory as it must be a number/],
  ["--presets ,,,", "./igpo compare --presets ,,,", 2, /two presets or more: --presets names 0/],
  [
    "/proc/x",
    "./igpo train --recipe /proc/self/environ",
    2,
    /^Cannot read the recipe "\/proc\/self\/environ": Deno lets no program use it/,
  ],
  [
    "a name of 600 kB, in characters",
    "./igpo train --recipe huge_value.json --device cpu 2>&1 | wc -c",
    0,
    /^\d{3}$/,
  ],
  ["a kind of 600 kB, in characters", "./igpo data huge_kind.jsonl 2>&1 | wc -c", 0, /^\d{3,4}$/],
  [
    "null in a list",
    "./igpo train --recipe wrong_list.json --device cpu",
    2,
    /"trainKinds.1" must be "1-hop" \| "2-hop" \| "3-hop" \| "choice": current value is null/,
  ],
);

const mutated = rowOf(
  "low: mutated Parquet",
  rows("a byte under a check sum", "flipped.parquet", /as its check sum says: one is damaged/),
  tests("a thousand mutations of each reader, and earlier finds", "fuzz/fuzz"),
);

/** All of them, in the order of their weight. */
export const TRIES: ReadonlyArray<Try> = [
  ...[numbers, values, hanging, long, keys, signals, permissions, paths, foreign, advice, escapes],
  ...[tokenizers, hub, sizes, right, together, edited, wording, mutated],
].flat();
