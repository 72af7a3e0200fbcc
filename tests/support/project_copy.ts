import { filesBelow } from "./source_graph.ts";

/** Copies what the task `driver` needs into a folder, so that it fetches into a `.cache` of its own. */
export async function copyProject(folder: string): Promise<void> {
  const sources = [...await filesBelow("driver", ".ts"), ...await filesBelow("src", ".ts")];
  const others = await filesBelow("shaders", ".wgsl");
  for (const path of [...sources, ...others, "deno.json", "deno.lock"]) {
    const target = `${folder}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(path, target);
  }
}
