// deno-lint-ignore-file no-console
/**
 * What a command line lets its program do beyond what deno.json says: ./igpo reads it line by line, in the order of
 * `Allowance`. It runs without a configuration and imports no packages.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Endings of permission flags; empty where nothing more is allowed. */
interface Allowance {
  /** `,HOST` of the mirror of the Hugging Face Hub. */
  readonly mirror: string;
  /** `,HOST,HOST` that flags name. */
  readonly outside: string;
  /** `--allow-run=PROGRAM`. */
  readonly mayRun: string;
  /** `:anywhere` where any host may be spoken to. */
  readonly anywhere: string;
  /** `=NAME,NAME`; empty for all variables. */
  readonly env: string;
  /** `=PATH,PATH`, and what lies below. Never empty, so that the last line is there. */
  readonly read: string;
  readonly write: string;
}

type Json = Readonly<Record<string, unknown>>;

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const [program = "", ...words] = Deno.args;
const env = (name: string) => Deno.env.get(name)?.trim() || null;
const home = env("HOME") ?? env("USERPROFILE") ?? "/nonexistent";

/** The value of a flag that the command line has, or null. */
function flag(name: string): string | null {
  const at = words.findLastIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at < 0) return null;
  const [, ...rest] = words[at]!.split("=");
  return rest.length > 0 ? rest.join("=") : words[at + 1] ?? null;
}

/** The configuration that --config or --resume names. What is wrong with it, the program itself says. */
function readConfig(): Json {
  const [config, resumed] = [flag("config"), flag("resume")];
  const path = config ?? (resumed === null ? null : `${resumed}/config.json`);
  try {
    const value: unknown = JSON.parse(Deno.readTextFileSync(path ?? ""));
    return typeof value === "object" && value !== null ? value as Json : {};
  } catch {
    return {};
  }
}

const config = readConfig();

/** The text of a flag, or else of the configuration's field. */
function named(name: string, field = name): string {
  const found = flag(name) ?? config[field];
  return typeof found === "string" ? found.trim() : "";
}

const HOST = /^(\[[0-9A-Fa-f:]+\]|[\w-]+(\.[\w-]+)*)(:([0-9]{1,4}|[1-5][0-9]{4}))?$/;

