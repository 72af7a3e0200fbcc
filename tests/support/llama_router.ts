/** llama-server of llama.cpp as a router over one model; built where it is not cached. */
import { command } from "../../driver/command.ts";

const FOLDER = ".cache/llama.cpp";
const SERVER = `${FOLDER}/build/bin/llama-server`;

const works = (script: string) =>
  command("sh", { args: ["-c", script], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success);

/** Why llama-server can neither be found nor built here, or null. */
export async function whyNoLlama(): Promise<string | null> {
  if (await works(`test -x ${SERVER}`)) return null;
  const needed = ["cmake", "git", "npm", "c++", "sha512sum"];
  for (const name of needed) {
    if (!(await works(`command -v ${name}`))) return `to build llama.cpp needs ${name}`;
  }
  return null;
}

async function build(): Promise<void> {
  if (await works(`test -x ${SERVER}`)) return;
  await Deno.mkdir(FOLDER, { recursive: true });
  const { success } = await command("sh", { args: ["tests/support/llama_cpp.sh", FOLDER] })
    .output();
  if (!success) throw new Error("llama.cpp could not be built");
}

/** A router at an address. */
export interface LlamaRouter extends AsyncDisposable {
  readonly origin: string;
}

/** Starts a router over a model whose adapters are in a file; numbers are f32 throughout. */
export async function startRouter(
  { folder, model, adapter }: {
    readonly folder: string;
    readonly model: string;
    readonly adapter: string;
  },
): Promise<LlamaRouter> {
  await build();
  const preset = [
    "[policy]",
    `model = ${model}`,
    `lora = ${adapter}`,
    "cache-type-k = f32",
    "cache-type-v = f32",
    "flash-attn = off",
    // Two threads would wait for each other in loops, which takes minutes on a machine that has other work.
    "threads = 1",
    "parallel = 4",
    "ctx-size = 4096",
  ];
  await Deno.writeTextFile(`${folder}/models.ini`, preset.join("\n"));
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const child = command("sh", {
    args: [
      "-c",
      `exec ${SERVER} --models-preset "$FOLDER/models.ini" --host 127.0.0.1 --port ${port}`,
    ],
    // Models that this machine has cached are not listed.
    env: { FOLDER: folder, LLAMA_CACHE: folder },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  void child.status.then(() => isOver = true);
  const origin = `http://127.0.0.1:${port}`;
  while (true) {
    if (isOver) throw new Error("llama-server did not start");
    const response = await fetch(`${origin}/models`).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    origin,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      // It may wait for connections that are kept open.
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await child.status;
      clearTimeout(timer);
    },
  };
}
