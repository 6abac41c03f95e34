// The panel of qtoolkit.tuning: it draws what the kernel says and asks the kernel for the rest.
// One request is in flight at a time; while a hand moves, only the latest position is sent next.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 20; // height of a unit's row in pixels
const REST = 200; // milliseconds without a move until ranges are asked for
const SPARE = 4; // rows drawn beyond what is seen
const PATIENCE = 15000; // milliseconds until a request counts as lost
const AXIS = 48; // height of the axis: two lines of labels, flags, titles
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

// A text no wider than so many Latin letters; a Chinese character is as wide as two
function clipped(text, most) {
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    width += text.charCodeAt(i) > 0x2e7f ? 2 : 1;
    if (width > most) return text.slice(0, i - 1) + "…";
  }
  return text;
}

// Requests: one in flight; of drags that wait, the last alone.
class Kernel {
  constructor(model, lost) {
    this.model = model;
    this.lost = lost;
    this.queue = [];
    this.flying = null;
    this.seq = 0;
  }

  ask(kind, content = {}) {
    const live = kind === "drag" || kind === "line";
    const last = this.queue[this.queue.length - 1];
    const request = { kind, ...content, asked: performance.now() };
    if (live && last && last.kind === kind) {
      request.asked = last.asked;
      this.queue[this.queue.length - 1] = request;
    } else {
      this.queue.push(request);
    }
    this.next();
  }

  get busy() {
    return this.flying !== null || this.queue.length > 0;
  }

  next() {
    if (this.flying || !this.queue.length) return;
    this.flying = { ...this.queue.shift(), seq: ++this.seq };
    const { asked, ...content } = this.flying;
    this.model.send(content);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lost(), PATIENCE);
  }

  answered(seq) {
    if (!this.flying || seq !== this.flying.seq) return null;
    clearTimeout(this.timer);
    const answered = this.flying;
    this.flying = null;
    return answered;
  }

  end() {
    clearTimeout(this.timer);
  }
}

