// Block Kit, drawn. `ctx` says where the blocks stand: see `context` in controls.js.

import { chart } from "./chart.js";
import { control, field } from "./controls.js";
import { h } from "./dom.js";
import { link, parts, richText, words } from "./text.js";

export function blocks(found, ctx) {
  return found.map((block) => {
    const draw = BLOCKS[block.type];
    return h("div", { class: `block ${block.type}` }, draw ? draw(block, ctx) : `[${block.type}]`);
  });
}

// A picture: Slack's own files are shown, others named, because the page asks nobody outside for anything.
function picture(element, ctx) {
  if (element.file) {
    const src = `/files/${element.file}?${new URLSearchParams({ person: ctx.person })}`;
    return h("img", { src, alt: element.alt_text, loading: "lazy" });
  }
  const inside = ["Image: ", element.alt_text];
  return /^https?:/i.test(element.image_url || "")
    ? h("span", { class: "elsewhere" }, link(element.image_url, inside))
    : h("span", { class: "elsewhere" }, inside);
}

function section(block, ctx) {
  const accessory = block.accessory;
  const shown = accessory && (accessory.type === "image" ? picture(accessory, ctx) : control(block, accessory, ctx));
  return [
    h(
      "div",
      { class: "section-words" },
      block.text && h("div", {}, words(block.text)),
      block.fields && h("div", { class: "fields" }, block.fields.map((one) => h("div", { class: "field" }, words(one)))),
    ),
    shown && h("div", { class: "accessory" }, shown),
  ];
}

function table(block) {
  const settings = block.column_settings || [];
  const cell = (tag) => (found, column) => {
    const align = settings[column]?.align || "left";
    const wraps = settings[column]?.is_wrapped ? " wraps" : "";
    const inside = found.type === "raw_text" ? found.text : richText(found);
    return h(tag, { class: `align-${align}${wraps}`, scope: tag === "th" ? "col" : null }, inside);
  };
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head.map(cell("th")))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td"))))),
    ),
  );
}

function card(block, ctx) {
  const texts = ["title", "subtitle", "body", "subtext"].filter((name) => block[name]);
  return h(
    "div",
    { class: "card-box" },
    block.hero_image && picture(block.hero_image, ctx),
    texts.map((name) => h("div", { class: `card-${name}` }, words(block[name]))),
    block.actions && h("div", { class: "row" }, block.actions.map((button) => control(block, button, ctx))),
  );
}

const BLOCKS = {
  header: (block) => h("h3", {}, words(block.text)),
  section,
  context: (block, ctx) =>
    block.elements.map((element) => (element.type === "image" ? picture(element, ctx) : h("span", {}, words(element)))),
  actions: (block, ctx) => block.elements.map((element) => control(block, element, ctx)),
  input: field,
  divider: () => h("hr"),
  image: (block, ctx) =>
    h("figure", {}, block.title && h("figcaption", {}, words(block.title)), picture(block, ctx)),
  rich_text: richText,
  table,
  markdown: (block) => parts(block.parts),
  card,
  alert: (block) => h("div", { class: `alert-box ${block.level || "default"}`, role: "note" }, words(block.text)),
  video: (block) =>
    h("div", {}, link(block.video_url, "▶ ", words(block.title)), block.description && h("div", {}, words(block.description))),
  data_visualization: (block) => chart(block),
};
