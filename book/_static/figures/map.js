// The map: pointing at an equation lights what it rests on and what rests on it. One listener for the page, so that a
// map drawn anew by "Run here" answers too. Without a pointer, a first tap lights and a second follows the link.
(() => {
  const HOW = matchMedia("(hover: none)").matches ? "Tap an equation" : "Point at an equation, or reach it by the Tab key";
  const START = `${HOW}: what it rests on gets a thick ring, what rests on it a dashed one.`;
  let lit = null;
  let touched = false;

  const nodes = (map) => [...map.querySelectorAll("a[data-equation]")];
  const below = (node) => node.dataset.restsOn.split(" ").filter(Boolean);

  /** Everything reached from `key` by going on and on with `next`. */
  function reached(key, next) {
    const found = new Set();
    const waiting = [key];
    while (waiting.length) for (const other of next(waiting.pop())) if (!found.has(other)) found.add(other) && waiting.push(other);
    return found;
  }

  /** Of an equation: what it rests on, directly or through others, and what rests on it. */
  function relations(map, key) {
    const rests = new Map(nodes(map).map((node) => [node.dataset.equation, below(node)]));
    const on = [...rests.keys()];
    return {
      grounds: reached(key, (k) => rests.get(k)),
      results: reached(key, (k) => on.filter((other) => rests.get(other).includes(k))),
    };
  }

  const listed = (map, keys) =>
    nodes(map).map((node) => node.dataset.equation).filter((key) => keys.has(key)).map((key) => `(${key})`).join(" ");

  function light(map, key) {
    lit = key;
    const { grounds, results } = relations(map, key);
    map.classList.add("lit");
    for (const node of nodes(map)) {
      const its = node.dataset.equation;
      node.setAttribute("data-role", its === key ? "chosen" : grounds.has(its) ? "ground" : results.has(its) ? "result" : "other");
    }
    for (const edge of map.querySelectorAll("path[data-from]")) {
      const { from, to } = edge.dataset;
      const up = (to === key || grounds.has(to)) && grounds.has(from);
      const down = (from === key || results.has(from)) && results.has(to);
      edge.setAttribute("data-role", up ? "ground" : down ? "result" : "other");
    }
    const needs = grounds.size ? `rests on ${listed(map, grounds)}` : "rests on a definition or a rule alone";
    const gives = results.size ? `${listed(map, results)} ${results.size > 1 ? "rest" : "rests"} on it` : "nothing rests on it";
    say(map, `(${key}) ${needs}; ${gives}.`);
  }

  function dark(map) {
    lit = null;
    map.classList.remove("lit");
    for (const marked of map.querySelectorAll("[data-role]")) marked.removeAttribute("data-role");
    say(map, START);
  }

  function say(map, text) {
    const place = map.querySelector("[data-shows=says]");
    if (place.textContent !== text) place.textContent = text;
  }

  const at = (event) => {
    const node = event.target.closest?.("a[data-equation]");
    return node && [node.closest("figure[data-figure=map]"), node.dataset.equation, node];
  };
  const enter = (event) => {
    const found = at(event);
    if (found) light(found[0], found[1]);
  };
  const leave = (event) => {
    const found = at(event);
    if (found && lit !== null && !touched) dark(found[0]);
  };
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    const found = at(event);
    if (found) found[2].dataset.again = String(touched && lit === found[1]);
    else for (const map of document.querySelectorAll("figure[data-figure=map].lit")) dark(map);
  });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") enter(event);
  });
  document.addEventListener("pointerout", leave);
  document.addEventListener("focusin", (event) => {
    if (!touched) enter(event);
  });
  document.addEventListener("focusout", leave);
  document.addEventListener("click", (event) => {
    const found = at(event);
    if (!found || !touched) return;
    if (found[2].dataset.again !== "true") {
      event.preventDefault();
      light(found[0], found[1]);
      say(found[0], `${found[0].querySelector("[data-shows=says]").textContent} Tap again to read it.`);
    }
  });
  document.addEventListener("keydown", (event) => {
    touched = false; // a keyboard beside the screen: Tab lights, Enter follows the link
    const found = event.key === "Escape" && at(event);
    if (found) dark(found[0]);
  });
  const start = () => {
    for (const map of document.querySelectorAll("figure[data-figure=map]:not(.lit)")) say(map, START);
  };
  start();
  document.addEventListener("elbo-typeset", start); // a map that was drawn anew
})();
