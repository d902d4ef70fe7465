"use strict";
// Hover or tap shows a trial and marks it everywhere; headings sort; buttons copy.
const notes = JSON.parse(document.getElementById("notes").textContent);
const tip = document.getElementById("tip");
const ofTrial = new Map();
for (const mark of document.querySelectorAll("[data-trial]")) {
  const trial = mark.dataset.trial;
  if (!ofTrial.has(trial)) ofTrial.set(trial, []);
  ofTrial.get(trial).push(mark);
}
let shown = null;

function add(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  tip.append(made);
  return made;
}

function fill(note) {
  tip.replaceChildren();
  add("b", "", note.title);
  for (const line of note.lines) add("p", "", line);
  const words = note.words.join("\n");
  if (!note.drawing) return add("p", "words", words);
  const image = add("img", "drawing", "");
  image.src = note.drawing;
  image.alt = words;
}

// What the tooltip must not cover: a mark, or where the pointer is on something long.
function anchor(mark, event) {
  const gap = event.pointerType === "touch" ? 24 : 10;
  const box = mark.getBoundingClientRect();
  const small = Math.max(box.width, box.height) < 40;
  const [x, y] = small
    ? [box.x + box.width / 2, box.y + box.height / 2]
    : [event.clientX, event.clientY];
  const reach = gap + (small ? Math.max(box.width, box.height) / 2 : 4);
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach, x, y };
}

// Beside the mark where a side has space, else above or below it, cut to fit there.
function place(at) {
  const edge = 8;
  // Measured from the corner: elsewhere the window's edge would make it narrow.
  Object.assign(tip.style, { left: "0", top: "0", maxHeight: "", width: "" });
  const { width, height } = tip.getBoundingClientRect();
  const clamp = (low, value, high) => Math.max(low, Math.min(value, high));
  let left, top;
  if (at.right + width <= innerWidth - edge || at.left - width >= edge) {
    left = at.right + width <= innerWidth - edge ? at.right : at.left - width;
    top = clamp(edge, at.y - height / 2, innerHeight - edge - height);
  } else {
    left = clamp(edge, at.x - width / 2, innerWidth - edge - width);
    const above = at.top - edge, below = innerHeight - edge - at.bottom;
    const isAbove = above >= height || above > below;
    const tall = Math.min(height, isAbove ? above : below);
    tip.style.maxHeight = `${tall}px`;
    top = isAbove ? at.top - tall : at.bottom;
  }
  tip.style.width = `${Math.ceil(width)}px`;
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

function show(mark, event) {
  const trial = mark.dataset.trial;
  if (trial !== shown) {
    hide();
    if (!(trial in notes)) return;
    shown = trial;
    for (const mark of ofTrial.get(trial)) mark.classList.add("on");
    fill(notes[trial]);
    tip.hidden = false;
  }
  place(anchor(mark, event));
}

function hide() {
  if (shown === null) return;
  for (const mark of ofTrial.get(shown)) mark.classList.remove("on");
  tip.hidden = true;
  shown = null;
}

// A finger is thicker than a dot: the nearest mark within its reach counts.
function markAt(event) {
  const hit = event.target.closest?.("[data-trial]");
  if (hit || event.pointerType !== "touch") return hit;
  const chart = event.target.closest?.(".chart");
  let nearest = null, least = 24;
  for (const mark of chart?.querySelectorAll("[data-trial]") ?? []) {
    const box = mark.getBoundingClientRect();
    const dx = box.x + box.width / 2 - event.clientX;
    const dy = box.y + box.height / 2 - event.clientY;
    const distance = Math.hypot(dx, dy);
    if (distance < least) [nearest, least] = [mark, distance];
  }
  return nearest;
}

function follow(event) {
  const mark = markAt(event);
  if (mark) show(mark, event);
  else hide();
}
document.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "touch") follow(event);
});
document.addEventListener("pointerdown", follow);
addEventListener("scroll", hide, { passive: true, capture: true });
addEventListener("keydown", (event) => event.key === "Escape" && hide());

function key(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value;
  if (value !== undefined) return Number(value);
  return cell.className === "text" ? cell.textContent : null;
}

function sort(head) {
  const row = head.parentNode, body = row.closest("table").tBodies[0];
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of row.cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const keyed = Array.from(body.rows, (r) => [key(r, head.cellIndex), r]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // empty: last
    return (up ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0);
  });
  body.append(...keyed.map(([, r]) => r));
}
for (const button of document.querySelectorAll(".sortable th button")) {
  button.addEventListener("click", () => sort(button.parentNode));
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}
