// The vendors' world: what their consoles would show, and the levers that make something happen.

import { get, post } from "./api.js";
import { h, notice, put } from "./dom.js";

const EVERY = 2000;
const SKIPS = { 600: "+10 min", 3600: "+1 hour", 86400: "+1 day" };
const NUMBER = new Intl.NumberFormat("en");

export class World {
  #place;
  #tasks = new Map();
  #vendors = new Map();
  #clock = null;

  constructor(place, visible) {
    this.#place = place;
    const look = async () => {
      if (visible() && !document.hidden) await this.look();
      setTimeout(look, EVERY);
    };
    look();
  }

  async look() {
    await get("world").then((state) => this.#show(state), () => {});
  }

  async #pull(body) {
    try {
      this.#show(await post("world", body));
    } catch (error) {
      notice(error.message);
    }
  }

  #show(state) {
    if (!this.#clock) this.#build(state);
    this.#clock.update(state.clock);
    for (const vendor of state.vendors) this.#vendors.get(vendor.id).update(vendor);
    const list = this.#place.querySelector(".tasks");
    const there = new Set(state.tasks.map((task) => task.id));
    for (const [id, row] of this.#tasks) if (!there.has(id)) (row.node.remove(), this.#tasks.delete(id));
    state.tasks.forEach((task, index) => {
      const row = this.#tasks.get(task.id) || this.#task(task);
      this.#tasks.set(task.id, row);
      row.update(task);
      if (list.children[index] !== row.node) list.insertBefore(row.node, list.children[index] || null);
    });
  }

  #build(state) {
    this.#clock = this.#clockRow(state.clock);
    const vendors = state.vendors.map((vendor) => {
      const row = this.#vendor(vendor);
      this.#vendors.set(vendor.id, row);
      return row.node;
    });
    put(
      this.#place,
      h("section", { "aria-label": "Clock" }, h("h3", {}, "Clock"), this.#clock.node),
      h("section", { "aria-label": "Vendors" }, h("h3", {}, "Vendors"), vendors),
      h("section", { "aria-label": "Tasks" }, h("h3", {}, "Tasks at U-Mail"), h("ul", { class: "tasks" })),
    );
  }

  #clockRow(clock) {
    const now = h("output", { class: "now" });
    const speeds = clock.speeds.map((speed) =>
      h("button", { class: "small", "aria-label": `${speed} times real time`, onclick: () => this.#pull({ do: "speed", speed }) }, `×${speed}`),
    );
    const skips = clock.skips.map((seconds) =>
      h("button", { class: "small", onclick: () => this.#pull({ do: "skip", seconds }) }, SKIPS[seconds] || `+${seconds} s`),
    );
    return {
      node: h("div", {}, now, h("div", { class: "row", role: "group", "aria-label": "Speed" }, speeds), h("div", { class: "row", role: "group", "aria-label": "Move on" }, skips)),
      update(found) {
        now.textContent = found.now;
        speeds.forEach((button, index) => button.setAttribute("aria-pressed", String(found.speed === clock.speeds[index])));
      },
    };
  }

  #vendor(vendor) {
    const [credit, light] = [h("span", { class: "number" }), h("span", { class: "light" })];
    const toggle = h("button", { class: "small" });
    let down = false;
    toggle.addEventListener("click", () => this.#pull({ do: down ? "up" : "down", vendor: vendor.id }));
    const drain = h("button", { class: "small", onclick: () => this.#pull({ do: "drain", vendor: vendor.id }) }, "Drain credit");
    const node = h("div", { class: "vendor" }, h("div", { class: "split" }, h("strong", {}, light, vendor.name), credit), h("div", { class: "row" }, toggle, vendor.credit && drain));
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", vendor.name);
    return {
      node,
      update(found) {
        down = found.down;
        node.classList.toggle("down", down);
        light.textContent = down ? "✕ " : "● ";
        toggle.textContent = down ? "Bring back" : "Take down";
        const left = found.credit && `${NUMBER.format(found.credit.left)} left`;
        credit.textContent = down ? "down" : left || "no credit to show";
      },
    };
  }

  #task(task) {
    const status = h("span");
    const progress = h("progress", { "aria-label": `Task ${task.id}` });
    const [counts, bounced] = [h("span", { class: "number" }), h("span", { class: "number" })];
    const fail = h("button", { class: "small", onclick: () => this.#pull({ do: "fail", task: task.id }) }, "Make it fail");
    const spike = h("button", { class: "small", onclick: () => this.#pull({ do: "spike", task: task.id }) }, "Spike bounces");
    const edit = h("button", { class: "small", title: "Change its reply address at the vendor", onclick: () => this.#pull({ do: "edit", task: task.id }) }, "Edit elsewhere");
    const levers = h("div", { class: "row" }, spike, edit, fail);
    const node = h(
      "li",
      { "aria-label": `Task ${task.id}` },
      h("div", { class: "split" }, h("strong", {}, String(task.id)), status),
      h("div", { class: "what" }, task.name),
      progress,
      h("div", { class: "split" }, counts, bounced),
      levers,
    );
    return {
      node,
      update(found) {
        status.textContent = found.status;
        status.className = `status ${found.status}`;
        progress.max = found.planned || 1;
        progress.value = found.done;
        counts.textContent = `${NUMBER.format(found.done)} of ${NUMBER.format(found.planned)}`;
        bounced.textContent = found.bounced === null ? "" : `${found.bounced} % failed`;
        spike.hidden = found.status !== "sending";
        edit.hidden = !spike.hidden;
        levers.hidden = !found.live;
      },
    };
  }
}
