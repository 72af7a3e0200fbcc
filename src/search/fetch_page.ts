/** A page of the public internet: bounded in time, size and redirects, and typed when it fails. */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import net from "node:net";
import { pipeline, type Transform } from "node:stream";
import tls from "node:tls";
import zlib from "node:zlib";
import { Effect, Result } from "effect";
import { LIMITS } from "../domain/limits.ts";
import { SearchFailed } from "../domain/search.ts";
import { fetchReason, line } from "../files/fetch_error.ts";
import type { Patience } from "./ask.ts";
import { readAtMost } from "../files/body.ts";
import { isBareAddress } from "./open.ts";
import { decodePage } from "./page_text.ts";
import { isPublicAddress } from "./public_address.ts";

/** Which pages are fetched, and how much is put up with. */
export interface FetchPageOptions {
  /** Hosts whose pages may be read, redirects included, as `--allow-net` takes them: `*.example.org` holds example.org. */
  readonly hosts: "any" | ReadonlyArray<string>;
  /** Seconds for all, redirects included, and bytes of the unpacked page. @default {20 s, 4 MiB} */
  readonly patience?: Pick<Patience, "total" | "bytes">;
  /** Addresses like `127.0.0.1:8000` that may be spoken to though they are not public: for tests and servers of one's own. */
  readonly allowed?: ReadonlyArray<string>;
  /** Answers instead of DNS, in tests. */
  readonly lookup?: net.LookupFunction;
}

/** A page as text: HTML, plain text or JSON. */
export interface FetchedPage {
  readonly isHtml: boolean;
  readonly text: string;
}

/** A page within 20 seconds. */
export const PAGE_PATIENCE = { total: 20, bytes: LIMITS.pageBytes };
const TYPES: ReadonlyArray<string> = [
  "text/html",
  "application/xhtml+xml",
  "text/plain",
  "application/json",
];
const HEADERS = {
  accept: "text/html,application/xhtml+xml,text/plain,application/json",
  "accept-encoding": "gzip, br",
  "user-agent": "igpo",
};
const UNPACK: ReadonlyMap<string, () => Transform> = new Map([
  ["gzip", zlib.createGunzip],
  ["x-gzip", zlib.createGunzip],
  ["deflate", zlib.createInflate],
  ["br", zlib.createBrotliDecompress],
]);

/** The address of a page that may be read, or the rule that it breaks. */
export function readPageUrl(text: string, hosts: FetchPageOptions["hosts"]) {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return Result.fail(`url must start with http:// or https://: current value is "${line(text)}"`);
  }
  if (!isBareAddress(url)) {
    return Result.fail("url must hold no user and no password");
  }
  const isAmong = hosts === "any" ||
    hosts.some((host) =>
      host.startsWith("*.")
        ? `.${url.hostname}`.endsWith(host.slice(1).toLowerCase())
        : url.hostname === host.toLowerCase()
    );
  return isAmong ? Result.succeed(url) : Result.fail(
    `the host must be one of ${line(hosts.join(", "))}: current value is ${line(url.hostname)}`,
  );
}

/** Fetches a page whose address {@link readPageUrl} accepts. Interruption ends the request that is in flight. */
export const fetchPage = (url: URL, options: FetchPageOptions) => {
  const { total } = options.patience ?? PAGE_PATIENCE;
  return follow(url, options).pipe(
    Effect.timeoutOrElse({
      duration: `${total} seconds`,
      orElse: () => Effect.fail(failed("late", `${nameOf(url)} gave no page within ${total} s`)),
    }),
    Effect.withSpan("search.fetchPage"),
  );
};

const follow = Effect.fnUntraced(function* (first: URL, options: FetchPageOptions) {
  let url = first;
  for (let hops = 0; hops <= LIMITS.pageRedirects; hops++) {
    const answer = yield* Effect.tryPromise({
      try: (signal) => fetchOnce(url, options, signal),
      catch: (error) => error instanceof SearchFailed ? error : unreachable(nameOf(url), error),
    });
    if (!(answer instanceof URL)) return answer;
    url = answer;
  }
  return yield* failed(
    "refused",
    `${nameOf(first)} redirects more than ${LIMITS.pageRedirects} times`,
  );
});

/** The page, or where it has gone; throws {@link SearchFailed} for what is neither. */
async function fetchOnce(url: URL, options: FetchPageOptions, signal: AbortSignal) {
  const host = nameOf(url);
  const response = await open(url, options, signal);
  try {
    const { statusCode = 0, headers } = response;
    if ([301, 302, 303, 307, 308].includes(statusCode)) {
      return redirectOf(url, headers.location ?? "", options.hosts);
    }
    checkStatus(host, statusCode);
    const type = headers["content-type"] ?? "";
    const essence = type.split(";")[0]!.trim().toLowerCase();
    if (!TYPES.includes(essence)) {
      const found = line(essence) || "nothing";
      throw failed("malformed", `${host} must answer text: its content type is ${found}`);
    }
    const { bytes: most } = options.patience ?? PAGE_PATIENCE;
    const bytes = await readAtMost(unpacked(response, host), most);
    if (bytes === null) {
      throw failed("too_large", `${host} answered more than ${most} bytes`);
    }
    return { isHtml: /html/.test(essence), text: decodePage(bytes, type) };
  } finally {
    response.destroy();
  }
}

