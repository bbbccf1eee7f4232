// Rooms, direct messages, App Home, and who one is.

import { h, put, svg } from "./dom.js";

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });

const at = (id) => document.getElementById(id);

const lock = () =>
  svg("svg", { viewBox: "0 0 16 16", width: 13, height: 13, fill: "none", stroke: "currentColor", "stroke-width": 1.6 },
    svg("rect", { x: 3, y: 7, width: 10, height: 7, rx: 1.5 }), svg("path", { d: "M5 7V5a3 3 0 0 1 6 0v2" }));

export class Sidebar {
  #go;

  constructor({ go, become }) {
    this.#go = go;
    at("person").addEventListener("change", (event) => become(event.target.value));
  }

  show(workspace, person, place, unread) {
    at("team").textContent = workspace.team;
    const name = (one) => (one.role ? `${one.name} · ${one.role}` : one.name);
    put(at("person"), workspace.people.map((one) => h("option", { value: one.id, selected: one.id === person }, name(one))));
    const self = workspace.people.find((one) => one.id === person);
    at("about").textContent = `@${self.handle} · ${LANGUAGES.of(self.locale.split("-")[0])} · ${self.zone.split("/").at(-1).replace("_", " ")}`;
    const entry = (id, sign, text, more = "") =>
      h(
        "li",
        {},
        h(
          "button",
          { class: unread.has(id) ? "unread" : "", "aria-current": id === place ? "page" : null, onclick: () => this.#go(id) },
          h("span", { class: "sign", "aria-hidden": "true" }, sign),
          h("span", { class: "name" }, text),
          more && h("small", {}, more),
          unread.has(id) && h("span", { class: "dot", role: "img", "aria-label": "new messages" }),
        ),
      );
    const sign = (room) => (room.private ? lock() : "#");
    put(at("channels"), workspace.rooms.map((room) => entry(room.id, sign(room), room.name, room.archived ? "archived" : "")));
    put(at("directs"), entry(workspace.direct, "✉", workspace.app));
    at("elsewhere").hidden = !workspace.webhooks;
    put(at("apps"), entry("home", "⌂", `${workspace.app} · Home`));
  }
}
