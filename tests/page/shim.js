/**
 * What tests of kernels, models and policies ask of Deno, in a page and in Node: their declarations are kept, and files
 * come from the server of the page or from the disk.
 */
const declared = [];

function declare(first, second) {
  const { name, fn, ignore = false } = typeof first === "string"
    ? { name: first, fn: second }
    : { ...first, fn: first.fn ?? second };
  declared.push({ name, fn, ignore });
}
declare.ignore = (name) => declare({ name, fn: () => {}, ignore: true });

class NotFound extends Error {}
class Never extends Error {}

/** The bytes of a file from the server of the page, or null; Node has defined one of its own. */
const readNow = globalThis.readNow ?? ((pathname) => {
  const request = new XMLHttpRequest();
  const isAsync = false;
  request.open("GET", `/file?path=${encodeURIComponent(pathname)}`, isAsync);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) return null;
  return Uint8Array.from(request.responseText, (c) => c.charCodeAt(0) & 0xff);
});

/** Files that were asked for. */
const fetched = new Map();

function fetchNow(path) {
  const { pathname } = new URL(path, location.href);
  if (!fetched.has(pathname)) fetched.set(pathname, readNow(pathname));
  if (fetched.get(pathname) === null) throw new NotFound(pathname);
  return fetched.get(pathname);
}

/** A file that is open for reading. */
function opened(bytes) {
  let at = 0;
  const close = () => {};
  return {
    stat: () => Promise.resolve({ size: bytes.length, isFile: true }),
    seek: (offset) => Promise.resolve(at = offset),
    read: (into) => {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
    close,
    [Symbol.dispose]: close,
  };
}

const readTextFileSync = (path) => new TextDecoder().decode(fetchNow(path));
globalThis.Deno = {
  test: declare,
  env: { get: (name) => new URLSearchParams(location.search).get(name) ?? undefined },
  errors: { NotFound, IsADirectory: Never, PermissionDenied: Never, NotCapable: Never },
  SeekMode: { Start: 0 },
  // Asynchronous, so that what they throw is a rejection.
  open: async (path) => await opened(fetchNow(path)),
  stat: async (path) => await opened(fetchNow(path)).stat(),
  readFile: async (path) => await fetchNow(path),
  readFileSync: fetchNow,
  readTextFileSync,
  readTextFile: (path) => Promise.resolve(readTextFileSync(path)),
  readDirSync: (path) => JSON.parse(readTextFileSync(`${path}`.replace(/\/?$/, "/"))),
};

/** Runs the tests that begin as TEST_PREFIX says, but for those that TEST_WITHOUT names; says of each how it went. */
globalThis.runTests = async (report) => {
  const without = JSON.parse(Deno.env.get("TEST_WITHOUT") || "[]");
  const prefix = Deno.env.get("TEST_PREFIX") ?? "";
  for (const { name, fn, ignore } of declared) {
    if (!name.startsWith(prefix)) continue;
    const started = performance.now();
    let error = null;
    const isLeftOut = without.includes(name);
    if (!ignore && !isLeftOut) {
      try {
        await fn({ name });
      } catch (thrown) {
        error = `${thrown?.message ?? thrown}`.slice(0, 2000);
      }
    }
    await report({
      name,
      ignore,
      isLeftOut,
      error,
      millis: Math.round(performance.now() - started),
    });
  }
};