/** Sends the request on a connection of its own. */
function open(url: URL, options: FetchPageOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { host, port } = endOf(url);
  const refused = net.isIP(host) === 0 ? null : refusalOf(host, port, options);
  if (refused !== null) throw refused;
  const client = url.protocol === "https:" ? https : http;
  const createConnection = () => connect(url, options);
  const request = client.get(url, { headers: HEADERS, signal, createConnection }, resolve);
  request.on("error", reject);
  return promise;
}

/**
 * Connects to an address that may be spoken to. Deno 2.9.6, as measured, asks DNS once, emits `lookup` with the answer,
 * and connects to that very address, unless the socket was destroyed in between; for TLS the host's name is sent and
 * compared with the certificate. The permission to speak to the host by its name is enough. The socket is made here
 * since the request hands it out when the answer may have come already. Several addresses are not tried in turn
 * (`autoSelectFamily`), as Deno throws a missing permission for the second where nobody can catch it.
 */
function connect(url: URL, options: FetchPageOptions): net.Socket {
  const { host, port } = endOf(url);
  const { lookup } = options;
  const to = { host, port, autoSelectFamily: false, ...(lookup !== undefined && { lookup }) };
  const socket = url.protocol === "https:" ? tls.connect(to) : net.connect(to);
  const check = (address: string) => {
    const refused = refusalOf(address, port, options);
    if (refused !== null) socket.destroy(refused);
  };
  socket.on("lookup", (error: Error | null, address: string) => {
    if (error === null) check(address);
  });
  // Were an answer missed, this would still stop the request.
  socket.on("connect", () => check(socket.remoteAddress ?? ""));
  return socket;
}

/** Host and port of an address; the brackets of IPv6 are the URL's. */
function endOf(url: URL) {
  const usual = url.protocol === "https:" ? 443 : 80;
  return { host: url.hostname.replaceAll(/[[\]]/g, ""), port: Number(url.port || usual) };
}

/** Why an address is not spoken to, null if it may be. */
function refusalOf(address: string, port: number, { allowed = [] }: FetchPageOptions) {
  if (allowed.includes(`${address}:${port}`)) return null;
  if (!isPublicAddress(address)) {
    return failed("refused", `the page's address must be public: current value is ${address}`);
  }
  return port === 80 || port === 443
    ? null
    : failed("refused", `the page's port must be 80 or 443: current value is ${port}`);
}

function redirectOf(from: URL, location: string, hosts: FetchPageOptions["hosts"]): URL {
  if (location === "") {
    throw failed("malformed", `${nameOf(from)} redirects, and does not say where`);
  }
  const to = URL.parse(location, from);
  const read = readPageUrl(to?.href ?? location, hosts);
  if (Result.isSuccess(read)) return read.success;
  throw failed("refused", `${nameOf(from)} redirects, and ${read.failure}`);
}

function checkStatus(host: string, status: number): void {
  if (status >= 200 && status <= 299) return;
  const isBusy = status === 429 || status === 503;
  const kind = isBusy ? "busy" : status >= 500 ? "unreachable" : "refused";
  throw failed(kind, `${host} answered ${status}`);
}

/** The body without its compression. */
function unpacked(response: IncomingMessage, host: string): AsyncIterable<Uint8Array> {
  const coding = (response.headers["content-encoding"] ?? "identity").toLowerCase();
  if (coding === "identity") return response;
  const unpack = UNPACK.get(coding);
  if (unpack === undefined) {
    throw failed("malformed", `${host} answered in an unknown encoding: ${coding}`);
  }
  // What breaks one of them reaches the reader, who reports it.
  return pipeline(response, unpack(), () => {});
}

/** The host of an address in a message, whose end would be cut off if a name were as long as it may be. */
function nameOf(url: URL): string {
  return url.host.slice(0, 60);
}

function unreachable(host: string, error: unknown): SearchFailed {
  // Deno says EPERM where a host may not be looked up.
  if (error instanceof Deno.errors.NotCapable || fetchReason(error).includes("EPERM")) {
    return failed("refused", `this program may not speak to ${host}`);
  }
  return failed("unreachable", `${host} gave no page: ${fetchReason(error)}`);
}

function failed(kind: SearchFailed["kind"], message: string): SearchFailed {
  return new SearchFailed({ kind, message: line(message) });
}