/** `,HOST` of an address that has nothing but a host and a port after its scheme: Deno refuses others. */
function hostOf(address: string): string {
  const host = /^https?:\/\/([^/?#]*)/.exec(address)?.[1] ?? "";
  return HOST.test(host) ? `,${host}` : "";
}

/** `,HOST,HOST` of a list like `example.org,*.example.org`. */
function pageHosts(list: string): string {
  return list.split(",").map((host) => host.trim())
    .filter((host) => /^(\*\.)?\w[\w-]*(\.[\w-]+)*$/.test(host))
    .map((host) => `,${host}`).join("");
}

const WEB_SERVICES: Readonly<Record<string, string>> = {
  serper: ",google.serper.dev",
  tavily: ",api.tavily.com",
  brave: ",api.search.brave.com",
};

/** The program of a command, unless it is an address. */
function mayRun(command: string): string {
  const [name = ""] = command.split(/\s/);
  if (/^-|^https?:\/\/|[^\w./+-]/.test(name) || name === "") return "";
  return `--allow-run=${name.includes("/") ? resolve(name) : name}`;
}

/** A list of permission paths. It can hold no comma and no line break: for such a path, its nearest folder without. */
function listOf(paths: ReadonlyArray<string | null>): string {
  const nameable = (path: string): string => /[,\n]/.test(path) ? nameable(dirname(path)) : path;
  const whole = paths.filter((path) => path !== null && path !== "")
    .map((path) => nameable(resolve(path!)));
  return `=${[...new Set(whole)].join(",")}`;
}

/** The variables that a program reads or sets: its keys, the Hub's settings, those of drivers. */
const VARIABLES = [
  ...[
    "BLOBS_SECRET",
    "BRAVE_API_KEY",
    "JUDGE_API_KEY",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "POLICY_API_KEY",
    "SERPER_API_KEY",
    "TAVILY_API_KEY",
  ],
  ...["FORCE_COLOR", "NO_COLOR", "PGPASSWORD", "PGSSLROOTCERT", "TERM"],
  ...["HF_*", "HUGGINGFACE_HUB_CACHE", "HOME", "USERPROFILE", "XDG_*"],
  ...["DENO_WEBGPU_BACKEND", "LP_*", "MESA_*", "VK_*"],
];

/** Folders of the Hugging Face Hub, as src/files/hub_settings.ts reads them. */
function hubFolders(): ReadonlyArray<string | null> {
  const cache = env("XDG_CACHE_HOME") ?? `${home}/.cache`;
  const named = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "HF_TOKEN_PATH"].map(env);
  return [...named, `${cache}/huggingface`].map((path) =>
    path?.replace(/^~(?=\/|$)/, home) ?? null
  );
}

/** The folder of compiled shaders, as src/files/driver.ts makes it. */
const shaders = env("MESA_SHADER_CACHE_DIR") ?? `${env("XDG_CACHE_HOME") ?? `${home}/.cache`}/igpo`;

/** Where drivers are registered and installed, as src/files/installed_drivers.ts looks for them. */
const drivers = [
  "/etc",
  ...(env("XDG_DATA_DIRS") ?? "/usr/local/share:/usr/share").split(":"),
].map((folder) => `${folder}/vulkan`).concat("/usr/lib", "/usr/lib64", "/usr/local/lib");

/** Files of `--questions` or of the configuration. */
function questionFiles(): ReadonlyArray<string> {
  const listed = config["questions"];
  const files = Array.isArray(listed) ? listed.map((one: Json) => String(one?.["file"])) : [];
  return [
    ...files,
    ...named("questions").split(",").flatMap((one) => [one, one.replace(/\*[\d.]+$/, "")]),
  ];
}

const journal = named("journal").replace(/^(auto|record|replay):/, "");
const out = flag("out") ?? flag("resume");

/** Programs that are told files and folders without a flag. */
const POSITIONAL = ["check-reward", "credit", "data", "index", "view"];

function reads(): ReadonlyArray<string | null> {
  const flags = ["out", "resume", "config", "against", "index"].map(flag);
  const own = [
    named("recipe"),
    named("preset"),
    named("model"),
    named("init-adapter", "adapter"),
    named("corpus"),
    named("search"),
  ];
  const positional = POSITIONAL.includes(program) ? words : [];
  return [
    PROJECT,
    ...flags,
    ...own,
    ...questionFiles(),
    ...(flag("presets") ?? "").split(","),
    // A module may import what lies beside it.
    ...positional.filter((word) => program === "check-reward" && /\.[cm]?[jt]s$/.test(word))
      .map((module) => dirname(resolve(module))),
    flag("reads"),
    flag("queue") === null ? null : env("PGSSLROOTCERT"),
    ...positional.flatMap((word) => word.split(",")).map((word) => word.replace(/\*[\d.]+$/, "")),
    ...writes(),
    ...hubFolders(),
    ...drivers,
  ];
}

/** A database, and the files that SQLite keeps beside it. */
function withJournals(path: string): ReadonlyArray<string> {
  return path === "" ? [] : ["", "-journal", "-wal", "-shm"].map((end) => path + end);
}

/** `,HOST:PORT` of a queue in PostgreSQL, and of where blobs are served. */
function queueHosts(): string {
  const url = /^postgres(ql)?:/.test(flag("queue") ?? "") ? URL.parse(flag("queue")!) : null;
  const host = url === null ? "" : `${url.hostname}:${url.port || 5432}`;
  const hosts = [host, flag("serve-blobs") ?? ""].filter((host) => HOST.test(host));
  return hosts.map((host) => `,${host}`).join("") + hostOf(flag("blobs") ?? "");
}

/** The database of a queue on this host, and the folder of its blobs. */
function queueFiles(): ReadonlyArray<string | null> {
  const path = /^sqlite:(.+)$/s.exec(flag("queue") ?? "")?.[1];
  const blobs = flag("blobs") ?? (path === undefined ? null : `${path}.blobs`);
  const isFolder = !/^https?:/.test(blobs ?? "");
  return [...withJournals(path ?? ""), ...(isFolder ? [blobs] : [])];
}

/** The folder of a file, which is written beside its place before it gets its name. */
function beside(path: string | null): ReadonlyArray<string> {
  return path === null ? [] : [dirname(resolve(path))];
}

/** Where a folder is made before it gets its name, as src/files/atomic.ts does. */
function unfinished(path: string): string {
  return `${dirname(resolve(path))}/.${basename(resolve(path))}.tmp`;
}

function writes(): ReadonlyArray<string | null> {
  const shared = [...withJournals(journal), ...hubFolders(), shaders];
  switch (program) {
    case "tune":
      return [`${PROJECT}/.cache`, ...shared];
    case "pretrain":
      return [out ?? (named("model") === "" ? `${PROJECT}/checkpoints` : "runs"), ...shared];
    case "export":
      return [out, ...(out === null ? [] : [unfinished(out)]), ...shared];
    case "index":
      return [...withJournals(out ?? ""), ...shared];
    case "credit":
      return [...beside(out), ...shared];
    case "view":
      return [...beside(flag("html")), ...shared];
    case "check-reward":
      return [...beside(flag("json")), out, ...shared];
    case "data":
    case "retriever":
      return shared;
    case "worker":
    case "queue":
      return [...queueFiles(), ...shared];
    default:
      return [out ?? "runs", ...queueFiles(), ...shared];
  }
}

const search = named("search");
/** Another program, which may be run: an MCP server, or a reward that is checked. */
const other = program === "check-reward" ? flag("command")?.trim() ?? "" : named("mcp");
const browse = named("browse");
/** The address after the kind of a server that samples. */
const policy = named("policy").replace(/^[\w.]+:(?=https?:)/, "");
const allowance: Allowance = {
  mirror: hostOf(env("HF_ENDPOINT") ?? ""),
  outside: (WEB_SERVICES[search] ?? hostOf(search)) + hostOf(other) + hostOf(named("judge")) +
    hostOf(policy) + queueHosts() + hostOf(flag("otlp") ?? "") +
    (browse === "any" ? "" : pageHosts(browse)),
  mayRun: mayRun(other),
  anywhere: browse === "any" ? ":anywhere" : "",
  // A server that is started gets the environment.
  env: mayRun(other) === "" ? `=${VARIABLES.join(",")}` : "",
  read: listOf(reads()),
  write: listOf(writes()),
};
console.log(Object.values(allowance).join("\n"));
