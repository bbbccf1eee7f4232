// A list of messages. What has not changed keeps its elements, so that an edit elsewhere disturbs nobody who is typing.

import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { emoji, parts } from "./text.js";

export class Messages {
  #place;
  #kept = new Map();
  #where = "";

  constructor(place) {
    this.#place = place;
  }

  // `where` names the room and the reader; another one starts anew, at its end.
  show(where, found, ctx, { empty = null, openThread = null } = {}) {
    const moved = where !== this.#where;
    const place = this.#place;
    const atEnd = moved || place.scrollHeight - place.scrollTop - place.clientHeight < 80;
    if (moved) this.#kept.clear();
    this.#where = where;
    const nodes = [];
    let [day, before] = [null, null];
    for (const message of found) {
      if (openThread && message.day !== day) nodes.push(h("div", { class: "day" }, h("span", {}, (day = message.day))));
      nodes.push(this.#node(message, follows(before, message), ctx, openThread));
      before = message;
    }
    const there = new Set(found.map((message) => message.ts));
    for (const ts of this.#kept.keys()) if (!there.has(ts)) this.#kept.delete(ts);
    this.#arrange(nodes.length ? nodes : [empty].filter(Boolean));
    if (atEnd) place.scrollTop = place.scrollHeight;
  }

  #node(message, joined, ctx, openThread) {
    const wanted = JSON.stringify([message, joined]);
    const kept = this.#kept.get(message.ts);
    if (kept?.wanted === wanted) return kept.node;
    const node = draw(message, joined, ctx, openThread);
    if (kept?.node.contains(document.activeElement)) {
      // Whoever pressed something in the old card goes on from the new one.
      node.tabIndex = -1;
      requestAnimationFrame(() => node.focus({ preventScroll: true }));
    }
    if (kept) node.classList.add("fresh");
    this.#kept.set(message.ts, { wanted, node });
    return node;
  }

  // Moves no node that is in its place already, for a moved one would lose the focus.
  #arrange(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.#place.childNodes]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, index) => {
      const there = this.#place.childNodes[index];
      if (there !== node) this.#place.insertBefore(node, there || null);
    });
  }
}

function follows(before, message) {
  if (!before || before.author.id !== message.author.id || before.ephemeral !== message.ephemeral) return false;
  return before.day === message.day && Number(message.ts) - Number(before.ts) < 300;
}

function draw(message, joined, ctx, openThread) {
  const own = { ...ctx, on: { channel: message.channel, ts: message.ts }, values: message.values };
  const { author } = message;
  return h(
    "article",
    {
      class: `message${joined ? " joined" : ""}${message.ephemeral ? " ephemeral" : ""}`,
      "aria-label": `${author.name}, ${message.time}`,
      "data-ts": message.ts,
    },
    face(author),
    h(
      "div",
      { class: "content", lang: ctx.lang },
      h(
        "header",
        {},
        h("strong", {}, author.name),
        author.bot && h("span", { class: "badge" }, "App"),
        h("time", { title: message.moment }, message.time),
      ),
      message.ephemeral && h("p", { class: "only" }, h("span", { "aria-hidden": "true" }, "◉ "), "Only visible to you"),
      parts(message.parts),
      blocks(message.blocks, own),
      message.attachments.map((one) => attachment(one, own)),
      message.files.map((file) => fileCard(file, ctx)),
      message.edited && h("small", { class: "edited" }, "(edited)"),
      message.reactions.length > 0 &&
        h("div", { class: "row" }, message.reactions.map((one) => h("span", { class: "reaction" }, emoji(one.name), ` ${one.count}`))),
      message.replies > 0 &&
        openThread &&
        h("button", { class: "replies", onclick: () => openThread(message.ts) }, message.replies === 1 ? "1 reply" : `${message.replies} replies`),
    ),
    openThread &&
      !message.ephemeral &&
      h("button", { class: "icon reply", "aria-label": "Reply in a thread", title: "Reply in a thread", onclick: () => openThread(message.ts) }, "↩"),
  );
}

function face(author) {
  const shade = [...author.id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 6;
  const initials = author.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  return h("span", { class: `face ${author.bot ? "bot" : `shade-${shade}`}`, "aria-hidden": "true" }, author.bot ? "✉" : initials);
}

function attachment(one, ctx) {
  return h(
    "div",
    { class: "attachment" },
    parts(one.parts),
    one.fields.map((field) => h("div", {}, h("strong", {}, field.title), " ", parts(field.parts))),
    blocks(one.blocks, ctx),
  );
}

function fileCard(file, ctx) {
  const src = `/files/${file.id}?${new URLSearchParams({ person: ctx.person })}`;
  const picture = /^image\/(png|jpeg|gif|webp)$/.test(file.mimetype);
  return h(
    "figure",
    { class: "file" },
    h("figcaption", {}, h("a", { href: src, download: file.name }, file.title || file.name), ` · ${file.pretty_type} · ${size(file.size)}`),
    picture && h("img", { src, alt: file.alt_txt || file.title || file.name, loading: "lazy" }),
  );
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 10 && unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
