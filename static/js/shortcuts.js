// Single keys, outside of fields only, and only while they are on: L logs value, / finds a name, ? lists the keys. Esc leaves a form.
(() => {
  const OFF = "keys-off";
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
  const typing = (target) => target.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

  const act = {
    l: () => {
      const quick = document.querySelector(".quicklog [name=who]");
      if (quick) quick.focus(); else if (document.body.dataset.logUrl) location.assign(document.body.dataset.logUrl);
    },
    "/": () => document.querySelector("input[name=q]")?.focus(),
    "?": () => document.getElementById("shortcuts")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      const leave = event.target.closest?.("form")?.querySelector("a[data-cancel]");
      if (leave) location.assign(leave.href);
      return;
    }
    if (off() || typing(event.target) || document.querySelector("dialog[open]")) return;
    const run = act[event.key.toLowerCase()];
    if (run) { event.preventDefault(); run(); }
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-keys-toggle]")) {
      const name = () => { button.textContent = off() ? button.dataset.on : button.dataset.off; };
      name();
      button.hidden = false;
      button.addEventListener("click", () => {
        try { localStorage.setItem(OFF, off() ? "" : "1"); } catch { /* this page only */ }
        name();
      });
    }
  });
})();
