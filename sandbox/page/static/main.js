// The page: who one is, where one is, and keeping what is shown in step with the workspace.

import { follow, get, post } from "./api.js";
import { blocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { h, notice } from "./dom.js";
import { Messages } from "./messages.js";
import { Modal } from "./modal.js";
import { Sidebar } from "./sidebar.js";
import { World } from "./world.js";

const at = (id) => document.getElementById(id);
const HOME = "home";
const WIDE = matchMedia("(min-width: 1100px)");

const here = { person: "U0LIN", place: "", thread: "" };
const unread = new Set();
let workspace = null;
let looks = 0;
let unfollow = () => {};

const messages = new Messages(at("messages"));
const replies = new Messages(at("replies"));
const modal = new Modal();
const sidebar = new Sidebar({ go, become });
const world = new World(at("levers"), () => !at("world").hidden);
const send = (thread) => async (text) => {
  try {
    const reply = await post("type", { person: here.person, channel: here.place, text, thread: thread() || null });
    if (reply.error === "unknown_command") notice("There is no such command here.");
    return true;
  } catch (error) {
    notice(error.message);
    return false;
  }
};
const composer = new Composer(at("compose"), "line", { send: send(() => ""), completes: () => workspace });
const replying = new Composer(at("compose-reply"), "reply-line", { send: send(() => here.thread), completes: () => null });

// Where one is stands in the address, so that a reload, a bookmark and a second window work.
function read() {
  const [, person, place, thread] = location.hash.split("/");
  Object.assign(here, { person: person || here.person, place: place || "", thread: thread || "" });
}

function write() {
  const wanted = `#/${[here.person, here.place, here.thread].filter(Boolean).join("/")}`;
  if (location.hash !== wanted) history.pushState(null, "", wanted);
}

async function become(person) {
  Object.assign(here, { person, thread: "" });
  unread.clear();
  await arrive();
}

function go(place) {
  Object.assign(here, { place, thread: "" });
  drawer(false);
  show();
}

function openThread(thread) {
  here.thread = thread;
  show().then(() => replying.focus());
}

function closeThread() {
  const from = here.thread;
  here.thread = "";
  show().then(() => (document.querySelector(`[data-ts="${CSS.escape(from)}"] .reply`) || at("line")).focus());
}

// As a person who was not here before: their rooms, their stream of changes.
async function arrive() {
  const found = await get("workspace", { person: here.person }).catch((error) => notice(error.message));
  if (!found) return;
  workspace = found;
  unfollow();
  unfollow = follow(here.person, {
    ready: () => ((at("lost").hidden = true), refresh()),
    changed: (change) => {
      if (change.channel && change.channel !== here.place) unread.add(change.channel);
      soon();
    },
    lost: () => (at("lost").hidden = false),
  });
  await show();
}

async function show() {
  const rooms = workspace.rooms.map((room) => room.id);
  if (![...rooms, workspace.direct, HOME].includes(here.place)) {
    const general = workspace.rooms.find((room) => room.name === "general");
    Object.assign(here, { place: general?.id || rooms[0] || workspace.direct, thread: "" });
  }
  unread.delete(here.place);
  write();
  if (here.place === HOME) post("home", { person: here.person }).catch((error) => notice(error.message));
  await refresh();
}

// Many changes in a moment are one look.
let waiting = null;
function soon() {
  waiting ??= setTimeout(() => ((waiting = null), refresh()), 30);
}

async function refresh() {
  const look = (looks += 1);
  const { person, place, thread } = here;
  const channel = place === HOME ? "" : place;
  const room = await get("room", { person, channel, thread }).catch((error) => notice(error.message));
  if (!room || look !== looks) return;
  draw(room);
}

function draw(room) {
  const self = workspace.people.find((one) => one.id === here.person);
  const { people, rooms } = workspace;
  const ctx = { person: here.person, people, rooms, lang: self.locale, refresh };
  const where = `${here.person}/${here.place}`;
  sidebar.show(workspace, here.person, here.place, unread);
  const place = heading();
  at("compose").hidden = here.place === HOME;
  if (here.place === HOME) drawHome(room.home, ctx);
  else {
    at("messages").classList.remove("home");
    messages.show(where, room.messages, ctx, { empty: welcome(place), openThread });
    composer.show(where, place.archived ? `${place.name} is archived` : `Message ${place.name}`, !place.archived);
  }
  at("thread").hidden = !here.thread;
  document.body.classList.toggle("threaded", Boolean(here.thread));
  replies.show(`${where}/${here.thread}`, room.thread, ctx);
  replying.show(`${where}/${here.thread}`, "Reply…");
  modal.show(room.modal, ctx);
}

function heading() {
  const room = workspace.rooms.find((one) => one.id === here.place);
  const place = room
    ? { name: `#${room.name}`, about: aboutRoom(room), archived: room.archived }
    : { name: workspace.app, about: here.place === HOME ? "App Home" : "Direct messages with the app" };
  at("title").textContent = place.name;
  at("topic").textContent = place.about;
  document.title = `${place.name} · ${workspace.team}`;
  return place;
}

function aboutRoom(room) {
  const facts = [
    room.private && "private",
    room.shared && "shared with another workspace",
    room.archived && "archived",
    !room.bot && `${workspace.app} is not in here`,
  ];
  return facts.filter(Boolean).join(" · ");
}

let homeDrawn = "";
function drawHome(home, ctx) {
  const wanted = JSON.stringify([here.person, home]);
  const place = at("messages");
  const stays = place.classList.contains("home");
  if (wanted === homeDrawn && stays) return;
  homeDrawn = wanted;
  // A room begins at its end, a home at its top.
  const top = stays ? place.scrollTop : 0;
  messages.show("home", [], ctx, { empty: h("div", { class: "surface", lang: ctx.lang }, home ? blocks(home.blocks, { ...ctx, on: { view: home.id }, values: home.values }) : h("p", {}, "The app has put nothing here yet.")) });
  place.classList.add("home");
  place.scrollTop = top;
}

// An empty room says what to try: the commands that need nothing more.
function welcome(place) {
  const simple = workspace.words.filter((word) => !/^[A-Z]/.test(word.usage)).slice(0, 4);
  const lines = simple.map((word) => `${workspace.command} ${word.name}`);
  const tryIt = (line) => () => (composer.write(line), composer.focus());
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "big" }, `This is ${place.name}.`),
    lines.length > 0 && h("p", {}, "Nothing has been said yet. Try one of these:"),
    h("div", { class: "row" }, lines.map((line) => h("button", { class: "chip", onclick: tryIt(line) }, line))),
  );
}

