// The overflow menu: a button with three dots, and the options under it.

import { h } from "./dom.js";
import { words } from "./text.js";

export function overflow(element, choose) {
  const toggle = h("button", { type: "button", class: "button dots", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": "More" }, "⋯");
  const entries = element.options.map((option) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => pick(option) }, words(option.text)),
  );
  const menu = h("div", { class: "menu", role: "menu", "aria-label": "More", hidden: true }, entries);
  const box = h("div", { class: "overflow" }, toggle, menu);

  const show = (open) => {
    menu.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    if (open) entries[0].focus();
  };
  const pick = (option) => {
    show(false);
    toggle.focus();
    if (/^https?:/i.test(option.url || "")) window.open(option.url, "_blank", "noopener,noreferrer");
    choose(option);
  };
  const move = (step) => {
    const at = entries.indexOf(document.activeElement);
    entries[(at + step + entries.length) % entries.length].focus();
  };
  const KEYS = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: () => (show(false), toggle.focus()) };
  toggle.addEventListener("click", () => show(menu.hidden));
  box.addEventListener("keydown", (event) => {
    if (menu.hidden || !KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget)) show(false);
  });
  return box;
}
