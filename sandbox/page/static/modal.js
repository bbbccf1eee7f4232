// Modals, as the browser's own dialogs: they hold the focus, and Esc closes them.

import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { fresh, h, notice, put } from "./dom.js";
import { words } from "./text.js";

// The modal on top, in step with what the workspace says of it.
export class Modal {
  #box = null;
  #drawn = "";
  #fields = new Map();

  show(view, ctx) {
    if (!view) return this.#close();
    const wanted = JSON.stringify([ctx.person, view]);
    if (wanted === this.#drawn) return;
    const kept = this.#box?.dataset.view === view.id ? this.#fields : new Map();
    this.#drawn = wanted;
    this.#draw(view, { ...ctx, on: { view: view.id }, values: view.values, errors: view.errors });
    this.#restore(kept);
    const wrong = this.#box.querySelector("[aria-invalid]");
    wrong?.focus();
    // What is wrong with it stands below it.
    wrong?.scrollIntoView({ block: "center" });
  }

  #draw(view, ctx) {
    const title = fresh("title");
    const fields = (this.#fields = new Map());
    const submit = view.submit && h("button", { class: "button primary" }, words(view.submit));
    const cancel = () => this.#box?.close();
    const form = h(
      "form",
      { novalidate: true, onsubmit: (event) => this.#submit(event, ctx) },
      h("header", { class: "bar" }, h("h2", { id: title }, words(view.title)), h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: cancel }, "✕")),
      view.errors[""] && h("p", { class: "wrong", role: "alert" }, view.errors[""]),
      h("div", { class: "body" }, blocks(view.blocks, { ...ctx, fields })),
      h("footer", { class: "row end" }, h("button", { type: "button", class: "button", onclick: cancel }, view.close ? words(view.close) : view.depth > 1 ? "Back" : "Cancel"), submit),
    );
    this.#box ??= this.#open(ctx);
    this.#box.dataset.view = view.id;
    this.#box.setAttribute("aria-labelledby", title);
    put(this.#box, form);
    form.querySelector("[autofocus], .body input, .body select, .body textarea, footer .primary")?.focus();
  }

  #open(ctx) {
    const box = h("dialog", { class: "modal" });
    // By Esc or by a button: the workspace is told, and says what lies under it.
    box.addEventListener("close", async () => {
      if (this.#box !== box) return;
      this.#forget();
      await post("close", { person: ctx.person }).catch((error) => notice(error.message));
      ctx.refresh();
    });
    document.body.append(box);
    box.showModal();
    return box;
  }

  async #submit(event, ctx) {
    event.preventDefault();
    if ([...this.#fields.values()].some((field) => field.busy?.())) return notice("Wait until the file is uploaded.");
    await this.#tell(() => post("submit", { person: ctx.person, values: this.#read() }));
    ctx.refresh();
  }

  async #tell(deed) {
    if (this.#box.getAttribute("aria-busy")) return;
    this.#box.setAttribute("aria-busy", "true");
    await deed().catch((error) => notice(error.message));
    this.#box?.removeAttribute("aria-busy");
  }

  #read() {
    return Object.fromEntries([...this.#fields].map(([name, { read }]) => [name, read()]));
  }

  // What was typed and not submitted yet outlives a new drawing of the same view.
  #restore(kept) {
    for (const [name, old] of kept) {
      const field = this.#fields.get(name);
      if (field?.take && old.take) field.take(old);
      else if (field?.node && typeof old.read() === "string") field.node.value = old.read();
    }
  }

  #close() {
    const box = this.#box;
    this.#forget();
    box?.close();
  }

  #forget() {
    this.#drawn = "";
    this.#box?.remove();
    this.#box = null;
  }
}
