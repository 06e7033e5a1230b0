// On every page: what the theme's scripts leave undone.
(() => {
  // A menu that opened over the page gives the focus back to the button that opened it, which the theme blurs first.
  for (const side of ["primary", "secondary"]) {
    const button = document.querySelector(`.${side}-toggle`);
    const dialog = document.querySelector(`#pst-${side}-sidebar-modal`);
    if (button) dialog?.addEventListener("close", () => setTimeout(() => button.focus({ preventScroll: true })));
  }

  if (typeof Search === "undefined") return; // only the search page has it
  // The number of an equation is looked up as the index writes it: (5), not every number that holds a 5.
  const query = Search.query;
  Search.query = (text) => {
    const number = /^\s*\(?(\d+[a-z]?)\)?\s*$/i.exec(text);
    return query(number ? `(${number[1].toLowerCase()})` : text);
  };
  // A page opened as a file can fetch no other to quote from.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
})();
