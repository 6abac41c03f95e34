// The plot: units in the order of their ranks; only those that are seen are drawn.

const SPARE = 4; // rows drawn beyond what is seen

function makePlot(ui) {
  const { setup, words, view } = ui;
  const root = element("div", { class: "qt-plot" });
  const scroll = element("div", { class: "qt-scroll" });
  const sheet = shape("svg");
  const legend = element("div", { class: "qt-legend" });
  const axis = makeAxis(ui);
  const units = makeUnits(ui);
  const links = shape("path", { class: "qt-link" });
  const moves = shape("path", { class: "qt-link qt-move" });
  sheet.append(axis.guides, units.root, links, moves);
  scroll.append(sheet);
  root.append(element("div", { class: "qt-axis" }, axis.root), scroll, legend);
  scroll.addEventListener("scroll", () => window.requestAnimationFrame(draw));
  const domain = { low: Infinity, high: -Infinity };

  function layoutOf() {
    const { state } = view;
    const width = Math.max(root.clientWidth - 14, 320);
    const columns = { score: 50, grade: gradeWidth(), margin: 0, tolerance: 0 };
    const more = { margin: 92, tolerance: toleranceWidth() };
    // links between ranks need the room; so does a narrow window
    const isWide = width - RANK - 230 > columns.grade + more.margin + more.tolerance;
    if (view.name !== "slope" && isWide) Object.assign(columns, more);
    const left = RANK + (state.names ? 118 : 62);
    const right = width - Object.values(columns).reduce((a, b) => a + b, 0) - 8;
    // the domain only ever widens, so that nothing jumps below a moving hand
    const { scores } = setup.written;
    for (const some of [scores, state.units.scores, state.cutoffs.filter((x) => x > 0)])
      for (const score of some) {
        domain.low = Math.min(domain.low, Math.floor((score - 2) / 5) * 5);
        domain.high = Math.max(domain.high, Math.ceil((score + 1) / 5) * 5);
      }
    const unit = (right - left) / (domain.high - domain.low);
    return {
      width,
      left,
      right,
      columns,
      x: (score) => left + (score - domain.low) * unit,
      score: (x) => domain.low + (x - left) / unit,
    };
  }

  // Room for the longest change of a grade, with its reason, that there is
  function gradeWidth() {
    const kinds = new Set(view.state.units.grades.map((_, k) => units.gradeOf(k)));
    return 16 + Math.max(48, ...[...kinds].map(wide));
  }

  function toleranceWidth() {
    const { tolerance } = view.proofs;
    return 20 + Math.max(60, ...(tolerance || []).map((text) => wide(text) * 0.9));
  }

  function inOrder({ ranks, scores }) {
    const all = Array.from(ranks, (_, k) => k);
    return all.sort((a, b) => ranks[a] - ranks[b] || scores[b] - scores[a] || a - b);
  }

  function draw() {
    if (!view.state || !view.lists) return;
    view.layout = layoutOf();
    view.order = inOrder(view.state.units);
    view.before = inOrder(setup.written);
    const n = view.order.length;
    const tall = n * ROW + 6;
    set(sheet, { width: view.layout.width, height: tall });
    axis.draw(tall);
    const from = Math.max(Math.floor(scroll.scrollTop / ROW) - SPARE, 0);
    const to = Math.min(Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + SPARE, n);
    units.draw(from, to);
    drawLinks();
    drawLegend();
  }

  // Ranks: from where a unit stood by the written scheme to where it stands now
  function drawLinks() {
    const [still, moving] = [[], []];
    if (view.name === "slope") {
      const places = new Map(view.before.map((k, place) => [k, place]));
      const gap = view.layout.left - RANK + 24; // room for a rank and a name at the right
      const [start, end] = [view.layout.left + 6, view.layout.right - gap];
      const middle = (place) => place * ROW + ROW / 2;
      view.order.forEach((k, place) => {
        const same = setup.written.ranks[k] === view.state.units.ranks[k];
        const path = `M${start},${middle(places.get(k))}L${end},${middle(place)}`;
        (same ? still : moving).push(path);
      });
    }
    set(links, { d: still.join("") });
    set(moves, { d: moving.join("") });
  }

  function drawLegend() {
    const entries = {
      dots: [
        ["●", words.now],
        ["○", words.written],
        ["▬", `±${number(setup.band * 100)}% ${words.range}`],
        ...(setup.own.length ? [["|", words.own_mark]] : []),
      ],
      parts: (view.state.parts?.names || []).map((name, i) => ["■", name, part(i)]),
      slope: [["", `${words.written} → ${words.now}`]],
    }[view.name];
    const text = JSON.stringify(entries);
    if (legend.dataset.text === text) return;
    legend.dataset.text = text;
    legend.replaceChildren(
      ...entries.map(([sign, name, colour = ""]) =>
        element("span", {}, element("span", { class: `qt-ink ${colour}`, text: sign }), ` ${name}`),
      ),
    );
  }

  return { root, draw };
}
