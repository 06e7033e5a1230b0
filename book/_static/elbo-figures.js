// On every page, small: loads what makes its figures answer. Plain scripts, which a page opened as a file may load too.
(() => {
  const here = document.currentScript.src;
  const kinds = new Set([...document.querySelectorAll("[data-figure]")].map((figure) => figure.dataset.figure));
  if (!kinds.size) return;
  for (const name of ["core", ...kinds]) {
    const script = document.createElement("script");
    script.src = new URL(`figures/${name}.js`, here);
    script.async = false; // core first
    document.head.append(script);
  }
})();
