// The two rows at the top: who takes up points, steps back, views; cutoffs and quotas as numbers.

function makeTools({ setup, words, view, act }) {
  const root = element("div", { class: "qt-tools" });
  const buttons = {};
  for (const kind of ["undo", "redo", "reset"])
    buttons[kind] = button(words[kind], () => act(kind));
  const keep = element("select", { onchange: () => act("keep", { to: keep.value }) });
  for (const mode of setup.modes)
    keep.append(element("option", { value: mode, text: words[mode] }));
  const partners = element("optgroup", { label: words.indicator });
  for (const node of setup.nodes) {
    const text = "\u3000".repeat(node.level) + node.name;
    partners.append(element("option", { value: node.id, text }));
  }
  keep.append(partners);
  const step = element("select", { onchange: () => act("step", { to: parseFloat(step.value) }) });
  for (const size of setup.steps)
    step.append(element("option", { value: size, text: number(size) }));
  const names = element("input", {
    type: "checkbox",
    onchange: () => act("names", { on: names.checked }),
  });
  const tabs = {};
  const tablist = element("div", { class: "qt-tabs", role: "group", "aria-label": words.view });
  for (const name of ["dots", "parts", "slope"]) {
    tabs[name] = button(words[name], () => {
      view.name = name;
      act("view");
    });
    tablist.append(tabs[name]);
  }
  root.append(
    element("label", {}, words.keep, keep),
    element("label", {}, words.step, step),
    ...Object.values(buttons),
    element("label", {}, names, words.names),
    tablist,
  );
  if (setup.synthetic) root.append(element("span", { class: "qt-note", text: setup.synthetic }));

  function draw() {
    const { state } = view;
    buttons.undo.disabled = !state.undo;
    buttons.redo.disabled = !state.redo;
    keep.value = state.keep;
    step.value = String(state.step);
    names.checked = state.names;
    for (const [name, tab] of Object.entries(tabs))
      tab.setAttribute("aria-pressed", String(name === view.name));
  }

  return { root, draw };
}

function makeGrades({ setup, words, view, act, was, redraw }) {
  const root = element("div", { class: "qt-grades" });
  const rows = setup.grades.map((grade, i) => {
    const count = element("span", { class: "qt-count" });
    const mark = element("span", { class: `qt-swatch ${shade(i)}` });
    const row = element("div", { class: "qt-grade" }, mark, element("b", { text: grade.label }));
    root.append(row);
    const own = grade.classes.length ? words.own + grade.classes.join(words.comma) : "";
    if (i === setup.grades.length - 1) {
      row.append(count);
      return { count };
    }
    const named = (word) => ({ "aria-label": `${grade.label} ${word}` });
    const cutoff = grade.lined && entry(
      { type: "number", step: "any", ...named(words.cutoff) },
      (text) => {
        act("line", { grade: grade.id, to: parseFloat(text) });
        act("release");
      },
      redraw,
    );
    const quota = grade.placed && entry(
      { type: "text", placeholder: words.no_quota, ...named(words.quota) },
      (text) => act("quota", { grade: grade.id, to: text }),
      redraw,
    );
    row.append(
      cutoff ? element("label", {}, words.cutoff, cutoff) : element("span", { text: grade.how }),
      ...(quota ? [element("label", {}, words.quota, quota)] : []),
      count,
      element("span", { class: "qt-count", text: own }),
    );
    return { cutoff, quota, count };
  });

  const quotaText = (quota) =>
    quota == null ? "" : quota < 1 ? `${number(quota * 100)}%` : number(quota);

  function draw() {
    const { cutoffs, quotas, counts } = view.state;
    rows.forEach(({ cutoff, quota, count }, i) => {
      if (cutoff) show(cutoff, typed(cutoffs[i]));
      if (quota) show(quota, quotaText(quotas[i]));
      const [before, now] = [counts[0][i], counts[1][i]];
      write(count, `${words.units} ${now}` + (now === before ? "" : was(before)));
    });
  }

  return { root, draw };
}
