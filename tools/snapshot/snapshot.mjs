// Makes the picture of Python's memory: node snapshot.mjs <pyodide> <packages.zip> <picture>
// packages.zip is written anew, with bytecode for what was loaded.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [pyodide, packages, picture] = process.argv.slice(2).map((path) => resolve(path));
const here = dirname(fileURLToPath(import.meta.url));
const script = (name) => readFileSync(join(here, name), "utf8");
const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")).href);

async function python(options) {
  const started = await loadPyodide({
    env: { HOME: "/home/reader", PYTHONHASHSEED: "1" }, // the same order of sets everywhere
    ...options,
  });
  started.FS.writeFile("/lib/packages.zip", readFileSync(packages));
  // In the browser this is a file that is fetched only if somebody imports more of SymPy.
  started.runPython("import sys; sys.path.append('/lib/packages.zip')");
  return started;
}

try {
  const compiler = await python({});
  compiler.FS.writeFile("/lib/preload.py", script("preload.py"));
  compiler.runPython(script("compile.py"), { filename: "compile.py" });
  writeFileSync(packages, compiler.FS.readFile("/lib/made.zip"));

  const fresh = await python({ _makeSnapshot: true });
  fresh.runPython(script("preload.py"), { filename: "preload.py" });
  writeFileSync(picture, fresh.makeMemorySnapshot());
} catch (error) {
  console.error(error.message); // without this Node prints the line that threw, all of a megabyte
  process.exitCode = 1;
}
