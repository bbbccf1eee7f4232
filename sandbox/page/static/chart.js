// The data_visualization block: pie, bar, area and line charts, each with its numbers as a table beside it.

import { h, svg } from "./dom.js";

const NARROW = matchMedia("(max-width: 760px)");
const NUMBER = new Intl.NumberFormat("en");
const HEIGHT = 170;
const FOOT = 18;
// What a letter of a label takes about, in the units of the drawing.
const LETTER = 5.6;

export function chart(block) {
  const found = block.chart;
  const draw = found.type === "pie" ? pie : axes;
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, block.title),
    draw(found, block.title),
    legend(found),
    h("details", {}, h("summary", {}, "Numbers"), numbers(found)),
  );
}

function legend(found) {
  const names = (found.segments || found.series).map((one) => one.label || one.name);
  return h("ul", { class: "legend" }, names.map((name, index) => h("li", { class: `series-${index % 8}` }, name)));
}

function pie(found, title) {
  const total = found.segments.reduce((sum, one) => sum + one.value, 0);
  const around = 2 * Math.PI * 25;
  let before = 0;
  const rings = found.segments.map((one, index) => {
    const length = (one.value / total) * around;
    const ring = svg("circle", {
      cx: 50, cy: 50, r: 25, class: `slice series-${index % 8}`,
      "stroke-dasharray": `${length} ${around - length}`, "stroke-dashoffset": around / 4 - before,
    });
    before += length;
    return ring;
  });
  return svg("svg", { viewBox: "0 0 100 100", class: "pie", role: "img", "aria-label": title }, rings);
}

function axes(found, title) {
  const categories = found.axis_config.categories;
  const rows = found.series.map((one) => {
    const values = Object.fromEntries(one.data.map((point) => [point.label, point.value]));
    return categories.map((name) => values[name]);
  });
  const most = Math.max(...rows.flat(), 0);
  const least = Math.min(...rows.flat(), 0);
  // On a phone the drawing is narrower, so that its letters stay as large.
  const all = NARROW.matches ? 320 : 420;
  const longest = Math.max(...categories.map((name) => name.length)) * LETTER;
  const slanted = longest > all / categories.length;
  const [foot, side] = slanted ? [FOOT + longest * 0.66, longest * 0.56] : [FOOT, 0];
  const width = all - side;
  const step = width / categories.length;
  const y = (value) => 8 + ((most - value) / (most - least || 1)) * (HEIGHT - 8);
  const draw = found.type === "bar" ? bars : lines;
  return svg(
    "svg",
    { viewBox: `${-side} 0 ${all} ${HEIGHT + foot}`, role: "img", "aria-label": title },
    svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "axis" }),
    rows.map((row, index) => draw(row, index, rows.length, step, y, found.type)),
    categories.map((name, index) => label(name, (index + 0.5) * step, slanted)),
  );
}

function label(name, x, slanted) {
  const place = slanted
    ? { transform: `translate(${x + 3} ${HEIGHT + 11}) rotate(-42)`, "text-anchor": "end" }
    : { x, y: HEIGHT + FOOT - 4, "text-anchor": "middle" };
  return svg("text", place, name);
}

function bars(row, index, count, step, y) {
  const width = (step * 0.7) / count;
  return row.map((value, column) =>
    svg("rect", {
      x: column * step + step * 0.15 + index * width, y: Math.min(y(value), y(0)),
      width: width * 0.92, height: Math.abs(y(0) - y(value)), rx: 2, class: `series-${index % 8}`,
    }),
  );
}

function lines(row, index, _count, step, y, kind) {
  const points = row.map((value, column) => `${(column + 0.5) * step},${y(value)}`).join(" ");
  const ends = `${(row.length - 0.5) * step},${y(0)} ${0.5 * step},${y(0)}`;
  const under = svg("polygon", { points: `${points} ${ends}`, class: `under series-${index % 8}` });
  return [kind === "area" && under, svg("polyline", { points, class: `stroke series-${index % 8}` })];
}

function numbers(found) {
  const one = (name, value) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "align-right" }, NUMBER.format(value)));
  if (found.segments) return h("table", {}, found.segments.map((segment) => one(segment.label, segment.value)));
  const rows = found.series.flatMap((series) =>
    series.data.map((point) => one(`${series.name} · ${point.label}`, point.value)),
  );
  return h("table", {}, rows);
}
