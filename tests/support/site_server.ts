/** Serves the page's folder, and a page that can call `numbersOf`, to this machine alone. */

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  safetensors: "application/octet-stream",
};

const NUMBERS_PAGE = `<!doctype html><script type="module" src="numbers.js"></script>`;

/** Serves a folder; `numbers` is the text of the program of `/numbers.html`. */
export function serveSite(folder: string, numbers: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname.replace(/\/$/, "/index.html");
    const type = TYPES[path.split(".").at(-1)!] ?? "application/octet-stream";
    const headers = { "content-type": type };
    if (path === "/numbers.html") return new Response(NUMBERS_PAGE, { headers });
    if (path === "/numbers.js") return new Response(numbers, { headers });
    const bytes = await Deno.readFile(`${folder}${path}`).catch(() => null);
    return bytes === null
      ? new Response("there is no such file", { status: 404 })
      : new Response(bytes, { headers });
  });
}
