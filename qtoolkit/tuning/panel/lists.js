// Below the plot: the nearest flips, the trials, and what can be taken along.

function makeFlips({ words, view }) {
  const list = element("ul");
  const root = element(
    "section",
    { class: "qt-flips" },
    element("h4", { text: words.flips }),
    list,
  );

  function draw() {
    const { flips, failed } = view.proofs;
    const some = flips && flips.length ? flips : [words.no_flips];
    const lines = flips ? some : [failed || words.computing];
    list.replaceChildren(...lines.map((text) => element("li", { text })));
  }

  return { root, draw };
}

function makeTrials({ words, view, act }) {
  const rows = element("tbody");
  const first = element("select", { "aria-label": words.compare });
  const second = element("select", { "aria-label": words.with });
  let chosen = false; // whether somebody chose the second trial: otherwise it is the last
  second.addEventListener("change", () => (chosen = true));
  const compare = () =>
    act("compare", { first: Number(first.value), second: Number(second.value) });
  const found = element("table", { class: "qt-comparison" });
  const titles = ["", words.time, words.moved, words.effect, ""];
  const head = element("thead", {}, headings(titles));
  const root = element(
    "section",
    { class: "qt-trials" },
    element("h4", { text: words.trials }),
    element("div", { class: "qt-list" }, element("table", {}, head, rows)),
    element(
      "div",
      { class: "qt-line" },
      first,
      words.with,
      second,
      button(words.compare, compare, { class: "qt-compare" }),
    ),
    element("div", { class: "qt-list qt-tall" }, found),
  );

  function headings(texts) {
    return element("tr", {}, ...texts.map((text) => element("th", { scope: "col", text })));
  }

  function draw() {
    const zero = { number: 0, time: "", moved: words.written, effect: "" };
    const list = [{ ...zero, now: view.lists.at_written }, ...view.lists.trials];
    rows.replaceChildren(...list.map(rowOf).reverse());
    const last = list[list.length - 1].number;
    const wanted = [first.value || 0, chosen ? second.value : last];
    [first, second].forEach((select, i) => {
      select.replaceChildren(...list.map(optionOf));
      select.value = String(wanted[i]);
    });
  }

  function optionOf(trial) {
    const text = `${trial.number} ${clipped(trial.moved, 32)}`;
    return element("option", { value: trial.number, text });
  }

  function rowOf(trial) {
    const go = button(words.go, () => act("go", { trial: trial.number }), { disabled: trial.now });
    return element(
      "tr",
      { class: trial.now ? "qt-now" : "" },
      element("th", { scope: "row", text: trial.number }),
      ...[trial.time, trial.moved, trial.effect].map((text) => element("td", { text })),
      element("td", {}, go),
    );
  }

  function drawComparison({ rows: different, trials }) {
    found.replaceChildren();
    if (!trials.length) return;
    const lines = different.length ? different : [[words.alike, "", "", ""]];
    found.replaceChildren(
      element("thead", {}, headings(["", "", ...trials.map((n) => `${words.trial} ${n}`)])),
      element(
        "tbody",
        {},
        ...lines.map((cells) => element("tr", {}, ...cells.map((text) => element("td", { text })))),
      ),
    );
  }

  return { root, draw, drawComparison };
}

function makeTaken({ words, act }) {
  const changes = element("pre", { class: "qt-changes", hidden: true, tabindex: 0 });
  const saved = element("span", { class: "qt-saved", role: "status" });
  const file = element("input", {
    type: "text",
    value: "scheme-trial.yaml",
    "aria-label": words.file,
  });
  const root = element(
    "section",
    { class: "qt-take" },
    element(
      "div",
      { class: "qt-line" },
      button(words.as_changes, () => act("changes"), { class: "qt-write" }),
      file,
      button(words.as_scheme, () => act("save", { name: file.value }), { class: "qt-save" }),
      saved,
    ),
    changes,
  );

  function drawChanges({ text }) {
    changes.hidden = false;
    write(changes, text);
  }

  // What was said of an earlier choice is said no more
  function forget() {
    changes.hidden = true;
    write(saved, "");
  }

  return { root, drawChanges, drawSaved: ({ text }) => write(saved, text), forget };
}
