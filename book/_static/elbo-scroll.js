// On every page: what scrolls sideways within itself can be reached by the keyboard, says what it is, and shows that
// there is more of it. What does not scroll is no stop for the Tab key.
(() => {
  const KINDS = [
    [".elbo-scroll", "equation"],
    [".elbo-table, div.elbo-ledger, .pst-scrollable-table-container", "table"],
    [".elbo-map-scroll, .elbo-figure", "figure"],
    [".cell_output > .output", "output"],
    ["div.highlight pre, pre", "code"],
  ];
  const all = KINDS.map(([selector]) => selector).join(", ");

  function mark(element) {
    const hidden = element.scrollWidth - element.clientWidth;
    const scrolls = hidden > 2 && ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    if (scrolls === (element.dataset.scrolls !== undefined)) return scrolls && shade(element);
    if (scrolls) {
      element.dataset.scrolls = "";
      element.tabIndex = element.closest(".elbo-card") ? -1 : 0; // a card is entered by its own key
      if (!element.hasAttribute("role")) {
        element.setAttribute("role", "group");
        const kind = KINDS.find(([selector]) => element.matches(selector))[1];
        element.setAttribute("aria-label", `${kind}, scrolls sideways`);
      }
      element.addEventListener("scroll", shade, { passive: true });
      shade(element);
    } else {
      delete element.dataset.scrolls;
      delete element.dataset.more;
      element.removeAttribute("tabindex");
      if (element.getAttribute("aria-label")?.endsWith(", scrolls sideways")) {
        element.removeAttribute("role");
        element.removeAttribute("aria-label");
      }
      element.removeEventListener("scroll", shade);
    }
  }

  function shade(given) {
    const element = given.currentTarget ?? given;
    const left = element.scrollLeft > 4;
    const right = element.scrollWidth - element.clientWidth - element.scrollLeft > 4;
    element.dataset.more = left && right ? "both" : left ? "left" : right ? "right" : "none";
  }

  const look = (root) => requestAnimationFrame(() => {
    for (const element of root.querySelectorAll(all)) if (element.closest("article")) mark(element);
  });

  function start() {
    const article = document.querySelector("article");
    if (!article) return;
    new ResizeObserver(() => look(article)).observe(article);
    article.addEventListener("toggle", () => look(article), true); // a folded part was opened
    document.addEventListener("elbo-typeset", () => look(article));
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
