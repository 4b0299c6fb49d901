// Forms: Ctrl Enter saves, Ctrl Shift Enter saves and starts another, focus goes to errors and thank-yous, a failed request says so,
// and what was typed into a form with data-draft is kept for a day.
(() => {
  const DAY = 24 * 3600 * 1000;

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("form");
    if (!form) return;
    event.preventDefault();
    const again = event.shiftKey ? form.querySelector("button[name=again]") : null;
    form.requestSubmit(again || form.querySelector("button:not([type=button]):not([name=again])") || undefined);
  });

  // After a swap: first what is wrong, else what asks for focus by itself.
  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.target.querySelector?.("#errors") || (event.target.id === "errors" ? event.target : null) ||
      event.target.querySelector?.("[data-focus]") || (event.target.matches?.("[data-focus]") ? event.target : null);
    place?.focus();
  });
  document.addEventListener("DOMContentLoaded", () => document.getElementById("errors")?.focus());

  // The quick log: cleared once its line stands in the feed, and ready for the next.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-clear]");
    if (!form || !event.detail.successful) return;
    form.reset();
    form.querySelector("[name=who]")?.focus();
  });

  // A request that never arrived.
  const failed = (event) => {
    const source = document.getElementById("not-saved");
    const place = document.getElementById("toasts");
    if (!source || !place) return;
    place.replaceChildren(source.content.cloneNode(true));
    event.target.removeAttribute?.("aria-busy");
  };
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:responseError", failed);

  document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (event) => event.detail.target?.removeAttribute("aria-busy"));

  const key = (form) => `draft:${form.dataset.draft}`;
  const keep = (form) => {
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !/csrf|password|key/i.test(name) && value);
    try { localStorage.setItem(key(form), JSON.stringify({ at: Date.now(), fields })); } catch { /* then there is no draft */ }
  };
  const restore = (form) => {
    let draft = null;
    try { draft = JSON.parse(localStorage.getItem(key(form))); } catch { /* no draft */ }
    if (!draft || Date.now() - draft.at > DAY || form.querySelector("#errors")) return;
    for (const [name, value] of draft.fields) {
      const field = form.elements[name];
      if (field instanceof RadioNodeList) field.value = value;
      else if (field?.type === "checkbox") field.checked = true;
      else if (field && !field.value) field.value = value;
    }
  };
  // Whoever signs out leaves no words behind on this device.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-forget]")) return;
    try { for (const name of Object.keys(localStorage)) if (name.startsWith("draft:")) localStorage.removeItem(name); } catch { /* nothing kept */ }
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      restore(form);
      form.addEventListener("input", () => keep(form));
      form.addEventListener("submit", () => { try { localStorage.removeItem(key(form)); } catch { /* nothing kept */ } });
    }
  });
})();
