// What can be pressed, chosen and filled in.
//
// `ctx` is where it stands: {person, on: {channel, ts} | {view}, values, errors, fields, people, rooms}. `fields` is
// a Map that gathers, by action_id, {read, node} of an input of a form that is submitted as a whole; one that takes
// its time has `busy`, one that a new drawing would empty has `take(old)`.

import { post } from "./api.js";
import { confirmed } from "./confirm.js";
import { fresh, h, notice, put } from "./dom.js";
import { fileInput } from "./files.js";
import { overflow } from "./menu.js";
import { words } from "./text.js";

// Tells the bot, after the confirm dialog where there is one; false when the person thought better of it.
export async function act(block, element, ctx, { value = null, option = null } = {}) {
  if (element.confirm && !(await confirmed(element.confirm))) return false;
  try {
    const body = { person: ctx.person, on: ctx.on, block: block.block_id, action: element.action_id, option, value };
    const reply = await post("press", body);
    if (reply.error && ctx.on.view) notice(`The app failed with the error “${reply.error}”`);
    return true;
  } catch (error) {
    notice(error.message);
    return false;
  }
}

export function control(block, element, ctx) {
  const draw = CONTROLS[element.type];
  return draw ? draw(block, element, ctx) : h("span", { class: "elsewhere" }, `[${element.type}]`);
}

// An input block: label, element, hint, and what is wrong with it.
export function field(block, ctx) {
  const [id, hint, wrong] = [fresh("field"), fresh("hint"), fresh("wrong")];
  const complaint = ctx.errors?.[block.block_id];
  const inside = control(block, block.element, { ...ctx, form: !block.dispatch_action });
  const target = inside.matches("input, select, textarea") ? inside : inside.querySelector(".typed");
  const described = [block.hint && hint, complaint && wrong].filter(Boolean).join(" ");
  const named = target || inside;
  if (described) named.setAttribute("aria-describedby", described);
  if (complaint) named.setAttribute("aria-invalid", "true");
  const label = [words(block.label), block.optional && h("span", { class: "optional" }, " (optional)")];
  // The label names it better than the name that it has where there is none.
  if (target) (target.removeAttribute("aria-label"), (target.id = id));
  else inside.setAttribute("aria-labelledby", id);
  return [
    target ? h("label", { for: id }, label) : h("span", { class: "label", id }, label),
    inside,
    block.hint && h("p", { class: "hint", id: hint }, words(block.hint)),
    complaint && h("p", { class: "wrong", id: wrong }, complaint),
  ];
}

function button(block, element, ctx) {
  const press = async (event) => {
    if (node.getAttribute("aria-busy")) return event.preventDefault();
    node.setAttribute("aria-busy", "true");
    await act(block, element, ctx);
    node.removeAttribute("aria-busy");
  };
  const props = { class: `button ${element.style || ""}`, "aria-label": element.accessibility_label, onclick: press };
  const opens = /^https?:/i.test(element.url || "");
  const node = opens
    ? h("a", { ...props, href: element.url, target: "_blank", rel: "noopener noreferrer" }, words(element.text))
    : h("button", { ...props, type: "button" }, words(element.text));
  return node;
}

function held(block, element, ctx) {
  return ctx.values?.[block.block_id]?.[element.action_id] || {};
}

function nameOf(element, fallback) {
  return element.placeholder?.text || fallback;
}

// A native input whose value is told at once, or gathered for the form.
function wired(block, element, ctx, node, read) {
  if (ctx.form) ctx.fields?.set(element.action_id, { read, node });
  else node.addEventListener("change", () => act(block, element, ctx, { value: read() }));
  return node;
}

const VALUES = {
  datepicker: "selected_date", timepicker: "selected_time", users_select: "selected_user",
  channels_select: "selected_channel", conversations_select: "selected_conversation",
  multi_users_select: "selected_users", multi_channels_select: "selected_channels",
  multi_conversations_select: "selected_conversations",
};

function input(type) {
  return (block, element, ctx) => {
    const name = VALUES[element.type] || "value";
    const node = h("input", {
      type, value: held(block, element, ctx)[name] || "", placeholder: element.placeholder?.text,
      "aria-label": nameOf(element, type), minlength: element.min_length, maxlength: element.max_length,
      inputmode: element.type === "number_input" ? "decimal" : null, autofocus: element.focus_on_load,
    });
    return wired(block, element, ctx, node, () => node.value || null);
  };
}

function textarea(block, element, ctx) {
  const props = { rows: 4, value: held(block, element, ctx).value || "", placeholder: element.placeholder?.text };
  const node = h("textarea", { ...props, "aria-label": nameOf(element, "Text"), maxlength: element.max_length });
  return wired(block, element, ctx, node, () => node.value || null);
}

// Seconds since 1970, entered in the browser's own zone.
function moment(block, element, ctx) {
  const seconds = held(block, element, ctx).selected_date_time;
  const local = seconds ? new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000) : null;
  const node = h("input", { type: "datetime-local", "aria-label": "Date and time", value: local?.toISOString().slice(0, 16) || "" });
  return wired(block, element, ctx, node, () => (node.value ? new Date(node.value).getTime() / 1000 : null));
}

const PEOPLE = (ctx) => ctx.people.map((one) => ({ value: one.id, text: one.name }));
const ROOMS = (ctx) => ctx.rooms.map((one) => ({ value: one.id, text: `#${one.name}` }));
const OFFERED = { users: PEOPLE, channels: ROOMS, conversations: ROOMS };