function render({ model, el }) {
  const setup = model.get("setup");
  const words = setup.words;
  const nodes = new Map(setup.nodes.map((node) => [node.id, node]));
  const kernel = new Kernel(model, () => warn(words.lost));
  const was = (x) => words.was.replace("{x}", x);
  const colon = setup.language === "zh" ? "：" : ": ";
  const view = { name: "dots", state: null, lists: null, proofs: {}, dragged: null, order: [] };
  let resting = null;

  // The frame
  const root = element("div", { class: "qt", lang: setup.language, role: "group" });
  root.setAttribute("aria-label", words.panel);
  const status = element("div", { class: "qt-status" });
  const spoken = element("div", { class: "qt-spoken", role: "status", "aria-live": "polite" });
  const warning = element("div", { class: "qt-warning", role: "alert" });
  const tools = element("div", { class: "qt-tools" });
  const grades = element("div", { class: "qt-grades" });
  const tree = element("div", { class: "qt-tree" });
  const plot = element("div", { class: "qt-plot" });
  const below = element("div", { class: "qt-below" });
  root.append(tools, element("div", { class: "qt-says" }, status, warning), grades);
  root.append(element("div", { class: "qt-middle" }, tree, plot), below, spoken);
  el.append(root);

  function warn(text) {
    write(warning, text || "");
  }

  function speak() {
    if (view.state) write(spoken, [view.state.status, warning.textContent].join(" "));
  }

  function rested() {
    clearTimeout(resting);
    resting = setTimeout(() => (kernel.busy ? rested() : kernel.ask("rest")), REST);
  }

  function act(kind, content) {
    kernel.ask(kind, content);
    rested();
  }

  // Tools
  const buttons = {};
  for (const kind of ["undo", "redo", "reset"]) {
    buttons[kind] = element("button", { type: "button", text: words[kind], onclick: () => act(kind) });
  }
  const keep = element("select", { onchange: () => act("keep", { to: keep.value }) });
  for (const mode of setup.modes) keep.append(element("option", { value: mode, text: words[mode] }));
  const partners = element("optgroup", { label: words.indicator });
  for (const node of setup.nodes) {
    const text = "　".repeat(node.level) + node.name;
    partners.append(element("option", { value: node.id, text }));
  }
  keep.append(partners);
  const step = element("select", { onchange: () => act("step", { to: parseFloat(step.value) }) });
  for (const size of setup.steps) step.append(element("option", { value: size, text: number(size) }));
  const names = element("input", {
    type: "checkbox",
    onchange: () => act("names", { on: names.checked }),
  });
  const tabs = {};
  const tablist = element("div", { class: "qt-tabs", role: "group", "aria-label": words.view });
  for (const name of ["dots", "parts", "slope"]) {
    tabs[name] = element("button", { type: "button", text: words[name], onclick: () => look(name) });
    tablist.append(tabs[name]);
  }
  tools.append(
    element("label", {}, words.keep, keep),
    element("label", {}, words.step, step),
    buttons.undo,
    buttons.redo,
    buttons.reset,
    element("label", {}, names, words.names),
    tablist,
  );
  if (setup.synthetic) tools.append(element("span", { class: "qt-note", text: setup.synthetic }));

  function look(name) {
    view.name = name;
    act("view", { view: name });
  }

  // Grades: cutoffs and quotas as numbers
  const boxes = setup.grades.map((grade, i) => {
    const last = i === setup.grades.length - 1;
    const count = element("span", { class: "qt-count" });
    const mark = element("span", { class: `qt-swatch ${shade(i)}` });
    const row = element("div", { class: "qt-grade" }, mark, element("b", { text: grade.label }));
    if (last) {
      row.append(count);
      grades.append(row);
      return { count };
    }
    const cutoff = entry({ type: "number", step: "any", "aria-label": `${grade.label} ${words.cutoff}` }, (text) => {
      act("line", { grade: grade.id, to: parseFloat(text) });
      act("release");
    });
    const quota = entry(
      { type: "text", inputmode: "decimal", placeholder: words.no_quota, "aria-label": `${grade.label} ${words.quota}` },
      (text) => act("quota", { grade: grade.id, to: text }),
    );
    row.append(
      element("label", {}, words.cutoff, cutoff),
      element("label", {}, words.quota, quota),
      count,
    );
    grades.append(row);
    return { cutoff, quota, count };
  });

  // A box to type into. Enter is handled here, as JupyterLab has a use of its own for it.
  function entry(attributes, commit) {
    const box = element("input", { ...attributes, "data-lm-suppress-shortcuts": "true" });
    const end = () => {
      if (box.dataset.editing !== "true") return;
      box.dataset.editing = "false";
      if (attributes.type === "number" && !Number.isFinite(parseFloat(box.value))) draw();
      else commit(box.value);
    };
    box.addEventListener("input", () => (box.dataset.editing = "true"));
    box.addEventListener("change", end);
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

  function show(box, text) {
    if (box.dataset.editing !== "true" && box.value !== text) box.value = text;
  }

  // The tree: a slider, a number and a lock for each indicator
  const folded = new Set(setup.nodes.length > 60 ? setup.nodes.filter((n) => !n.leaf && n.level > 0).map((n) => n.id) : []);
  const rows = setup.nodes.map(makeRow);
  tree.append(
    element(
      "div",
      { class: "qt-row qt-head" },
      element("span", { class: "qt-name", text: words.indicator }),
      element("span", { class: "qt-key", text: words.safe }),
      element("span", { text: words.points }),
    ),
    ...rows.map((row) => row.root),
  );

  // Siblings share a scale, so that their sliders can be compared
  function scaleOf(node) {
    const siblings = setup.nodes.filter((other) => other.parent === node.parent);
    const most = Math.max(...siblings.map((other) => other.written));
    return Math.min(setup.total, Math.max(2, Math.ceil(most * 2)));
  }

  function makeRow(node) {
    const scale = scaleOf(node);
    const place = (x) => `calc(7px + (100% - 14px) * ${Math.min(Math.max(x / scale, 0), 1)})`;
    const name = element("span", { class: "qt-name", title: node.name });
    name.style.paddingLeft = `${node.level * 12}px`;
    if (!node.leaf) {
      name.append(
        element("button", {
          type: "button",
          class: "qt-fold",
          "aria-label": `${words.fold} ${node.name}`,
          onclick: () => {
            if (!folded.delete(node.id)) folded.add(node.id);
            fold();
          },
        }),
      );
    }
    name.append(node.name);
    const safe = element("span", { class: "qt-safe" });
    const mark = element("span", { class: "qt-mark" });
    mark.style.left = place(node.written);
    const slider = element("input", {
      type: "range",
      min: 0,
      max: scale,
      step: "any",
      "aria-label": `${node.name} ${words.points}`,
      "data-node": node.id,
      "data-lm-suppress-shortcuts": "true",
    });
    const box = entry(
      { type: "number", step: "any", min: 0, "aria-label": `${node.name} ${words.points}`, "data-box": node.id },
      (text) => {
        act("drag", { node: node.id, to: parseFloat(text) });
        act("release");
      },
    );
    const lock = element("button", {
      type: "button",
      class: "qt-lock",
      "aria-label": `${words.lock} ${node.name}`,
      title: words.lock,
      onclick: () => act("lock", { node: node.id, on: lock.getAttribute("aria-pressed") !== "true" }),
    });
    lock.append(padlock());
    const drag = (to) => {
      view.dragged = node.id;
      act("drag", { node: node.id, to });
    };
    const end = () => {
      if (view.dragged !== node.id) return;
      view.dragged = null;
      act("release");
    };
    slider.addEventListener("input", () => drag(snapped(parseFloat(slider.value), view.state.step)));
    slider.addEventListener("change", end);
    slider.addEventListener("keydown", (event) => {
      const size = view.state.step;
      const by = {
        ArrowLeft: -size, ArrowDown: -size, ArrowRight: size, ArrowUp: size,
        PageDown: -10 * size, PageUp: 10 * size, Home: -scale, End: scale,
      }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      const to = Math.min(Math.max(snapped(parseFloat(slider.value) + by, size), 0), scale);
      slider.value = to;
      drag(to);
    });
    slider.addEventListener("keyup", end);
    slider.addEventListener("blur", end);
    const delta = element("span", { class: "qt-delta" });
    const track = element("span", { class: "qt-track" }, safe, mark, slider);
    const line = element("div", { class: `qt-row${node.leaf ? "" : " qt-block"}` }, name, track, box, delta, lock);
    return { node, root: line, slider, box, lock, safe, delta, place };
  }

  function padlock() {
    const icon = shape("svg", { viewBox: "0 0 12 14", width: 11, height: 13, "aria-hidden": "true" });
    icon.append(
      shape("path", { class: "qt-bow", d: "M3,7V4a3,3 0 0 1 6,0V7", fill: "none", stroke: "currentColor", "stroke-width": 1.6 }),
      shape("rect", { x: 1.5, y: 6.5, width: 9, height: 6.5, rx: 1, fill: "currentColor" }),
    );
    return icon;
  }

  function fold() {
    for (const row of rows) {
      let hidden = false;
      for (let id = row.node.parent; id; id = nodes.get(id).parent) hidden ||= folded.has(id);
      row.root.hidden = hidden;
      if (!row.node.leaf) row.root.classList.toggle("qt-folded", folded.has(row.node.id));
    }
  }

  function drawTree() {
    const { points, locked, undo, redo } = view.state;
    buttons.undo.disabled = !undo;
    buttons.redo.disabled = !redo;
    const held = new Set(locked);
    for (const row of rows) {
      const { id, written } = row.node;
      let shut = held.has(id);
      for (let up = row.node.parent; up; up = nodes.get(up).parent) shut ||= held.has(up);
      if (view.dragged !== id) row.slider.value = points[id];
      row.slider.disabled = row.box.disabled = shut;
      row.slider.setAttribute("aria-valuetext", number(points[id]) + was(number(written)));
      show(row.box, typed(points[id]));
      const moved = points[id] - written;
      write(row.delta, Math.abs(moved) < 1e-9 ? "" : (moved > 0 ? "+" : "") + number(moved, 2));
      row.lock.setAttribute("aria-pressed", String(held.has(id)));
      const interval = (view.proofs.safe || {})[id];
      row.safe.hidden = !interval;
      if (interval) {
        row.safe.style.left = row.place(interval[0]);
        row.safe.style.right = `calc(100% - ${row.place(interval[1])})`;
        row.slider.title = `${words.safe}${colon}${number(interval[0])}–${number(interval[1])}`;
      } else {
        row.slider.removeAttribute("title");
      }
    }
  }

  function drawGrades() {
    const { cutoffs, quotas, counts } = view.state;
    boxes.forEach(({ cutoff, quota, count }, i) => {
      if (cutoff) show(cutoff, typed(cutoffs[i]));
      if (quota) show(quota, quotaText(quotas[i]));
      const [before, now] = [counts[0][i], counts[1][i]];
      write(count, `${words.units} ${now}` + (now === before ? "" : was(before)));
    });
  }

  const quotaText = (quota) => (quota == null ? "" : quota < 1 ? `${number(quota * 100)}%` : number(quota));

  // The plot: rows of units in the order of their ranks; only those that are seen are drawn
  const head = element("div", { class: "qt-axis" });
  const scroll = element("div", { class: "qt-scroll" });
  const axis = shape("svg", { height: AXIS });
  const sheet = shape("svg", { role: "img" });
  sheet.setAttribute("aria-label", words.dots);
  const legend = element("div", { class: "qt-legend" });
  head.append(axis);
  scroll.append(sheet);
  plot.append(head, scroll, legend);
  const guides = shape("g");
  const body = shape("g");
  sheet.append(guides, body);
  const handles = setup.grades.slice(0, -1).map(makeHandle);
  const pool = [];
  scroll.addEventListener("scroll", () => window.requestAnimationFrame(drawPlot));

  function makeHandle(grade, i) {
    const line = shape("line", { class: "qt-guide" });
    const group = shape("g", {
      class: "qt-handle",
      tabindex: 0,
      role: "slider",
      "data-grade": grade.id,
      "data-lm-suppress-shortcuts": "true",
    });
    group.setAttribute("aria-label", `${grade.label} ${words.cutoff}`);
    const flag = shape("path", { class: `qt-fill ${shade(i)}`, d: `M0,${AXIS} l-6,-9 v-10 h12 v10 Z` });
    const text = shape("text", { "text-anchor": "middle" });
    const grip = shape("rect", { x: -11, y: AXIS - 22, width: 22, height: 22, fill: "transparent" });
    group.append(grip, flag, text);
    axis.append(group);
    guides.append(line);
    let held = false;
    const to = (event) => {
      const box = axis.getBoundingClientRect();
      const x = view.layout.score(event.clientX - box.left);
      kernel.ask("line", { grade: grade.id, to: snapped(x, view.state.step) });
      rested();
    };
    group.addEventListener("pointerdown", (event) => {
      held = true;
      group.setPointerCapture(event.pointerId);
      group.focus();
      event.preventDefault();
    });
    group.addEventListener("pointermove", (event) => held && to(event));
    const end = () => {
      if (held) act("release");
      held = false;
    };
    group.addEventListener("pointerup", end);
    group.addEventListener("pointercancel", end);
    let keyed = false;
    group.addEventListener("keydown", (event) => {
      const size = view.state.step;
      const by = { ArrowLeft: -size, ArrowDown: -size, ArrowRight: size, ArrowUp: size }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      keyed = true;
      act("line", { grade: grade.id, to: snapped(view.state.cutoffs[i] + by, size) });
    });
    const keyEnd = () => {
      if (keyed) act("release");
      keyed = false;
    };
    group.addEventListener("keyup", keyEnd);
    group.addEventListener("blur", keyEnd);
    return { line, group, text };
  }

  function layoutOf() {
    const { units, cutoffs } = view.state;
    const width = Math.max(plot.clientWidth - 14, 320);
    const wide = width > 560;
    const columns = wide ? { score: 52, grade: 104, margin: 96, tolerance: 78 } : { score: 46, grade: 84, margin: 0, tolerance: 0 };
    const left = view.names ? 150 : 92;
    const right = width - Object.values(columns).reduce((a, b) => a + b, 0) - 8;
    const all = [...units.scores, ...setup.written.scores, ...cutoffs.filter((x) => x > 0)];
    const lowest = Math.floor((Math.min(...all) - 2) / 5) * 5;
    const highest = Math.ceil((Math.max(...all) + 1) / 5) * 5;
    // the domain only ever widens, so that nothing jumps below a moving hand
    view.low = Math.min(view.low ?? lowest, lowest);
    view.high = Math.max(view.high ?? highest, highest);
    const unit = (right - left) / (view.high - view.low);
    return {
      width, left, right, columns,
      x: (score) => left + (score - view.low) * unit,
      score: (x) => view.low + (x - left) / unit,
    };
  }

  function drawPlot() {
    if (!view.state || !view.lists) return;
    const { units } = view.state;
    const n = units.scores.length;
    view.layout = layoutOf();
    const { width, left, right, columns } = view.layout;
    view.order = Array.from({ length: n }, (_, k) => k).sort(
      (a, b) => units.ranks[a] - units.ranks[b] || units.scores[b] - units.scores[a] || a - b,
    );
    const tall = n * ROW + 6;
    set(axis, { width });
    set(sheet, { width, height: tall });
    const slope = view.name === "slope";
    handles.forEach(({ line, group, text }, i) => {
      const x = view.layout.x(view.state.cutoffs[i]);
      const dots = view.name === "dots";
      set(line, { x1: x, x2: x, y1: 0, y2: tall, visibility: dots ? "visible" : "hidden" });
      set(group, { transform: `translate(${x},0)`, visibility: dots ? "visible" : "hidden" });
      set(group, { "aria-valuenow": view.state.cutoffs[i], "aria-valuemin": 0, "aria-valuemax": setup.total });
      write(text, `${setup.grades[i].label} ${number(view.state.cutoffs[i])}`);
    });
    spreadLabels();
    drawTitles(columns, right);
    const from = Math.max(Math.floor(scroll.scrollTop / ROW) - SPARE, 0);
    const to = Math.min(Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + SPARE, n);
    while (pool.length < to - from) pool.push(makeUnit());
    pool.forEach((row, i) => {
      const place = from + i;
      row.group.setAttribute("display", place < to ? "inline" : "none");
      if (place < to) drawUnit(row, view.order[place], place);
    });
    drawLinks(slope, left, right);
    drawLegend();
  }

  // Labels of cutoffs that lie close to one another stand on two lines; where that is not enough,
  // the boxes above have the numbers
  function spreadLabels() {
    const ends = [Infinity, Infinity];
    handles.forEach(({ text }, i) => {
      const x = view.layout.x(view.state.cutoffs[i]);
      const half = text.getComputedTextLength() / 2 + 3;
      const line = ends.findIndex((end) => x + half < end);
      set(text, { y: 23 - 12 * Math.max(line, 0), display: line < 0 ? "none" : "inline" });
      if (line >= 0) ends[line] = x - half;
    });
  }

  const titles = ["unit", "score", "grade", "margin", "tolerance"].map((name) => {
    const text = shape("text", { class: "qt-title", y: AXIS - 6 });
    axis.append(text);
    return [name, text];
  });

  function drawTitles(columns, right) {
    let x = right + 8;
    for (const [name, text] of titles) {
      if (name === "unit") {
        set(text, { x: 0 });
        write(text, words.unit);
        continue;
      }
      const width = columns[name];
      set(text, { x: name === "grade" ? x + 12 : x + width - 4, "text-anchor": name === "grade" ? "start" : "end" });
      write(text, width ? words[name] : "");
      x += width;
    }
  }

  function makeUnit() {
    const parts = {
      group: shape("g", { class: "qt-unit" }),
      back: shape("rect", { class: "qt-back", height: ROW, x: 0, y: 0 }),
      name: shape("text", { y: 14, x: 0 }),
      range: shape("rect", { class: "qt-range", y: 3, height: ROW - 6, rx: 2 }),
      own: shape("path", { class: "qt-own" }),
      ring: shape("circle", { class: "qt-ring", r: 5 }),
      dot: shape("circle", { class: "qt-dot", r: 3.5 }),
      bars: shape("g"),
      score: shape("text", { y: 14, "text-anchor": "end" }),
      grade: shape("text", { y: 14 }),
      margin: shape("text", { y: 14, "text-anchor": "end", class: "qt-small" }),
      tolerance: shape("text", { y: 14, "text-anchor": "end", class: "qt-small" }),
      title: shape("title"),
    };
    const { group, ...rest } = parts;
    group.append(...Object.values(rest));
    body.append(group);
    return parts;
  }

  function drawUnit(row, k, place) {
    const { units, held, ranges } = view.state;
    const { x, width, right, columns } = view.layout;
    const [score, grade] = [units.scores[k], units.grades[k]];
    const [oldScore, oldGrade] = [setup.written.scores[k], setup.written.grades[k]];
    const changed = grade !== oldGrade;
    const middle = ROW / 2;
    set(row.group, { transform: `translate(0,${place * ROW})`, class: `qt-unit${changed ? " qt-changed" : ""}` });
    set(row.back, { width });
    const label = view.lists.labels[k];
    write(row.name, `${units.ranks[k]}  ${clipped(label, view.names ? 19 : 9)}`);
    write(row.title, titleOf(k, label));
    const dots = view.name === "dots";
    const shown = dots ? "inline" : "none";
    set(row.ring, { cx: x(oldScore), cy: middle, class: `qt-ring ${shade(oldGrade)}`, display: shown });
    set(row.dot, { cx: x(score), cy: middle, class: `qt-fill ${shade(grade)}`, display: shown });
    const [low, high] = ranges ? [ranges[0][k], ranges[1][k]] : [score, score];
    set(row.range, { x: x(low), width: Math.max(x(high) - x(low), 0), class: `qt-range qt-fill ${shade(grade)}`, display: dots && ranges ? "inline" : "none" });
    drawOwn(row, k, dots);
    drawBars(row, k);
    let at = right + 8 + columns.score;
    set(row.score, { x: at - 4 });
    write(row.score, score.toFixed(2));
    set(row.grade, { x: at + 12 });
    const names = [setup.grades[oldGrade].label, setup.grades[grade].label];
    const why = held[k] ? ` ${words[`${held[k]}_mark`]}` : "";
    write(row.grade, (changed ? names.map((name) => name.replace(/级$/, "")).join("→") : names[1]) + why);
    at += columns.grade + columns.margin;
    set(row.margin, { x: at - 4 });
    write(row.margin, columns.margin ? marginText(k) : "");
    at += columns.tolerance;
    set(row.tolerance, { x: at - 4 });
    write(row.tolerance, columns.tolerance ? toleranceText(k) : "");
  }

  function titleOf(k, label) {
    const { units, ranges } = view.state;
    const range = ranges ? ` (±${number(setup.band * 100)}%: ${ranges[0][k].toFixed(2)}–${ranges[1][k].toFixed(2)})` : "";
    return `${label}  ${words.score} ${units.scores[k].toFixed(2)}${range}, ${words.written} ${setup.written.scores[k].toFixed(2)}`;
  }

  function marginText(k) {
    const { margins } = view.state;
    if (!margins) return "";
    const [up, down] = [margins[0][k], margins[1][k]];
    return `${up == null ? "" : `↑${up.toFixed(2)}`} ${down == null ? "" : `↓${down.toFixed(2)}`}`.trim();
  }

  function toleranceText(k) {
    const { tolerance } = view.proofs;
    if (view.failed) return "";
    if (!tolerance) return words.computing;
    const { tolerance: share, status: how } = tolerance[k];
    if (share == null) return words.none_kept;
    return `${how === "exact" ? "" : "≥"}±${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
  }

  // Cutoffs of a class of its own
  const own = new Map();
  for (const [k, place, cutoff] of setup.own) own.set(k, [...(own.get(k) || []), [place, cutoff]]);

  function drawOwn(row, k, dots) {
    const marks = dots ? own.get(k) || [] : [];
    set(row.own, { d: marks.map(([, cutoff]) => `M${view.layout.x(cutoff)},3V${ROW - 3}`).join("") });
  }

  function drawBars(row, k) {
    const { parts } = view.state;
    const wanted = view.name === "parts" && parts ? parts.values.length : 0;
    while (row.bars.childElementCount < wanted) row.bars.append(shape("rect", { y: 3, height: ROW - 6 }));
    const { left, right } = view.layout;
    const unit = (right - left) / setup.total;
    let at = left;
    [...row.bars.children].forEach((bar, i) => {
      set(bar, { display: i < wanted ? "inline" : "none" });
      if (i >= wanted) return;
      const width = Math.max(parts.values[i][k], 0) * unit;
      set(bar, { x: at, width, class: `qt-fill ${shade(i)}`, opacity: i < SHADES ? 1 : 0.6 });
      at += width;
    });
  }

  // Ranks: from where a unit stood by the written scheme to where it stands now
  const links = shape("path", { class: "qt-link" });
  const moves = shape("path", { class: "qt-link qt-move" });
  body.append(links, moves);

  function drawLinks(shown, left, right) {
    const [still, moving] = [[], []];
    if (shown) {
      const { units } = view.state;
      const places = new Map();
      const before = Array.from(view.order).sort((a, b) => setup.written.ranks[a] - setup.written.ranks[b] || a - b);
      before.forEach((k, place) => places.set(k, place));
      const from = left + 30;
      view.order.forEach((k, place) => {
        const path = `M${from},${places.get(k) * ROW + ROW / 2}L${right - 12},${place * ROW + ROW / 2}`;
        (setup.written.ranks[k] === units.ranks[k] ? still : moving).push(path);
      });
    }
    set(links, { d: still.join("") });
    set(moves, { d: moving.join("") });
  }

  function drawLegend() {
    const entries = [];
    if (view.name === "dots") {
      entries.push(["●", words.now], ["○", words.written], ["▬", `±${number(setup.band * 100)}% ${words.range}`]);
    } else if (view.name === "parts" && view.state.parts) {
      view.state.parts.names.forEach((name, i) => entries.push(["■", name, shade(i)]));
    } else if (view.name === "slope") {
      entries.push(["", `${words.written} → ${words.now}`]);
    }
    const text = JSON.stringify(entries);
    if (legend.dataset.text === text) return;
    legend.dataset.text = text;
    legend.replaceChildren(
      ...entries.map(([sign, name, colour = ""]) =>
        element("span", {}, element("span", { class: `qt-ink ${colour}`, text: sign }), ` ${name}`),
      ),
    );
  }

  // Below: nearest flips, trials, what can be taken along
  const flips = element("ul");
  const trials = element("tbody");
  const first = element("select", { "aria-label": words.compare });
  const second = element("select", { "aria-label": words.with });
  const compareButton = element("button", {
    type: "button",
    class: "qt-compare",
    text: words.compare,
    onclick: () => act("compare", { first: Number(first.value), second: Number(second.value) }),
  });
  const comparison = element("table", { class: "qt-comparison" });
  const taken = element("pre", { class: "qt-changes", hidden: true, tabindex: 0 });
  const file = element("input", { type: "text", value: "scheme-trial.yaml", "aria-label": words.file, "data-lm-suppress-shortcuts": "true" });
  const saved = element("span", { class: "qt-saved", role: "status" });
  const heading = (text) => element("h4", { text });
  const head2 = element("tr", {}, ...["", "time", "moved", "effect", ""].map((key) => element("th", { scope: "col", text: key ? words[key] : "" })));
  below.append(
    element("section", { class: "qt-flips" }, heading(words.flips), flips),
    element(
      "section",
      { class: "qt-trials" },
      heading(words.trials),
      element("div", { class: "qt-list" }, element("table", {}, element("thead", {}, head2), trials)),
      element("div", { class: "qt-line" }, first, words.with, second, compareButton),
      element("div", { class: "qt-list" }, comparison),
    ),
    element(
      "section",
      { class: "qt-take" },
      element(
        "div",
        { class: "qt-line" },
        element("button", { type: "button", class: "qt-write", text: words.as_changes, onclick: () => act("changes") }),
        file,
        element("button", { type: "button", class: "qt-save", text: words.as_scheme, onclick: () => act("save", { name: file.value }) }),
        saved,
      ),
      taken,
    ),
  );

  function drawLists() {
    const { trials: list, at_written: atWritten } = view.lists;
    const zero = { number: 0, time: "", moved: words.written, effect: "", changed: 0, now: atWritten };
    const chosen = [first.value, second.value];
    trials.replaceChildren(
      ...[zero, ...list].reverse().map((trial) =>
        element(
          "tr",
          { class: trial.now ? "qt-now" : "", "data-trial": trial.number },
          element("th", { scope: "row", text: trial.number }),
          element("td", { text: trial.time }),
          element("td", { text: trial.moved }),
          element("td", { text: trial.effect }),
          element("td", {}, element("button", { type: "button", text: words.go, disabled: trial.now, onclick: () => act("go", { trial: trial.number }) })),
        ),
      ),
    );
    [first, second].forEach((select, i) => {
      select.replaceChildren(...[zero, ...list].map((trial) => element("option", { value: trial.number, text: `${trial.number} ${clipped(trial.moved, 32)}` })));
      const last = String(list.length ? list[list.length - 1].number : 0);
      select.value = i === 0 ? chosen[0] || "0" : view.touched ? chosen[1] || last : last;
    });
    view.names = view.state ? view.state.names : false;
  }
  second.addEventListener("change", () => (view.touched = true));

  function drawFlips() {
    const found = view.failed ? [view.failed] : view.proofs.flips;
    const lines = found === undefined ? [words.computing] : found.length ? found : [words.no_flips];
    flips.replaceChildren(...lines.map((text) => element("li", { text })));
  }

  function drawComparison(found, numbers) {
    const titles = ["", "", ...numbers.map((trial) => `${words.trial} ${trial}`)];
    const head = element("tr", {}, ...titles.map((text) => element("th", { scope: "col", text })));
    comparison.replaceChildren(
      element("thead", {}, head),
      element(
        "tbody",
        {},
        ...(found.length ? found : [[words.alike, "", "", ""]]).map((cells) =>
          element("tr", {}, ...cells.map((text) => element("td", { text }))),
        ),
      ),
    );
  }

  function draw() {
    if (!view.state) return;
    write(status, view.state.status);
    keep.value = view.state.keep;
    step.value = String(view.state.step);
    names.checked = view.state.names;
    for (const [name, tab] of Object.entries(tabs)) tab.setAttribute("aria-pressed", String(name === view.name));
    drawTree();
    drawGrades();
    drawPlot();
  }

  // What the kernel says
  function heard(message) {
    if (message.kind === "state") {
      const request = kernel.answered(message.seq);
      view.state = message;
      view.names = message.names;
      warn(message.warning);
      draw();
      if (request) measured(request);
      if (!request || !["drag", "line"].includes(request.kind)) speak();
      kernel.next();
    } else if (message.kind === "lists") {
      view.lists = message;
      drawLists();
      draw();
    } else if (message.kind === "proving") {
      view.proofs = {};
      view.failed = "";
      drawFlips();
      draw();
    } else if (message.kind === "proof") {
      if (message.failed) view.failed = message.failed;
      else view.proofs[message.name] = message.found;
      drawFlips();
      draw();
    } else if (message.kind === "compared") {
      drawComparison(message.rows, message.trials);
    } else if (message.kind === "changes") {
      taken.hidden = false;
      write(taken, message.text);
    } else if (message.kind === "saved") {
      write(saved, message.text);
    }
  }

  // How long from the hand to the picture: to be read by performance.getEntriesByName
  function measured(request) {
    const painted = () =>
      performance.measure(`qtoolkit-tuning-${request.kind}`, { start: request.asked, end: performance.now() });
    window.requestAnimationFrame(() => setTimeout(painted));
  }

  root.addEventListener("keydown", (event) => {
    const plain = event.target.tagName === "INPUT" && event.target.type !== "range" && event.target.type !== "checkbox";
    if (plain || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const kind = key === "z" && !event.shiftKey ? "undo" : key === "y" || key === "z" ? "redo" : null;
    if (!kind) return;
    event.preventDefault();
    event.stopPropagation();
    act(kind);
  });

  const observer = new ResizeObserver(() => drawPlot());
  observer.observe(plot);
  model.on("msg:custom", heard);
  fold();
  kernel.ask("hello");
  rested();
  return () => {
    model.off("msg:custom", heard);
    observer.disconnect();
    clearTimeout(resting);
    kernel.end();
    root.remove();
  };
}

export default { render };
