// The axis of the plot: flags of the cutoffs, which can be dragged, and titles of the columns.

const AXIS = 48; // its height: two lines of labels, flags, titles

function makeAxis({ setup, words, view, act, busy }) {
  const root = shape("svg", { height: AXIS });
  const guides = shape("g"); // lines down through the rows
  // a grade that goes by places or by natural breaks has no line to drag
  const lined = setup.grades.slice(0, -1).flatMap((grade, i) => (grade.lined ? [[grade, i]] : []));
  const handles = lined.map(([grade, i]) => makeHandle(grade, i));
  const titles = ["unit", "score", "grade", "margin", "tolerance"].map((name) => {
    const text = shape("text", { class: "qt-title", y: AXIS - 6 });
    root.append(text);
    return [name, text];
  });

  function makeHandle(grade, i) {
    const line = shape("line", { class: "qt-guide" });
    const group = shape("g", {
      class: "qt-handle",
      tabindex: 0,
      role: "slider",
      "aria-label": `${grade.label} ${words.cutoff}`,
      "data-grade": grade.id,
    });
    const text = shape("text", { "text-anchor": "middle" });
    group.append(
      shape("rect", { x: -11, y: AXIS - 22, width: 22, height: 22, fill: "transparent" }),
      shape("path", { class: `qt-fill ${shade(i)}`, d: `M0,${AXIS} l-6,-9 v-10 h12 v10 Z` }),
      text,
    );
    root.append(group);
    guides.append(line);
    const to = (score) => act("line", { grade: grade.id, to: snapped(score, view.state.step) });
    let moving = false;
    const end = () => {
      if (moving) act("release");
      moving = false;
    };
    let held = false;
    group.addEventListener("pointerdown", (event) => {
      held = true;
      group.setPointerCapture(event.pointerId);
      group.focus();
      event.preventDefault();
    });
    group.addEventListener("pointermove", (event) => {
      if (!held) return;
      moving = true;
      to(view.layout.score(event.clientX - root.getBoundingClientRect().left));
    });
    for (const kind of ["pointerup", "pointercancel"])
      group.addEventListener(kind, () => {
        held = false;
        end();
      });
    let typedTo = null; // where keys have moved it, until the kernel has answered them all
    group.addEventListener("keydown", (event) => {
      const from = typedTo ?? view.state.cutoffs[i];
      const score = keyed(event, from, view.state.step, setup.total);
      if (score === null) return;
      typedTo = score;
      moving = true;
      to(score);
    });
    group.addEventListener("keyup", end);
    group.addEventListener("blur", end);
    const settle = () => {
      if (!busy()) typedTo = null;
    };
    return { i, line, group, text, settle };
  }

  function draw(tall) {
    const { width } = view.layout;
    const visibility = view.name === "dots" ? "visible" : "hidden";
    set(root, { width });
    handles.forEach(({ i, line, group, text, settle }) => {
      settle();
      const cutoff = view.state.cutoffs[i];
      const x = view.layout.x(cutoff);
      set(line, { x1: x, x2: x, y1: 0, y2: tall, visibility });
      set(group, { transform: `translate(${x},0)`, visibility });
      const text_ = `${setup.grades[i].label} ${number(cutoff)}`;
      set(group, { "aria-valuenow": cutoff, "aria-valuemin": 0, "aria-valuemax": setup.total });
      set(group, { "aria-valuetext": text_ });
      write(text, text_);
    });
    spreadLabels();
    drawTitles();
  }

  // Labels of cutoffs that lie close to one another stand on two lines; where that is not enough,
  // the boxes above have the numbers
  function spreadLabels() {
    const ends = [Infinity, Infinity];
    handles.forEach(({ i, text }) => {
      const x = view.layout.x(view.state.cutoffs[i]);
      const half = text.getComputedTextLength() / 2 + 3;
      const line = ends.findIndex((end) => x + half < end);
      set(text, { y: 23 - 12 * Math.max(line, 0), display: line < 0 ? "none" : "inline" });
      if (line >= 0) ends[line] = x - half;
    });
  }

  function drawTitles() {
    const { columns, right } = view.layout;
    let x = right + 8;
    for (const [name, text] of titles) {
      if (name === "unit") {
        set(text, { x: 0 });
        write(text, words.unit);
        continue;
      }
      const width = columns[name];
      const atStart = name === "grade";
      set(text, { x: atStart ? x + 12 : x + width - 4, "text-anchor": atStart ? "start" : "end" });
      write(text, width ? words[name] : "");
      x += width;
    }
  }

  return { root, guides, draw };
}
