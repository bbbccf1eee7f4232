// Files that are chosen in a modal: each goes to the workspace at once, and with the submission to the app.

import { upload } from "./api.js";
import { h, notice, put } from "./dom.js";

const MOST = 10;

export function fileInput(block, element, ctx) {
  const most = element.max_files || MOST;
  const before = ctx.values?.[block.block_id]?.[element.action_id]?.files || [];
  // What is chosen and what is on its way outlive a new drawing of the field.
  let own = { picked: before.map(({ id, name }) => ({ id, name })), coming: 0, draw };
  const shown = h("ul", { class: "picked", "aria-label": "Chosen files" });
  const node = h("input", { type: "file", class: "typed", multiple: most > 1, accept: (element.filetypes || []).map((ending) => `.${ending}`).join(",") || null });

  function draw() {
    put(shown, own.picked.map((one) => h("li", {}, one.name, h("button", { type: "button", class: "icon", "aria-label": `Remove ${one.name}`, onclick: () => drop(one) }, "✕"))), own.coming > 0 && h("li", {}, "Uploading…"));
  }

  function drop(file) {
    own.picked = own.picked.filter((one) => one !== file);
    draw();
    node.focus();
  }

  async function send(file) {
    const held = own;
    held.coming += 1;
    held.draw();
    const query = { person: ctx.person, view: ctx.on.view, action: element.action_id, name: file.name };
    const kept = await upload(query, file).catch((error) => notice(error.message));
    held.coming -= 1;
    if (kept) held.picked = [...held.picked, kept];
    held.draw();
  }

  node.addEventListener("change", () => {
    const files = [...node.files];
    node.value = "";
    if (own.picked.length + own.coming + files.length > most) return notice(most === 1 ? "Only one file can be chosen: remove the other first." : `At most ${most} files can be chosen.`);
    files.forEach(send);
  });
  ctx.fields?.set(element.action_id, {
    read: () => own.picked.map((one) => one.id),
    busy: () => own.coming > 0,
    own: () => own,
    take: (old) => ((own = old.own()), (own.draw = draw), draw()),
  });
  draw();
  return h("div", { class: "external" }, shown, node);
}
