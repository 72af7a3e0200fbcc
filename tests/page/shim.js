/**
 * What tests of kernels, models and policies ask of Deno, in a page: their declarations are kept, and files come from
 * the server of the page.
 */
const declared = [];

function declare(first, second) {
  const { name, fn, ignore = false } = typeof first === "string"
    ? { name: first, fn: second }
    : { ...first, fn: first.fn ?? second };
  declared.push({ name, fn, ignore });
}
declare.ignore = (name) => declare({ name, fn: () => {}, ignore: true });

function fetchNow(path) {
  const request = new XMLHttpRequest();
  const url = `/file?path=${encodeURIComponent(new URL(path, location.href).pathname)}`;
  const isAsync = false;
  request.open("GET", url, isAsync);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new Error(`${path}: ${request.status}`);
  return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff);
}

const readTextFileSync = (path) => new TextDecoder().decode(fetchNow(path));
globalThis.Deno = {
  test: declare,
  env: { get: (name) => new URLSearchParams(location.search).get(name) ?? undefined },
  readFileSync: fetchNow,
  readTextFileSync,
  readTextFile: (path) => Promise.resolve(readTextFileSync(path)),
  readDirSync: (path) => JSON.parse(readTextFileSync(`${path}`.replace(/\/?$/, "/"))),
};

/** Runs the tests one after the other; says of each how it went. */
globalThis.runTests = async (report) => {
  for (const { name, fn, ignore } of declared) {
    const started = performance.now();
    let error = null;
    if (!ignore) {
      try {
        await fn({ name });
      } catch (thrown) {
        error = `${thrown?.message ?? thrown}`.slice(0, 2000);
      }
    }
    await report({ name, ignore, error, millis: Math.round(performance.now() - started) });
  }
};