function offered(element, ctx) {
  const kind = element.type.replace("multi_", "").replace("_select", "");
  if (OFFERED[kind]) return [{ options: OFFERED[kind](ctx) }];
  const flat = (options) => options.map((option) => ({ value: option.value, text: option.text.text }));
  if (element.option_groups) return element.option_groups.map((group) => ({ label: group.label.text, options: flat(group.options) }));
  return [{ options: flat(element.options || []) }];
}

function chosen(block, element, ctx) {
  const state = held(block, element, ctx);
  if (state.selected_options) return state.selected_options.map((option) => option.value);
  if (state.selected_option) return [state.selected_option.value];
  const value = state[VALUES[element.type]];
  return Array.isArray(value) ? value : value ? [value] : [];
}

function select(block, element, ctx) {
  const now = chosen(block, element, ctx)[0];
  const option = (one) => h("option", { value: one.value, selected: one.value === now }, one.text);
  const node = h(
    "select",
    { "aria-label": nameOf(element, "Choose") },
    h("option", { value: "", disabled: !ctx.form, selected: now === undefined }, nameOf(element, "Choose…")),
    offered(element, ctx).map((group) =>
      group.label ? h("optgroup", { label: group.label }, group.options.map(option)) : group.options.map(option),
    ),
  );
  return wired(block, element, ctx, node, () => node.value || null);
}

// Several of some: boxes, because they work everywhere; radio buttons are the same with one of them.
function boxes(kind) {
  return (block, element, ctx) => {
    const now = new Set(chosen(block, element, ctx));
    const name = fresh("choice");
    const described = new Map((element.options || []).map((option) => [option.value, option]));
    const one = (option) => {
      const own = described.get(option.value);
      const box = h("input", { type: kind, name, value: option.value, checked: now.has(option.value) });
      return h(
        "label",
        { class: "choice" },
        box,
        h("span", {}, own ? words(own.text) : option.text, own?.description && h("small", {}, words(own.description))),
      );
    };
    const role = kind === "radio" ? "radiogroup" : "group";
    const node = h(
      "div",
      { class: "choices", role, "aria-label": nameOf(element, "Choose") },
      offered(element, ctx).map((group) => [group.label && h("strong", {}, group.label), group.options.map(one)]),
    );
    const read = () => {
      const values = [...node.querySelectorAll("input:checked")].map((box) => box.value);
      return kind === "radio" ? values[0] || null : values;
    };
    return wired(block, element, ctx, node, read);
  };
}

// Asks the bot for options while one types.
function external(block, element, ctx) {
  const state = held(block, element, ctx);
  const several = element.type.startsWith("multi_");
  let picked = (state.selected_options || [state.selected_option]).filter(Boolean)
    .map((option) => ({ value: option.value, text: option.text.text }));
  const list = h("ul", { class: "suggested", "aria-label": "Suggestions" });
  const shown = h("ul", { class: "picked", "aria-label": "Chosen" });
  const typed = h("input", { type: "search", class: "typed", placeholder: nameOf(element, "Type to search…"), "aria-label": nameOf(element, "Search") });
  const value = () => (several ? picked.map((one) => one.value) : picked[0]?.value || null);
  const tell = () => ctx.form || act(block, element, ctx, { value: value() });
  const choose = (option) => {
    picked = several ? [...picked.filter((one) => one.value !== option.value), option] : [option];
    put(list);
    typed.value = "";
    drawPicked();
    tell();
  };
  const drop = (option) => {
    picked = picked.filter((one) => one !== option);
    drawPicked();
    tell();
  };
  const drawPicked = () =>
    put(shown, picked.map((one) => h("li", {}, one.text, h("button", { type: "button", class: "icon", "aria-label": `Remove ${one.text}`, onclick: () => drop(one) }, "✕"))));
  typed.addEventListener("input", async () => {
    const query = typed.value;
    const body = { person: ctx.person, on: ctx.on, block: block.block_id, action: element.action_id, query };
    const reply = await post("suggest", body).catch((error) => ({ error: error.message, options: [] }));
    if (typed.value !== query) return;
    if (reply.error) notice(reply.error);
    put(list, reply.options.map((one) => h("li", {}, h("button", { type: "button", onclick: () => choose(one) }, one.text))));
  });
  drawPicked();
  if (ctx.form) ctx.fields?.set(element.action_id, { read: value });
  return h("div", { class: "external" }, shown, typed, list);
}

const CONTROLS = {
  button,
  overflow: (block, element, ctx) =>
    overflow(element, (option) => act(block, element, ctx, { option: option.text.text })),
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  external_select: external,
  multi_external_select: external,
  multi_static_select: boxes("checkbox"),
  multi_users_select: boxes("checkbox"),
  multi_channels_select: boxes("checkbox"),
  multi_conversations_select: boxes("checkbox"),
  checkboxes: boxes("checkbox"),
  radio_buttons: boxes("radio"),
  datepicker: input("date"),
  timepicker: input("time"),
  datetimepicker: moment,
  plain_text_input: (block, element, ctx) => (element.multiline ? textarea : input("text"))(block, element, ctx),
  email_text_input: input("email"),
  url_text_input: input("url"),
  number_input: input("text"),
  file_input: fileInput,
};
