// The field at the bottom of a room: it sends with Enter and completes the bot's commands.

import { fresh, h, put } from "./dom.js";

export class Composer {
  #field;
  #list;
  #send;
  #completes;
  #offered = [];
  #active = -1;
  #drafts = new Map();
  #where = "";
  #sent = [];

  // `send(text)` says whether it went; `completes()` is {command, words}, or null where commands do not work.
  constructor(place, id, { send, completes }) {
    this.#send = send;
    this.#completes = completes;
    const list = fresh("words");
    this.#list = h("ul", { class: "words", id: list, role: "listbox", "aria-label": "Commands", hidden: true });
    this.#field = h("textarea", {
      id, rows: 1, autocomplete: "off", spellcheck: "false", enterkeyhint: "send", role: "combobox",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list, maxlength: 8000,
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onblur: () => this.#offer([]),
    });
    const go = h("button", { class: "go", type: "button", "aria-label": "Send", onclick: () => this.#go() }, "➤");
    put(place, h("div", { class: "composer" }, this.#list, this.#field, go));
  }

  show(where, label, enabled = true) {
    this.#field.setAttribute("aria-label", label);
    this.#field.placeholder = label;
    this.#field.disabled = !enabled;
    if (where === this.#where) return;
    this.#drafts.set(this.#where, this.#field.value);
    this.#where = where;
    this.write(this.#drafts.get(where) || "");
    this.#offer([]);
  }

  write(text) {
    this.#field.value = text;
    this.#grow();
  }

  focus() {
    this.#field.focus();
  }

  #typed() {
    this.#grow();
    this.#offer(this.#matching(this.#field.value));
  }

  #grow() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, 160)}px`;
  }

  #matching(text) {
    const known = this.#completes();
    if (!known || !text.startsWith("/")) return [];
    const lines = known.words.map((word) => ({ ...word, line: `${known.command} ${word.name}` }));
    const typed = text.toLowerCase();
    return lines.filter(({ line }) => line.startsWith(typed) && line !== typed.trimEnd()).slice(0, 12);
  }

  #offer(offered) {
    this.#offered = offered;
    this.#list.hidden = offered.length === 0;
    this.#field.setAttribute("aria-expanded", String(offered.length > 0));
    const pick = (index) => (event) => (event.preventDefault(), this.#complete(index));
    put(
      this.#list,
      offered.map((word, index) =>
        h(
          "li",
          { role: "option", id: `${this.#list.id}-${index}`, "aria-selected": "false", onmousedown: pick(index) },
          h("span", { class: "command" }, word.line, " ", h("span", { class: "usage" }, word.usage)),
          h("small", {}, word.summary),
        ),
      ),
    );
    this.#activate(-1);
  }

  #activate(index) {
    this.#active = index;
    [...this.#list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    const item = this.#list.children[index];
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.#field.setAttribute("aria-activedescendant", item.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #complete(index) {
    const word = this.#offered[index];
    this.write(word.usage ? `${word.line} ` : word.line);
    this.#offer([]);
  }

  #key(event) {
    if (event.isComposing) return;
    const deed = this.#offered.length ? this.#whileOffering(event) : this.#otherwise(event);
    if (deed) {
      event.preventDefault();
      deed();
    }
  }

  #whileOffering(event) {
    const count = this.#offered.length;
    const deeds = {
      ArrowDown: () => this.#activate((this.#active + 1) % count),
      ArrowUp: () => this.#activate((this.#active - 1 + count) % count),
      Escape: () => (event.stopPropagation(), this.#offer([])),
      Tab: event.shiftKey ? null : () => this.#complete(Math.max(this.#active, 0)),
      Enter: event.shiftKey ? null : () => (this.#active >= 0 ? this.#complete(this.#active) : this.#go()),
    };
    return deeds[event.key];
  }

  #otherwise(event) {
    if (event.key === "Enter" && !event.shiftKey) return () => this.#go();
    if (event.key === "ArrowUp" && !this.#field.value && this.#sent.length) return () => this.write(this.#sent.at(-1));
    return null;
  }

  async #go() {
    const text = this.#field.value.trim();
    if (!text) return;
    this.#offer([]);
    this.write("");
    this.#sent.push(text);
    // What did not go comes back, unless something else stands there by now.
    if (!(await this.#send(text)) && !this.#field.value) this.write(text);
  }
}
