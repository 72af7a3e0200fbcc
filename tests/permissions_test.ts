import { deepStrictEqual, ok } from "node:assert/strict";
import project from "../deno.json" with { type: "json" };

const tasks = Object.entries(project.tasks);

Deno.test("tasks may speak to the Hub's hosts where a model can be named, and to no one else", () => {
  const network = tasks.flatMap(([name, { command }]) =>
    (command.match(/--allow-net\S*/g) ?? []).map((flag) => [name, flag])
  );
  // HUB_MIRROR is the host of HF_ENDPOINT, by ./igpo.
  const hosts = "--allow-net=*.huggingface.co,*.hf.co$HUB_MIRROR";
  const programs = ["train", "pretrain", "evaluate", "compare", "export"];
  deepStrictEqual(network, programs.map((name) => [name, hosts]));
});

Deno.test("no task may do everything", () => {
  ok(tasks.every(([, { command }]) => !/(^| )(-\w*A\w*|--allow-all)( |$)/.test(command)));
});
