// Words: mrkdwn and Markdown that the server has taken apart, and rich text.

import { h } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", bell: "🔔", no_bell: "🔕",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", white_circle: "⚪",
  large_blue_circle: "🔵", black_circle: "⚫", hourglass_flowing_sand: "⏳", hourglass: "⌛", calendar: "📅", email: "📧",
  envelope: "✉️", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", moneybag: "💰",
  eyes: "👀", "+1": "👍", thumbsup: "👍", "-1": "👎", wave: "👋", tada: "🎉", rocket: "🚀", fire: "🔥", lock: "🔒", zap: "⚡",
  double_vertical_bar: "⏸️", arrow_forward: "▶️", black_square_for_stop: "⏹️", information_source: "ℹ️", heart: "❤️",
};

export function emoji(name) {
  return EMOJI[name] || `:${name}:`;
}

// Signs that are drawn as shapes, because not every machine has a font for them.
const SIGNS = {
  "🔴": "red", "🟠": "orange", "🟡": "yellow", "🟢": "green", "🔵": "blue", "🟣": "purple", "🟤": "brown", "⚪": "white", "⚫": "black",
  "✅": "done", "⏸": "held", "🕒": "clock", "📝": "draft", "🛑": "stop", "❔": "unknown", "⏳": "wait", "⌛": "wait", "👍": "done", "🗑": "bin", "🚫": "no", "⚠": "warn", "💬": "talk",
};
const SIGN = new RegExp(`((?:${Object.keys(SIGNS).join("|")})\uFE0F?)`, "u");

// A plain text with its emoji drawn, short names too.
export function plain(text) {
  const named = text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] || all);
  return named
    .split(SIGN)
    .filter(Boolean)
    .map((piece) => (SIGNS[piece.replace("\uFE0F", "")] ? h("span", { class: `orb ${SIGNS[piece.replace("\uFE0F", "")]}` }, piece) : piece));
}

export function words(text) {
  if (text.type !== "mrkdwn") return h("span", {}, plain(text.text));
  return h("span", { class: "marked" }, parts(text.parts));
}

const PARTS = {
  text: (part) => h("span", { class: "line" }, spans(part.spans)),
  quote: (part) => h("blockquote", {}, spans(part.spans)),
  pre: (part) => h("pre", {}, spans(part.spans)),
  heading: (part) => h("strong", { class: "line heading" }, spans(part.spans)),
  item: (part) => h("span", { class: "line item" }, h("span", { class: "mark" }, part.mark || "•"), h("span", {}, spans(part.spans))),
  rule: () => h("hr"),
};

export function parts(found) {
  return found.map((part) => PARTS[part.kind](part));
}

function spans(found) {
  return found.map((span) => styled(span, span.text));
}

const WRAPS = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"]];

function styled(style, text) {
  let node = style.code ? [text] : plain(text);
  for (const [name, tag] of WRAPS) if (style[name]) node = h(tag, {}, node);
  if (style.mention) node = h("span", { class: "mention" }, node);
  return style.href ? link(style.href, node) : node;
}

export function link(href, ...inside) {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, inside);
}

const INLINE = {
  text: (element) => styled(element.style || {}, element.text),
  link: (element) => styled({ ...element.style, href: element.href }, element.shown),
  emoji: (element) => h("span", { role: "img", "aria-label": element.name }, plain(emoji(element.name))),
  color: (element) => h("code", {}, element.value),
  team: (element) => styled({}, element.team_id),
  date: (element) => h("time", {}, styled({ ...element.style, href: null }, element.shown)),
};

function inline(elements) {
  return elements.map((element) => {
    const draw = INLINE[element.type];
    return draw ? draw(element) : styled({ ...element.style, mention: true }, element.shown);
  });
}

const RICH = {
  rich_text_section: (part) => h("div", { class: "rich" }, inline(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, inline(part.elements)),
  rich_text_quote: (part) => h("blockquote", {}, inline(part.elements)),
  rich_text_list: (part) =>
    h(
      part.style === "ordered" ? "ol" : "ul",
      { class: `rich-list indent-${part.indent || 0}`, start: part.style === "ordered" ? 1 + (part.offset || 0) : null },
      part.elements.map((item) => h("li", {}, inline(item.elements))),
    ),
};

export function richText(block) {
  return block.elements.map((part) => RICH[part.type](part));
}
