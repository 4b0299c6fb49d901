// What needs a script is sent hidden and shown here: print, copy, close a toast, menu entries. Works for swapped fragments too.
(() => {
  const reveal = (root) => {
    for (const part of root.querySelectorAll("[data-needs-script], [data-close], [data-print], [data-copy]")) part.hidden = false;
  };
  document.addEventListener("DOMContentLoaded", () => reveal(document));
  document.addEventListener("htmx:load", (event) => reveal(event.target));

  document.addEventListener("click", (event) => {
    const part = event.target.closest("[data-close], [data-print], [data-copy], [data-opens]");
    if (!part) return;
    if ("close" in part.dataset) part.closest("[data-toast]")?.remove();
    if ("print" in part.dataset) window.print();
    if ("copy" in part.dataset) {
      const source = document.getElementById(part.dataset.copy);
      navigator.clipboard?.writeText(source.value ?? source.textContent.trim()).then(() => {
        part.textContent = part.dataset.copied || part.textContent;
      });
    }
    if ("opens" in part.dataset) {
      part.closest("details")?.removeAttribute("open");
      document.getElementById(part.dataset.opens)?.showModal();
    }
  });

  // A menu closes with Escape and with a click elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
})();
