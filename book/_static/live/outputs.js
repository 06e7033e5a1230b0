// Shows a cell's outputs as the page shows the committed ones, mathematics included.

import { typeset } from "./mathematics.js";

// The same order of preference as the book's own build.
const KINDS = ["text/html", "image/svg+xml", "text/latex", "text/plain"];

function made(name, classes, text) {
  const element = document.createElement(name);
  element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

function preformatted(classes, text) {
  const outer = made("div", `output ${classes} highlight-myst-ansi notranslate`);
  const inner = made("div", "highlight");
  inner.append(made("pre", "", text.endsWith("\n") ? text : `${text}\n`));
  outer.append(inner);
  return outer;
}

function one(output) {
  if (output.output_type === "stream") return preformatted("stream", output.text);
  if (output.output_type === "error") {
    const element = preformatted("traceback", output.traceback);
    element.classList.add("elbo-error");
    return element;
  }
  const kind = KINDS.find((name) => name in output.data);
  const text = output.data[kind];
  if (kind === "text/plain") return preformatted("text_plain", text);
  if (kind === "text/latex") {
    const body = text.trim().replace(/^\$+|\$+$/g, "");
    return made("div", "output text_latex math notranslate nohighlight", `\\[${body}\\]`);
  }
  const element = made("div", `output ${kind === "text/html" ? "text_html" : "image_svg"}`);
  element.innerHTML = text; // made by our own library in the reader's own browser
  return element;
}

// Puts outputs where the old ones were; the place keeps its height until the mathematics stands.
export async function show(place, outputs) {
  const height = place.offsetHeight;
  place.style.minHeight = `${height}px`;
  place.replaceChildren(...outputs.map(one));
  await typeset(place);
  place.style.minHeight = "";
}
