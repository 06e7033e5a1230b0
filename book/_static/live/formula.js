// One formula as HTML: the drawing in pieces that may stand on lines of their own, and MathML for screen readers.
// The build (tools/typeset/typeset.mjs) and the page (mathematics.js) share it, so both give the same markup.

const RELATIONS = new Set(["=", "<", ">", "\\le", "\\ge", "\\leq", "\\geq", "\\ne", "\\neq", "\\approx", "\\equiv",
  "\\propto", "\\sim", "\\Rightarrow", "\\Leftrightarrow", "\\iff", "\\implies", "\\to", "\\mapsto", "\\in"]);
const SUMS = new Set(["+", "-", "\\pm"]);
const OPENING = new Set(["(", "[", "\\{", "{", "\\lbrace"]);
const CLOSING = new Set([")", "]", "\\}", "}", "\\rbrace"]);
const SPACE = /^(\s+|\\[,;:! ]|\\quad|\\qquad)$/;
const LONG = 24; // ex: a shorter formula within a line of text stays whole
const WIDE = 34; // ex: a piece that is wider may break inside its brackets, or a phone would have to scroll
const WORD = /\\text\{ (?=wherever )/;

// TeX cut before each relation and sum that stands in no bracket; one piece where that cannot be told.
// A condition is cut before its "wherever" alone, so that its relations stay whole.
export function pieces(tex) {
  const word = WORD.exec(tex);
  if (word) return [`${tex.slice(0, word.index)}\\text{ }`, `\\text{${tex.slice(word.index + word[0].length)}`];
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

// A piece cut before the sums inside its brackets, at the least depth that has some. A bracket that is open where it is
// cut is as tall on either side as in the whole.
export function deeper(tex) {
  const tokens = tex.match(/\\[a-zA-Z]+|\\[^]|\s+|[^]/g) ?? [];
  const open = []; // { at, left, end }: the opening token, and the closing one once it is found
  const cuts = []; // { at, stack }
  let before = "";
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (["\\begin", "&", "\\\\", "\\middle"].includes(token)) return [tex];
    const command = before === "\\left" || before === "\\right";
    const script = before === "^" || before === "_";
    if (token === "\\left" || (!command && OPENING.has(token))) {
      open.push({ at: i, left: token === "\\left", brace: token === "{" });
    } else if (token === "\\right" || (!command && CLOSING.has(token))) {
      if (!open.length) return [tex];
      open.pop().end = i;
    } else if (SUMS.has(token) && !script && open.length && !open.some(({ brace }) => brace)) {
      const prefix = command || OPENING.has(before) || RELATIONS.has(before) || SUMS.has(before) || before === ",";
      if (!prefix && tokens[i - 1] !== "\\left") cuts.push({ at: i, stack: [...open] });
    }
    if (!SPACE.test(token)) before = script ? "x" : token;
  }
  const depth = Math.min(...cuts.map(({ stack }) => stack.length));
  if (open.length || !cuts.length) return [tex];
  // what a pair of \left and \right encloses, without the two brackets
  const height = ({ at, end }) => `\\vphantom{${tokens.slice(at + 2, end).join("")}}`;
  const tall = (stack) => stack.filter(({ left }) => left);
  const ends = [...cuts.filter(({ stack }) => stack.length === depth), { at: tokens.length, stack: [] }];
  let last = { at: 0, stack: [] };
  return ends.map((cut) => {
    const opened = tall(last.stack).map((pair) => `\\left.${height(pair)}`).join("");
    const closed = tall(cut.stack).reverse().map((pair) => `${height(pair)}\\right.`).join("");
    const piece = opened + (last.at ? "{}" : "") + tokens.slice(last.at, cut.at).join("") + closed;
    last = cut;
    return piece;
  });
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
  const uses = [...html.matchAll(/href="#([^"]+)"/g)].map((found) => found[1]).join();
  return { html, glyphs, uses, width: width(svg) };
}

const width = (svg) => Number(/ width="([\d.]+)ex"/.exec(svg)?.[1] ?? 0);

// Pieces that stand together where there is room for all of them.
function group(parts) {
  const html = `<span class="elbo-piece">${parts.map((part) => part.html).join("")}</span>`;
  return { html, glyphs: Object.assign({}, ...parts.map((part) => part.glyphs)) };
}

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
  // Pieces, if they draw what the whole draws.
  const drawnAs = (one, cut) => {
    const svgs = cut.map(draw);
    const parts = svgs.map(lean);
    const same = parts.flatMap(({ uses }) => (uses ? [uses] : [])).join() === one.uses;
    return same && !svgs.some((svg) => svg.includes("merror")) ? parts : null;
  };
  const drawn = draw(tex);
  const fault = /data-mjx-error="([^"]*)"/.exec(drawn) ?? /(data-mml-node="merror")/.exec(drawn);
  if (fault) return { error: fault[1] };
  const whole = lean(drawn);
  let parts = [whole];
  if (display || whole.width > LONG) {
    const cut = pieces(tex);
    parts = drawnAs(whole, cut) ?? parts;
    if (display && parts.length === cut.length) {
      parts = parts.map((part, i) => {
        const within = part.width > WIDE ? drawnAs(part, deeper(cut[i])) : null;
        return within?.length > 1 ? group(within) : part;
      });
    }
  }
  const mml = engine
    .mml(tex, display)
    .replace(/>\s+</g, "><")
    .replace(/ (data-mjx-\w+|xmlns)="[^"]*"/g, "");
  const spoken = `<mjx-assistive-mml>${mml}</mjx-assistive-mml>`;
  const drawing = parts.map(({ html }) => html).join("");
  const glyphs = Object.assign({}, ...parts.map((part) => part.glyphs));
  if (!display) return { html: `<mjx-container>${drawing}${spoken}</mjx-container>`, glyphs };
  const shown = number && `<span class="elbo-number">(${number})</span>`;
  return {
    html: `<mjx-container display="true"><span class="elbo-scroll">${drawing}${spoken}</span>${shown}</mjx-container>`,
    glyphs,
  };
}
