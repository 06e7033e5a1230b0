// Formulas as JSON on standard input, their markup as JSON on standard output: node typeset.mjs MATHJAX FORMULA_JS
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync, writeSync } from "node:fs";

const [mathjax, shared] = process.argv.slice(2);
const { formula } = await import(pathToFileURL(shared));
const MathJax = await createRequire(import.meta.url)(`${mathjax}/node-main.js`).init({
  loader: { load: ["input/tex-full", "output/svg"] },
  tex: { tags: "none", packages: { "[-]": ["noerrors", "noundefined"] } },
  svg: { fontCache: "local" },
});
const { adaptor } = MathJax.startup;
const engine = {
  svg: (tex, display) => adaptor.innerHTML(MathJax.tex2svg(tex, { display })),
  mml: (tex, display) => MathJax.tex2mml(tex, { display }),
};
const asked = JSON.parse(readFileSync(0, "utf8"));
const out = Buffer.from(JSON.stringify(asked.map(([tex, display]) => formula(tex, display, engine))));
for (let at = 0; at < out.length; ) at += writeSync(1, out, at);
