// Python, away from the page: an endless loop here freezes nothing. Started by engine.js.
import { loadPyodide } from "../python/pyodide.mjs";

const home = new URL("../python/", import.meta.url);
const plainFetch = self.fetch.bind(self);
let python, live, page;

const answer = (message) => self.postMessage(message);

// Fetches what is needed at the start, all at once, and says how far it is.
async function fetched() {
  const list = await plainFetch(new URL("manifest.json", home), { cache: "no-cache" });
  if (!list.ok) throw new Error(`${list.url} is not there (${list.status})`);
  const { version, sizes } = await list.json();
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  let loaded = 0;
  let said = 0;
  const count = () =>
    new TransformStream({
      transform(chunk, controller) {
        loaded += chunk.byteLength;
        if (loaded - said > total / 100 || loaded === total) {
          said = loaded;
          answer({ progress: { loaded, total, ready: loaded >= total } });
        }
        controller.enqueue(chunk);
      },
    });
  const files = new Map();
  for (const name of Object.keys(sizes)) {
    files.set(
      name,
      plainFetch(new URL(`${name}?v=${version}`, home)).then((response) => {
        if (!response.ok) throw new Error(`${response.url} is not there (${response.status})`);
        const counted = response.body.pipeThrough(count());
        // Compressed by us, since many servers send such files as they are.
        const body = name.endsWith(".gzip") ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
        const type = name.includes(".wasm") ? "application/wasm" : "application/octet-stream";
        return new Response(body, { headers: { "Content-Type": type } });
      }),
    );
  }
  return { files, version };
}

async function start() {
  const { files, version } = await fetched();
  // Pyodide asks for its files by name, and gets those that are on their way already.
  self.fetch = (request, options) => {
    const name = new URL(request.url ?? request, home).pathname.split("/").pop();
    return files.get(`${name}.gzip`) ?? files.get(name) ?? plainFetch(request, options);
  };
  const bytes = async (name) => (await files.get(name)).arrayBuffer();
  const library = bytes("elboproof.zip");
  python = await loadPyodide({ indexURL: home.href, _loadSnapshot: bytes("memory.bin.gzip") });
  python.FS.writeFile("/lib/elboproof.zip", new Uint8Array(await library));
  // The rest of SymPy, fetched when something imports it.
  python.FS.createLazyFile("/lib", "packages.zip", new URL(`packages.zip?v=${version}`, home).href, true, false);
  python.runPython("import sys; sys.path.insert(0, '/lib/elboproof.zip')");
  live = python.pyimport("elboproof.live");
  page = live.Page();
}

const can = {
  run: (source) => page.run(source),
  fresh: () => {
    page = live.Page();
    return "null";
  },
  understood: (claim, where) => live.understood(claim, python.toPy(where)),
  decided: (claim, where) => live.decided(claim, python.toPy(where)),
  modules: () => live.modules(),
};

const started = start().then(
  () => answer({ id: "start", result: true }),
  (error) => answer({ id: "start", error: `Python did not start: ${error.message}` }),
);

self.onmessage = async ({ data: { id, kind, args } }) => {
  await started;
  try {
    answer({ id, result: JSON.parse(can[kind](...args)) });
  } catch (error) {
    answer({ id, error: error.message });
  }
};
