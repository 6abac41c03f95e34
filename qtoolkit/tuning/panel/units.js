// A unit's row in the plot: name, mark of its score or parts of it, and columns of text.

const ROW = 20; // its height
const RANK = 30; // where its name begins, behind its rank

function makeUnits({ setup, words, view }) {
  const root = shape("g", { role: "list", "aria-label": words.unit });
  const pool = [];

  // Cutoffs of a class of its own
  const own = new Map();
  for (const [k, cutoff] of setup.own) own.set(k, [...(own.get(k) || []), cutoff]);

  function make() {
    const parts = {
      back: shape("rect", { class: "qt-back", height: ROW }),
      rank: shape("text", { y: 14, x: RANK - 6, "text-anchor": "end" }),
      name: shape("text", { y: 14, x: RANK, class: "qt-called" }),
      end: shape("text", { y: 14, "text-anchor": "end" }),
      range: shape("rect", { y: 3, height: ROW - 6, rx: 2 }),
      own: shape("path", { class: "qt-own" }),
      ring: shape("circle", { r: 5, cy: ROW / 2 }),
      dot: shape("circle", { r: 3.5, cy: ROW / 2 }),
      bars: shape("g"),
      score: shape("text", { y: 14, "text-anchor": "end" }),
      grade: shape("text", { y: 14, class: "qt-graded" }),
      margin: shape("text", { y: 14, "text-anchor": "end", class: "qt-small" }),
      tolerance: shape("text", { y: 14, "text-anchor": "end", class: "qt-small qt-proved" }),
      title: shape("title"),
    };
    const group = shape("g", { role: "listitem" });
    group.append(...Object.values(parts));
    root.append(group);
    return { group, ...parts };
  }

  // Draw the units of these places, and hide the rows that are left over
  function draw(from, to) {
    while (pool.length < to - from) pool.push(make());
    pool.forEach((row, i) => {
      const place = from + i;
      row.group.setAttribute("display", place < to ? "inline" : "none");
      if (place < to) drawUnit(row, view.order[place], place);
    });
  }

  function drawUnit(row, k, place) {
    const changed = view.state.units.grades[k] !== setup.written.grades[k];
    set(row.group, {
      transform: `translate(0,${place * ROW})`,
      class: `qt-unit${changed ? " qt-changed" : ""}`,
    });
    set(row.back, { width: view.layout.width });
    drawNames(row, k, place);
    write(row.title, titleOf(k));
    row.group.setAttribute("aria-label", row.title.textContent);
    drawDots(row, k);
    drawBars(row, k);
    drawColumns(row, k);
  }

  // At the left the unit; where ranks are linked, the one that stood here by the written scheme,
  // and at the right the one that stands here now
  function drawNames(row, k, place) {
    const linked = view.name === "slope";
    const first = linked ? view.before[place] : k;
    const nameOf = (unit) => clipped(view.lists.labels[unit], view.state.names ? 16 : 8);
    write(row.rank, String((linked ? setup.written : view.state.units).ranks[first]));
    write(row.name, nameOf(first));
    set(row.end, { x: view.layout.right - 4, display: linked ? "inline" : "none" });
    write(row.end, `${view.state.units.ranks[k]}  ${nameOf(k)}`);
  }

  // All of a unit in words: for who points at it, and for who cannot see it
  function titleOf(k) {
    const { texts, units } = view.state;
    const label = view.lists.labels[k];
    const range = texts.ranges
      ? ` (±${number(setup.band * 100)}%${words.colon}${texts.ranges[k]})`
      : "";
    const label_ = (i) => setup.grades[i].label;
    return [
      `${label}${words.colon}${words.rank} ${units.ranks[k]}`,
      `${words.score} ${texts.scores[k]}${range}`,
      `${words.grade} ${label_(units.grades[k])}${held(k)}`,
      `${words.written} ${setup.written.texts[k]} ${label_(setup.written.grades[k])}`,
      marginOf(k) ? `${words.margin} ${marginOf(k)}` : "",
      `${words.tolerance} ${toleranceOf(k)}`,
    ]
      .filter((text) => text)
      .join(words.comma);
  }

  // What made a unit's grade worse than its score
  function held(k) {
    const by = view.state.held[k];
    return by ? ` ${words[`${by}_mark`]}` : "";
  }

  // A unit's grade, "B→C" where it changes
  function gradeOf(k) {
    const [old, now] = [setup.written.grades[k], view.state.units.grades[k]];
    const [before, after] = [setup.grades[old], setup.grades[now]];
    return (old === now ? after.label : `${before.short}→${after.short}`) + held(k);
  }

  function drawDots(row, k) {
    const { units, ranges } = view.state;
    const { x } = view.layout;
    const display = view.name === "dots" ? "inline" : "none";
    const [low, high] = ranges ? [ranges[0][k], ranges[1][k]] : [0, 0];
    const now = shade(units.grades[k]);
    set(row.ring, {
      cx: x(setup.written.scores[k]),
      class: `qt-ring ${shade(setup.written.grades[k])}`,
      display,
    });
    set(row.dot, { cx: x(units.scores[k]), class: `qt-fill ${now}`, display });
    set(row.range, {
      x: x(low),
      width: Math.max(x(high) - x(low), 0),
      class: `qt-range qt-fill ${now}`,
      display: ranges ? display : "none",
    });
    const marks = (own.get(k) || []).map((cutoff) => `M${x(cutoff)},3V${ROW - 3}`);
    set(row.own, { d: marks.join(""), display });
  }

  function drawBars(row, k) {
    const { parts } = view.state;
    const wanted = view.name === "parts" && parts ? parts.values.length : 0;
    while (row.bars.childElementCount < wanted)
      row.bars.append(shape("rect", { y: 3, height: ROW - 6 }));
    const { left, right } = view.layout;
    const unit = (right - left) / setup.total;
    let at = left;
    [...row.bars.children].forEach((bar, i) => {
      set(bar, { display: i < wanted ? "inline" : "none" });
      if (i >= wanted) return;
      const width = Math.max(parts.values[i][k], 0) * unit;
      set(bar, { x: at, width, class: `qt-fill ${part(i)}`, opacity: i < SHADES ? 1 : 0.6 });
      at += width;
    });
  }

  function drawColumns(row, k) {
    const { texts } = view.state;
    const { right, columns } = view.layout;
    let at = right + 8 + columns.score;
    set(row.score, { x: at - 4 });
    write(row.score, texts.scores[k]);
    set(row.grade, { x: at + 12 });
    write(row.grade, gradeOf(k));
    at += columns.grade + columns.margin;
    set(row.margin, { x: at - 4 });
    write(row.margin, columns.margin ? marginOf(k) : "");
    at += columns.tolerance;
    set(row.tolerance, { x: at - 4 });
    write(row.tolerance, columns.tolerance ? toleranceOf(k) : "");
  }

  // Of many units margins are worked out in the background
  function marginOf(k) {
    const { margins } = view.state.texts;
    if (margins) return margins[k];
    return view.state.stale ? "" : (view.proofs.margins || [])[k] || "";
  }

  function toleranceOf(k) {
    const { tolerance, failed } = view.proofs;
    return tolerance ? tolerance[k] : failed ? "" : words.computing;
  }

  return { root, draw, gradeOf };
}
