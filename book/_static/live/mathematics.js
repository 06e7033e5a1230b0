// Mathematics that came into the page after it was built: MathJax is fetched when there is some for the first time.
import { formula } from "./formula.js";

const FORMULA = /\\\(([^]*?)\\\)|\\\[([^]*?)\\\]/g;
const MARKED = ".math, .elbo-math";

let engine; // a promise of one

function fetched() {
  window.MathJax = {
    startup: { typeset: false },
    tex: { tags: "none", packages: { "[-]": ["noerrors", "noundefined"] } }, // as in the build: a fault must show
    svg: { fontCache: "local" },
    options: { enableMenu: false },
  };
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../mathjax/tex-svg-full.js", import.meta.url);
    script.onerror = () => reject(new Error("MathJax could not be fetched"));
    script.onload = () => MathJax.startup.promise.then(() => resolve({
      svg: (tex, display) => MathJax.tex2svg(tex, { display }).querySelector("svg").outerHTML,
      mml: (tex, display) => MathJax.tex2mml(tex, { display }),
    }), reject);
    document.head.append(script);
  });
}

const SVG = "http://www.w3.org/2000/svg";

// The glyphs of a page stand in one place, each once.
function share(glyphs) {
  let place = document.querySelector("#elbo-glyphs > defs");
  if (!place) {
    const svg = document.createElementNS(SVG, "svg");
    svg.id = "elbo-glyphs";
    svg.setAttribute("aria-hidden", "true");
    place = document.createElementNS(SVG, "defs");
    svg.append(place);
    document.body.prepend(svg);
  }
  for (const [id, path] of Object.entries(glyphs)) {
    if (document.getElementById(id)) continue;
    const glyph = document.createElementNS(SVG, "path");
    glyph.id = id;
    glyph.setAttribute("d", path);
    place.append(glyph);
  }
}

function texts(element) {
  const inside = element.closest(MARKED) ? [element] : element.querySelectorAll(MARKED);
  const found = new Set();
  for (const marked of inside) {
    const walk = document.createTreeWalker(marked, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (/\\[([]/.test(walk.currentNode.data)) found.add(walk.currentNode);
  }
  return found;
}

// Punctuation after a formula stays on its line, as typeset.py has it.
function keep(container) {
  const inside = container.nextSibling;
  const after = inside ?? (container.parentElement?.matches("span") ? container.parentElement.nextSibling : null);
  const marks = after?.nodeType === Node.TEXT_NODE && /^[.,;:!?)\]”’]+/.exec(after.data)?.[0];
  if (!marks) return;
  const kept = document.createElement("span");
  kept.className = "elbo-kept";
  after.data = after.data.slice(marks.length);
  kept.append(...[...container.children].slice(-2), marks); // the last drawing, and its MathML
  container.append(kept);
}

// Draws what is marked as mathematics in an element, as the build draws it.
export async function typeset(element) {
  const found = texts(element);
  if (!found.size) return;
  const ready = await (engine ??= fetched().catch((error) => {
    engine = undefined; // the next one may have more luck
    throw error;
  }));
  for (const text of found) {
    const holder = document.createElement("template");
    holder.innerHTML = text.data.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replace(FORMULA, (all, inline, display) => {
      const source = (inline ?? display).replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
      const { html, glyphs, error } = formula(source.trim(), display !== undefined, ready);
      if (error) return `<span class="elbo-merror">${all}</span>`;
      share(glyphs);
      return html;
    });
    const inline = [...holder.content.querySelectorAll("mjx-container:not([display])")];
    text.replaceWith(holder.content);
    inline.forEach(keep);
  }
  document.dispatchEvent(new CustomEvent("elbo-typeset", { detail: element }));
}
