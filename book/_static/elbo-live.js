// On every page, small: where Python can run in the page, load what runs it. Nothing else is fetched before a press.
(() => {
  const here = document.currentScript.src;
  const bars = document.querySelectorAll(".elbo-bar[data-live]");
  const prover = document.querySelector("#elbo-prove");
  if (!bars.length && !prover) return;
  if (location.protocol === "file:") {
    // A page that was opened as a file may start no worker and load no module.
    const text = "This page is open as a file. Python runs in it once the book is served: make serve";
    for (const bar of bars) bar.textContent = text;
    if (prover) prover.textContent = text;
    return;
  }
  import(new URL("live/main.js", here));
})();
