// The receiver's page: each webhook as it came, the newest first, and what its signature is worth.

import { arrivals, get, post } from "./api.js";
import { h, notice, put } from "./dom.js";

const at = (id) => document.getElementById(id);
const VERDICTS = {
  verified: ["✓", "Signature verified"],
  wrong: ["✕", "Wrong signature"],
  stale: ["!", "Signed too long ago"],
  unsigned: ["✕", "Not signed"],
};
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const rows = new Map();
let levers = null;
let looks = 0;

async function look() {
  const mine = (looks += 1);
  const state = await get("webhooks").catch((error) => notice(error.message));
  if (state && mine === looks) show(state);
}

async function pull(name, body) {
  try {
    return await post(`webhooks/${name}`, body);
  } catch (error) {
    notice(error.message);
    return null;
  }
}

function show(state) {
  at("url").textContent = state.url;
  levers ??= build(state);
  levers.update(state);
  const there = new Set(state.arrivals.map((one) => one.number));
  for (const [number, row] of rows) if (!there.has(number)) (row.remove(), rows.delete(number));
  // What stands there already stays as it is: open, focused, selected.
  for (const one of [...state.arrivals].reverse()) {
    if (rows.has(one.number)) continue;
    const row = arrival(one);
    rows.set(one.number, row);
    at("list").prepend(row);
  }
  const count = state.arrivals.length;
  at("arrived").textContent = count ? `${count} ${count === 1 ? "webhook" : "webhooks"}, the newest first` : "Nothing has arrived yet";
  at("hint").hidden = count > 0;
  document.title = count ? `(${count}) A receiver of webhooks` : "A receiver of webhooks";
}

function arrival(one) {
  const [sign, words] = VERDICTS[one.verdict];
  const when = CLOCK.format(new Date(one.at));
  const facts = [`answered ${one.answer}`, one.copy > 1 && `sent again, the ${ordinal(one.copy)} time`];
  const row = h(
    "li",
    { class: `arrival ${one.verdict}`, "aria-label": `${one.type || "A webhook"} at ${when}: ${words}` },
    h(
      "div",
      { class: "split" },
      h("div", { class: "which" }, h("strong", {}, one.type || "(no type)"), one.subject && h("span", { class: "number" }, one.subject)),
      h("time", { class: "number", datetime: one.at }, when),
    ),
    h("div", { class: "row" }, h("span", { class: "verdict" }, h("span", { "aria-hidden": "true" }, `${sign} `), words), h("span", { class: "number" }, facts.filter(Boolean).join(" · "))),
    h("pre", { class: "body", tabindex: "0", "aria-label": "Body" }, pretty(one.body)),
    h(
      "details",
      {},
      h("summary", {}, `Headers (${one.headers.length})`),
      h("dl", { class: "headers" }, one.headers.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    ),
  );
  return row;
}

function ordinal(count) {
  const ending = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${count}${ending[new Intl.PluralRules("en", { type: "ordinal" }).select(count)]}`;
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body || "(empty)";
  }
}

function build(state) {
  const answers = state.answers.map(({ status, words }) =>
    h("button", { class: "small", title: words, onclick: () => pull("answer", { status }).then((found) => found && show(found)) }, String(status)),
  );
  const meaning = h("span", { class: "number", id: "meaning" });
  const senders = state.senders.map(({ id, name }) => h("button", { class: "small", onclick: () => send(id, name) }, name));
  const known = h("span", { class: "number" });
  put(
    at("levers"),
    group("Have something sent to the bot", senders),
    group("It answers with", answers, meaning),
    secrets(known),
  );
  return {
    update(found) {
      found.answers.forEach(({ status, words }, index) => {
        answers[index].setAttribute("aria-pressed", String(status === found.answer));
        if (status === found.answer) meaning.textContent = words;
      });
      known.textContent = found.secrets === 1 ? "it knows its own" : `it knows ${found.secrets}`;
    },
  };
}

function group(label, buttons, more) {
  return h("div", { class: "lever", role: "group", "aria-label": label }, h("h2", {}, label), h("div", { class: "row" }, buttons, more));
}

async function send(kind, name) {
  const reply = await pull("send", { kind });
  if (reply) notice(`${name}: the bot answered ${reply.status}${reply.status < 300 ? ", it is written down" : ""}`);
}

// Whoever adds the receiver once more in Slack gets another secret, which is pasted here.
function secrets(known) {
  const field = h("input", { id: "secret", class: "typed", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "whsec_…", maxlength: "200" });
  const add = async (event) => {
    event.preventDefault();
    const found = await pull("secret", { secret: field.value });
    if (!found) return;
    field.value = "";
    show(found);
  };
  return h(
    "form",
    { class: "lever", onsubmit: add },
    h("h2", {}, h("label", { for: "secret" }, "Check with one more secret")),
    h("div", { class: "row" }, field, h("button", { class: "small" }, "Add secret"), known),
  );
}

// Many webhooks in a moment are one look.
let waiting = null;
function soon() {
  waiting ??= setTimeout(async () => {
    waiting = null;
    await look();
    at("news").textContent = at("list").firstElementChild?.getAttribute("aria-label") ?? "";
  }, 30);
}

arrivals({
  ready: () => ((at("lost").hidden = true), look()),
  changed: soon,
  lost: () => (at("lost").hidden = false),
});
