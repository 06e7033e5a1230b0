// On every page: a citation such as (5) shows a card with the equation. By pointer or keyboard it opens beside the
// citation; a finger's first tap opens it, the second follows the link. Escape, or going elsewhere, closes it.
// A citation is one stop for the Tab key: into its card leads the down arrow.
(() => {
  const OPEN = 150, CLOSE = 250; // milliseconds a pointer rests, or is away
  let link = null; // whose card is open
  let card = null;
  let timer = 0;
  let touched = false;
  let closing = false; // the focus that goes back to a citation does not open its card again

  const template = (key) => document.querySelector(`template.elbo-card-of[data-equation="${CSS.escape(key)}"]`);

  function cited(target) {
    const found = target instanceof Element ? target.closest("article a[href*='#eq-']") : null;
    if (!found || found.closest("svg, .elbo-card")) return null;
    const key = /#eq-(\w+)$/.exec(found.getAttribute("href"))[1];
    return found.textContent === `(${key})` && template(key) ? found : null;
  }

  function place() {
    const near = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    const { width, height } = card.getBoundingClientRect();
    const below = innerHeight - near.bottom - 8;
    const top = below >= height || below >= near.top ? near.bottom + 6 : near.top - height - 6;
    card.style.left = `${Math.max(8, Math.min(near.left, wide - width - 8))}px`;
    card.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  }

  function open(found) {
    clearTimeout(timer);
    if (found === link) return;
    close();
    const key = /#eq-(\w+)$/.exec(found.getAttribute("href"))[1];
    link = found;
    card = document.createElement("div");
    card.className = "elbo-card";
    card.id = "elbo-card";
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-label", `Equation (${key})`);
    card.append(template(key).content.cloneNode(true));
    card.querySelector(".elbo-reason").id = "elbo-card-says";
    card.tabIndex = -1; // nor is it a stop where it scrolls
    for (const inner of card.querySelectorAll("a, summary")) inner.tabIndex = -1;
    if (card.showPopover) card.popover = "manual";
    link.after(card); // so that it is read after the citation
    card.showPopover?.();
    link.setAttribute("aria-describedby", "elbo-card-says");
    link.setAttribute("aria-expanded", "true");
    link.setAttribute("aria-keyshortcuts", "ArrowDown");
    place();
  }

  function enter() {
    for (const inner of card.querySelectorAll('[tabindex="-1"]')) inner.tabIndex = 0;
    card.querySelector("a").focus();
  }

  function close() {
    clearTimeout(timer);
    if (!card) return;
    const inside = card.contains(document.activeElement);
    const from = link;
    card.remove();
    link.removeAttribute("aria-describedby");
    link.removeAttribute("aria-keyshortcuts");
    link.setAttribute("aria-expanded", "false");
    link = card = null;
    if (inside) {
      closing = true;
      from.focus();
      closing = false;
    }
  }
  const away = (target) => !(target instanceof Node) || !(card?.contains(target) || link?.contains(target));

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const found = cited(event.target);
    if (found && found !== link) {
      clearTimeout(timer);
      timer = setTimeout(open, OPEN, found);
    } else if (card && away(event.target)) {
      clearTimeout(timer);
      if (away(document.activeElement)) timer = setTimeout(close, CLOSE);
    } else {
      clearTimeout(timer);
    }
  });
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (card && away(event.target)) close();
  });
  document.addEventListener("click", (event) => {
    const found = cited(event.target);
    if (found && touched && found !== link) {
      event.preventDefault();
      open(found);
    } else if (card && (found === link || (event.target instanceof Element && event.target.closest(".elbo-card a")))) {
      close(); // the target may stand on this page, under the card
    }
    touched = false;
  });
  document.addEventListener("focusin", (event) => {
    if (touched || closing) return;
    const found = cited(event.target);
    if (found?.matches(":focus-visible")) open(found);
    else if (card && away(event.target)) close();
  });
  document.addEventListener("keydown", (event) => {
    touched = false; // a finger that scrolled gave no click: Tab opens a card, Enter follows the link
    if (event.key === "Escape" && card) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" && card && document.activeElement === link) {
      event.preventDefault();
      enter();
    }
  });
  for (const kind of ["scroll", "resize"]) {
    window.addEventListener(kind, () => card && place(), { passive: true, capture: true });
  }
  const mark = () => {
    for (const found of document.querySelectorAll("article a[href*='#eq-']")) {
      if (cited(found)) found.setAttribute("aria-expanded", "false");
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mark);
  else mark();
})();
