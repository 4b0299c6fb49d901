// The theme chosen on this device, set before the page is painted. Without a choice the system decides.
(() => {
  const root = document.documentElement;
  const read = () => {
    try { return localStorage.getItem("theme") || ""; } catch { return ""; }
  };
  const apply = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  };
  if (read()) apply(read());

  const next = { "": "light", light: "dark", dark: "" };
  const name = (button, theme) => { button.textContent = button.dataset[theme || "follow"]; };
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-next]")) {
      name(button, read());
      button.addEventListener("click", () => {
        const theme = next[read()];
        try { localStorage.setItem("theme", theme); } catch { /* this page only */ }
        apply(theme);
        name(button, theme);
      });
    }
  });
})();