function drawer(open) {
  document.body.classList.toggle("drawn", open);
  at("menu").setAttribute("aria-expanded", String(open));
  if (open) at("person").focus();
}

function worldly(open) {
  at("world").hidden = !open;
  at("worldly").setAttribute("aria-expanded", String(open));
  if (open) world.look();
}

document.querySelector(".skip").addEventListener("click", (event) => (event.preventDefault(), composer.focus()));
at("menu").addEventListener("click", () => drawer(!document.body.classList.contains("drawn")));
at("worldly").addEventListener("click", () => {
  // A thread lies over the vendors' world.
  const covered = Boolean(here.thread);
  if (covered) closeThread();
  worldly(covered || at("world").hidden);
});
at("unworld").addEventListener("click", () => (worldly(false), at("worldly").focus()));
at("unthread").addEventListener("click", closeThread);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (document.body.classList.contains("drawn")) (drawer(false), at("menu").focus());
  else if (!WIDE.matches && !at("world").hidden) (worldly(false), at("worldly").focus());
  else if (here.thread) closeThread();
});
document.addEventListener("pointerdown", (event) => {
  if (document.body.classList.contains("drawn") && !event.target.closest("#sidebar, #menu")) drawer(false);
});
addEventListener("popstate", () => (read(), arrive()));
WIDE.addEventListener("change", () => worldly(WIDE.matches));

worldly(WIDE.matches);
read();
arrive();
