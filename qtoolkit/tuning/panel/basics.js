// What all parts of the panel use: elements and shapes made and changed, texts and numbers.

const SVG = "http://www.w3.org/2000/svg";
const SHADES = 7; // colours of the style sheet, .qt-c0 to .qt-c6

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function shape(tag, attributes = {}) {
  const made = document.createElementNS(SVG, tag);
  set(made, attributes);
  return made;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const number = (x, digits = 10) => String(parseFloat(x.toFixed(digits))).replace("-", "−");
const typed = (x) => number(x).replace("−", "-"); // as a box for numbers takes it
const snapped = (x, step) => parseFloat((Math.round(x / step) * step).toFixed(10));
const shade = (i) => `qt-c${i % SHADES}`;
const part = (i) => shade(i + 4); // of parts of a score: others than the first grades'

// About how many pixels a text is wide; a Chinese character is as wide as two Latin letters
const wide = (text) => [...text].reduce((sum, c) => sum + (c.charCodeAt(0) > 0x2e7f ? 12.5 : 7), 0);

// A text no wider than so many Latin letters; a Chinese character is as wide as two
function clipped(text, most) {
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    width += text.charCodeAt(i) > 0x2e7f ? 2 : 1;
    if (width > most) return text.slice(0, i - 1) + "…";
  }
  return text;
}

const button = (text, onclick, attributes = {}) =>
  element("button", { type: "button", text, onclick, ...attributes });

// A box to type into; `commit` is called with what was typed, `draw` where it is no number
function entry(attributes, commit, draw) {
  const box = element("input", attributes);
  const end = () => {
    if (box.dataset.editing !== "true") return;
    box.dataset.editing = "false";
    if (attributes.type === "number" && !Number.isFinite(parseFloat(box.value))) draw();
    else commit(box.value);
  };
  box.addEventListener("input", () => (box.dataset.editing = "true"));
  box.addEventListener("change", end);
  box.addEventListener("blur", () => {
    // typed back to what it was: no change, and nothing to commit
    if (box.dataset.editing !== "true") return;
    box.dataset.editing = "false";
    draw();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.dataset.editing = "false";
      draw();
    } else if (event.key === "Enter") {
      end();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return box;
}

// Show a value in a box unless somebody is typing there
function show(box, text) {
  if (box.dataset.editing !== "true" && box.value !== text) box.value = text;
}

// The next multiple of a step from a number, up or down
function next(x, step, by) {
  const steps = x / step;
  const from = by > 0 ? Math.floor(steps + 1e-9) : Math.ceil(steps - 1e-9);
  return snapped((from + by) * step, step);
}

// Where a key moves a slider from `from`; null where the key is none of a slider's
function keyed(event, from, step, most) {
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const ends = { Home: 0, End: most };
  const { key } = event;
  if ((!(key in by) && !(key in ends)) || event.ctrlKey || event.metaKey) return null;
  event.preventDefault();
  event.stopPropagation();
  const to = key in ends ? ends[key] : next(from, step, by[key]);
  return Math.min(Math.max(to, 0), most);
}

const isUndo = (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return null;
  return key === "z" && !event.shiftKey ? "undo" : "redo";
};

// Within the panel keys are its own, where JupyterLab would take arrows, letters and Enter for
// commands of the notebook; with Ctrl they stay JupyterLab's, such as Ctrl+S. Returns what ends it.
function keepKeys(root) {
  const decide = (event) => {
    if (!root.contains(event.target)) return;
    const theirs = (event.ctrlKey || event.metaKey) && !isUndo(event);
    if (theirs) root.removeAttribute("data-lm-suppress-shortcuts");
    else root.setAttribute("data-lm-suppress-shortcuts", "true");
  };
  window.addEventListener("keydown", decide, true);
  return () => window.removeEventListener("keydown", decide, true);
}
