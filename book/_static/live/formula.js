// One formula as HTML: the drawing in pieces that may stand on lines of their own, and MathML for screen readers.
// The build (tools/typeset/typeset.mjs) and the page (mathematics.js) share it, so both give the same markup.

const RELATIONS = new Set(["=", "<", ">", "\\le", "\\ge", "\\leq", "\\geq", "\\ne", "\\neq", "\\approx", "\\equiv",
  "\\propto", "\\sim", "\\Rightarrow", "\\Leftrightarrow", "\\iff", "\\implies", "\\to", "\\mapsto", "\\in"]);
const SUMS = new Set(["+", "-", "\\pm"]);
const OPENING = new Set(["(", "[", "\\{", "{", "\\lbrace"]);
const CLOSING = new Set([")", "]", "\\}", "}", "\\rbrace"]);
const SPACE = /^(\s+|\\[,;:! ]|\\quad|\\qquad)$/;
const LONG = 24; // ex: a shorter formula within a line of text stays whole

// TeX cut before each relation and sum that stands in no bracket; one piece where that cannot be told.
export function pieces(tex) {
  const tokens = tex.match(/\\[a-zA-Z]+|\\[^]|\s+|[^]/g) ?? [];
  const out = [""];
  let depth = 0;
  let before = ""; // the last token that is no space
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === "\\begin" || token === "&" || token === "\\\\") return [tex];
    const command = before === "\\left" || before === "\\right";
    if (token === "\\left") depth += 1;
    else if (token === "\\right") depth -= 1;
    else if (!command && OPENING.has(token)) depth += 1;
    else if (!command && CLOSING.has(token)) depth -= 1;
    const joins = RELATIONS.has(token) || SUMS.has(token);
    const prefix = SUMS.has(token) && (before === "" || RELATIONS.has(before) || SUMS.has(before) || before === ",");
    const script = before === "^" || before === "_";
    if (depth === 0 && joins && !prefix && !script && !RELATIONS.has(before) && out.at(-1).trim()) out.push("{}");
    out[out.length - 1] += token;
    if (!SPACE.test(token)) before = script ? "x" : token;
  }
  return depth === 0 ? out : [tex];
}

// A drawing without what only MathJax's own scripts read, and the glyphs it uses.
function lean(svg) {
  const glyphs = {};
  for (const [, id, path] of svg.matchAll(/<path id="MJX-\d+-TEX-([^"]+)" d="([^"]*)"/g)) glyphs[`mj-${id}`] = path;
  const open = [];
  const html = svg
    .replace(/<defs>.*?<\/defs>/gs, "")
    .replace(/ (data-mml-node|data-c|data-mjx-\w+|xmlns|xmlns:xlink|role|focusable|data-semantic-\w+)="[^"]*"/g, "")
    .replace(/ xlink:href="#MJX-\d+-TEX-([^"]+)"/g, ' href="#mj-$1"')
    .replace(/<use([^>]*)><\/use>/g, (all, rest) => (glyphs[/href="#([^"]+)"/.exec(rest)[1]] ? `<use${rest}/>` : ""))
    .replace(/<(rect|line|path)([^>]*)><\/\1>/g, "<$1$2/>")
    .replace(/<g( [^>]*)?>|<\/g>/g, (tag, attributes) => {
      if (tag === "</g>") return open.pop() ? tag : "";
      open.push(Boolean(attributes));
      return attributes ? tag : "";
    })
    .replace(/<g transform="[^"]*"><\/g>/g, "")
    .replace(
      /<g transform="([^"]*)"><use href="([^"]*)"(?: transform="([^"]*)")?\/><\/g>/g,
      (all, outer, id, inner) => `<use href="${id}" transform="${outer}${inner ? ` ${inner}` : ""}"/>`,
    )
    .replace("<svg ", '<svg aria-hidden="true" ');
  for (const [id, path] of Object.entries(glyphs)) if (!path) delete glyphs[id];
  return { html, glyphs, uses: [...html.matchAll(/href="#([^"]+)"/g)].map((found) => found[1]).join() };
}

const width = (svg) => Number(/ width="([\d.]+)ex"/.exec(svg)?.[1] ?? 0);

// `engine` has svg(tex, display) and mml(tex, display), both strings. Gives { html, glyphs }, or { error }.
export function formula(source, display, engine) {
  let number = "";
  const tex = source
    .replace(/\\tag\{([^{}]*)\}/, (all, given) => {
      number = given;
      return "";
    })
    .trim();
  const draw = (part) => engine.svg(part, display);
  const drawn = draw(tex);
  const fault = /data-mjx-error="([^"]*)"/.exec(drawn) ?? /(data-mml-node="merror")/.exec(drawn);
  if (fault) return { error: fault[1] };
  const whole = lean(drawn);
  let parts = [whole];
  if (display || width(drawn) > LONG) {
    const cut = pieces(tex).map((piece) => draw(piece));
    const leaned = cut.map(lean);
    const same = leaned.flatMap(({ uses }) => (uses ? [uses] : [])).join() === whole.uses;
    if (same && !cut.some((one) => one.includes("merror"))) parts = leaned; // the pieces draw what the whole draws
  }
  const mml = engine
    .mml(tex, display)
    .replace(/>\s+</g, "><")
    .replace(/ (data-mjx-\w+|xmlns)="[^"]*"/g, "");
  const spoken = `<mjx-assistive-mml>${mml}</mjx-assistive-mml>`;
  const drawing = parts.map(({ html }) => html).join("");
  const glyphs = Object.assign({}, ...parts.map((part) => part.glyphs));
  // The word joiner keeps a comma or a full stop that follows on the formula's line.
  if (!display) return { html: `<mjx-container>${drawing}${spoken}</mjx-container>\u2060`, glyphs };
  const shown = number && `<span class="elbo-number">(${number})</span>`;
  return {
    html: `<mjx-container display="true"><span class="elbo-scroll">${drawing}${spoken}</span>${shown}</mjx-container>`,
    glyphs,
  };
}
