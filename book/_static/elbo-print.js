// On every page: paper is white, and folds open on it.
(() => {
  const root = document.documentElement;
  let theme = null;
  let folded = [];
  window.addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    folded = [...document.querySelectorAll("article details:not([open])")];
    for (const one of folded) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    for (const one of folded) one.open = false;
  });
})();
