/**
 * A signal ends a program within five seconds whatever it does just then, and a second one at once; STOP_SECONDS allows
 * more on a busy machine. A program that has nothing to save yet is ended by the system, also while it computes.
 *
 * What a signal waits for: a call that computes, such as a burst of tokens in plain loops or a submission to a software
 * driver, and the writing of a checkpoint. None of them takes seconds for a model of the size that such machines train.
 */
import { ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { inFolder } from "../support/tiny_run.ts";

const SECONDS = Number(Deno.env.get("STOP_SECONDS") ?? 5);
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** When a program is in the state that is meant. */
type Moment =
  | { readonly after: number }
  | { readonly printed: RegExp }
  | { readonly asked: Promise<void> };

interface State {
  readonly args: ReadonlyArray<string>;
  readonly moment: Moment;
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that takes connections and never answers. */
function serveSilence() {
  const asked = Promise.withResolvers<void>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Array<Deno.Conn> = [];
  const taking = (async () => {
    for await (const connection of listener) {
      taken.push(connection);
      asked.resolve();
    }
  })();
  const close = async () => {
    listener.close();
    await taking.catch(() => {});
    for (const connection of taken) connection.close();
  };
  return { url: `http://127.0.0.1:${listener.addr.port}`, asked: asked.promise, close };
}

/** Ends a program in a state by one signal or two, and says how long that took. */
async function secondsToEnd({ args, moment, env = {} }: State, signals: number): Promise<number> {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run"];
  const child = command("deno", {
    args: [
      ...["run", "--no-prompt", "--quiet", "--no-check", ...permissions, "--allow-net=127.0.0.1"],
      ...["--allow-ffi=.cache/driver", "src/cli/cli.ts", ...args],
    ],
    env,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const reading = child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (part) => void (text += part) }),
  );
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  if ("after" in moment) await sleep(moment.after);
  else if ("asked" in moment) await moment.asked;
  else while (!moment.printed.test(text) && !hasEnded) await sleep(0.02);
  ok(!hasEnded, `it ended before: ${text}`);
  const begun = performance.now();
  child.kill("SIGINT");
  if (signals > 1) {
    // What comes sooner is taken for the same key press.
    await sleep(0.4);
    if (!hasEnded) child.kill("SIGINT");
  }
  const { code } = await child.status;
  await reading;
  const seconds = (performance.now() - begun) / 1000;
  ok(code === 130, `code ${code}: ${text}`);
  return seconds;
}

async function writeData(folder: string): Promise<void> {
  let word = 0;
  const words = (count: number) =>
    Array.from({ length: count }, () => `w${(word += 7919) % 20_000}`).join(" ");
  const rows = (count: number, row: (i: number) => unknown) =>
    Array.from({ length: count }, (_, i) => JSON.stringify(row(i))).join("\n");
  const question = () => ({ question: `${words(10)}?`, answers: [words(1)] });
  await Deno.writeTextFile(`${folder}/many.jsonl`, rows(50_000, question));
  await Deno.writeTextFile(`${folder}/few.jsonl`, rows(50, question));
  const passage = (i: number) => ({ id: `${i}`, title: words(2), text: words(60) });
  const corpus = rows(50_000, passage);
  await Deno.writeTextFile(`${folder}/corpus.jsonl`, corpus);
  // An index on disk of so few is ready within six seconds.
  const more = (times: number) =>
    Array.from({ length: times }, (_, k) => corpus.replaceAll('{"id":"', `{"id":"${k}-`));
  await Deno.writeTextFile(`${folder}/large.jsonl`, more(5).join("\n"));
  // The trained checkpoint searches; a tool has time enough.
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify({ toolDeadlineSeconds: 600 }));
}

function statesIn(folder: string, url: string, asked: Promise<void>) {
  const model = ["--model", "checkpoints/skilled", "--device", "cpu"];
  const run = ["--recipe", `${folder}/recipe.json`, "--out", `${folder}/${crypto.randomUUID()}`];
  const few = ["--questions", `${folder}/few.jsonl`];
  const many = ["--questions", `${folder}/many.jsonl`];
  const trained = ["train", ...model, ...run];
  const waiting: Moment = { asked };
  const states: Readonly<Record<string, State>> = {
    ...Object.fromEntries([2, 6].flatMap((after): Array<[string, State]> => [
      [`reading questions for ${after} s`, {
        args: [...trained, ...many, "--search", "off"],
        moment: { after },
      }],
      [`indexing documents for ${after} s`, {
        args: [...trained, ...few, "--corpus", `${folder}/corpus.jsonl`],
        moment: { after },
      }],
      [`indexing documents on disk for ${after} s`, {
        args: ["index", `${folder}/large.jsonl`, "--out", `${folder}/${after}.index`],
        moment: { after },
      }],
    ])),
    "its first evaluation": {
      args: ["train", "--device", "cpu", ...run],
      moment: { printed: /episodes at a time/ },
    },
    "its first steps": {
      args: ["train", "--device", "cpu", ...run],
      moment: { printed: /^step +1\//m },
    },
    "compiling kernels": {
      args: ["train", ...run],
      env: { MESA_SHADER_CACHE_DISABLE: "true" },
      moment: { printed: /episodes at a time/ },
    },
    "a search that hangs": { args: [...trained, ...few, "--search", url], moment: waiting },
    "a page of tools that hangs": { args: [...trained, ...few, "--mcp", url], moment: waiting },
    "a server that says nothing": {
      args: [...trained, ...few, "--mcp", "sleep 1000"],
      moment: { after: 3 },
    },
    "a Hub that hangs": {
      args: ["train", "--model", "igpo/tiny", "--device", "cpu", ...run],
      env: { HF_ENDPOINT: url, HF_HOME: `${folder}/hf` },
      moment: waiting,
    },
    "a judge that hangs": {
      args: [
        ...["evaluate", ...model, ...run, ...few, "--search", "off"],
        ...["--judge", url, "--judge-model", "j"],
      ],
      moment: waiting,
    },
  };
  return states;
}

for (const name of Object.keys(statesIn("", "", Promise.resolve()))) {
  Deno.test(`a program ends within ${SECONDS} s of a signal, and of two, while it does: ${name}`, () =>
    inFolder(async (folder) => {
      await writeData(folder);
      for (const signals of [1, 2]) {
        const { url, asked, close } = serveSilence();
        const seconds = await secondsToEnd(statesIn(folder, url, asked)[name]!, signals);
        await close();
        const line = `${seconds.toFixed(2)} s after ${signals} signals: ${name}\n`;
        Deno.stdout.writeSync(new TextEncoder().encode(line));
        ok(seconds < SECONDS, line);
      }
    }));
}
