// The confirm dialog before a button acts, as the browser's own dialog: it holds the focus, and Esc declines.

import { fresh, h } from "./dom.js";
import { words } from "./text.js";

// Asks; true when the person confirmed.
export function confirmed(asked) {
  const [title, text] = [fresh("title"), fresh("text")];
  const close = (answer) => () => box.close(answer);
  const box = h(
    "dialog",
    { class: "confirm", role: "alertdialog", "aria-labelledby": title, "aria-describedby": text },
    h("h2", { id: title }, words(asked.title)),
    h("p", { id: text }, words(asked.text)),
    h(
      "div",
      { class: "row end" },
      h("button", { type: "button", class: "button", onclick: close("") }, words(asked.deny)),
      h("button", { type: "button", class: `button ${asked.style || "primary"}`, onclick: close("yes") }, words(asked.confirm)),
    ),
  );
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
  });
}
