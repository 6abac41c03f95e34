// The tree: a slider, a box and a lock for each indicator, and where it can be moved alone.

const MANY_NODES = 60; // beyond so many, blocks below the first level are folded at first

function padlock() {
  const icon = shape("svg", {
    viewBox: "0 0 12 14",
    width: 11,
    height: 13,
    "aria-hidden": "true",
  });
  icon.append(
    shape("path", {
      class: "qt-bow",
      d: "M3,7V4a3,3 0 0 1 6,0V7",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.6,
    }),
    shape("rect", { x: 1.5, y: 6.5, width: 9, height: 6.5, rx: 1, fill: "currentColor" }),
  );
  return icon;
}

function makeTree({ setup, words, view, act, was, busy, redraw }) {
  const root = element("div", { class: "qt-tree" });
  const nodes = new Map(setup.nodes.map((node) => [node.id, node]));
  const isInner = (node) => !node.leaf && node.level > 0;
  const many = setup.nodes.length > MANY_NODES;
  const folded = new Set(setup.nodes.filter((n) => many && isInner(n)).map((n) => n.id));
  const rows = setup.nodes.map(makeRow);
  root.append(
    element(
      "div",
      { class: "qt-row qt-head" },
      element("span", { class: "qt-name", text: words.indicator }),
      element("span", { class: "qt-key", text: words.key, title: words.safe }),
      element("span", { text: words.points }),
    ),
    ...rows.map((row) => row.root),
  );
  fold();

  // Siblings share a scale, so that their sliders can be compared
  function scaleOf(node) {
    const siblings = setup.nodes.filter((other) => other.parent === node.parent);
    const most = Math.max(...siblings.map((other) => other.written));
    return Math.min(setup.total, Math.max(2, Math.ceil(most * 2)));
  }

  function makeRow(node) {
    let scale = scaleOf(node);
    const place = (x) => `calc(7px + (100% - 14px) * ${Math.min(Math.max(x / scale, 0), 1)})`;
    const name = element("span", { class: "qt-name", title: node.name });
    name.style.paddingLeft = `${node.level * 12}px`;
    if (!node.leaf) {
      name.append(
        button("", () => turn(node), {
          class: "qt-fold",
          "aria-label": `${words.fold} ${node.name}`,
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
    });
    const box = entry(
      {
        type: "number",
        step: "any",
        min: 0,
        "aria-label": `${node.name} ${words.points}`,
        "data-box": node.id,
      },
      (text) => {
        act("drag", { node: node.id, to: parseFloat(text) });
        act("release");
      },
      redraw,
    );
    const lock = button(
      "",
      () => act("lock", { node: node.id, on: lock.getAttribute("aria-pressed") !== "true" }),
      { class: "qt-lock", "aria-label": `${words.lock} ${node.name}`, title: words.lock },
    );
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
    slider.addEventListener("input", () =>
      drag(snapped(parseFloat(slider.value), view.state.step)),
    );
    slider.addEventListener("change", end);
    let typedTo = null; // where keys have moved it, until the kernel has answered them all
    slider.addEventListener("keydown", (event) => {
      const from = typedTo ?? view.state.points[node.id];
      const to = keyed(event, from, view.state.step, setup.total);
      if (to === null) return;
      typedTo = to;
      slider.value = to;
      drag(to);
    });
    slider.addEventListener("keyup", end);
    slider.addEventListener("blur", end);
    const settle = () => {
      if (!busy()) typedTo = null;
    };
    // points may grow beyond what the slider began with
    const reach = (points) => {
      if (points <= scale) return;
      scale = Math.ceil(points * 1.25);
      slider.max = scale;
      mark.style.left = place(node.written);
    };
    const delta = element("span", { class: "qt-delta" });
    const track = element("span", { class: "qt-track" }, safe, mark, slider);
    const line = element(
      "div",
      { class: `qt-row${node.leaf ? "" : " qt-block"}` },
      name,
      track,
      box,
      delta,
      lock,
    );
    return { node, root: line, slider, box, lock, safe, delta, place, reach, settle };
  }

  function turn(node) {
    if (!folded.delete(node.id)) folded.add(node.id);
    fold();
  }

  function fold() {
    for (const row of rows) {
      let hidden = false;
      for (let id = row.node.parent; id; id = nodes.get(id).parent) hidden ||= folded.has(id);
      row.root.hidden = hidden;
      if (!row.node.leaf) row.root.classList.toggle("qt-folded", folded.has(row.node.id));
    }
  }

  function draw() {
    const { points, locked } = view.state;
    const held = new Set(locked);
    for (const row of rows) {
      const { id, written } = row.node;
      let shut = held.has(id);
      for (let up = row.node.parent; up; up = nodes.get(up).parent) shut ||= held.has(up);
      row.reach(points[id]);
      row.settle();
      if (view.dragged !== id) row.slider.value = points[id];
      row.slider.disabled = row.box.disabled = shut;
      row.lock.disabled = shut && !held.has(id);
      row.lock.title = row.lock.disabled ? words.held_above : words.lock;
      row.slider.setAttribute("aria-valuetext", number(points[id]) + was(number(written)));
      show(row.box, typed(points[id]));
      const moved = points[id] - written;
      write(row.delta, Math.abs(moved) < 1e-9 ? "" : (moved > 0 ? "+" : "") + number(moved, 2));
      row.lock.setAttribute("aria-pressed", String(held.has(id)));
      const interval = (view.proofs.safe || {})[id];
      row.safe.hidden = !interval;
      if (interval) {
        // by half a thumb wider, so that a thumb that stands within it is seen to
        row.safe.style.left = `calc(${row.place(interval[0])} - 9px)`;
        row.safe.style.right = `calc(100% - ${row.place(interval[1])} - 9px)`;
        const [low, high] = interval.map((x) => number(x));
        row.slider.title = `${words.safe}${words.colon}${low}–${high}`;
      } else {
        row.slider.removeAttribute("title");
      }
    }
  }

  return { root, draw };
}
