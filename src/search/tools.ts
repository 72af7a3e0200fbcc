/** Tools that few programs use: what they are made of is loaded when they are asked for. */
import { Effect, type Scope } from "effect";
import type { BadInput } from "../domain/errors.ts";
import type { Tool } from "../environment/tool.ts";
import type { BrowseOptions } from "./browse.ts";
import type { McpOptions } from "./mcp.ts";

/** The tools of an MCP server by its address or its command line, connected to until the scope closes. */
export function openMcpTools(
  name: string,
  options: McpOptions,
): Effect.Effect<ReadonlyArray<Tool>, BadInput, Scope.Scope> {
  return Effect.flatMap(
    Effect.promise(() => import("./mcp.ts")),
    ({ openMcp }) => openMcp(name, options),
  );
}

/** A tool that reads web pages. */
export function makeBrowseTool(options: BrowseOptions): Effect.Effect<Tool> {
  return Effect.flatMap(
    Effect.promise(() => import("./browse.ts")),
    ({ makeBrowse }) => makeBrowse(options),
  );
}

/** The same for `any`, or for a list like `example.org,*.example.org`; fails where Deno would refuse its calls. */
export function openBrowseTool(hosts: string, deadline: number): Effect.Effect<Tool, BadInput> {
  return Effect.flatMap(
    Effect.promise(() => import("./browse.ts")),
    ({ openBrowse }) => openBrowse(hosts, deadline),
  );
}
