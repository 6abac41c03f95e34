// The panel: it draws what the kernel says and asks the kernel for the rest. `view` holds what was
// last said; every part has an element `root` and draws from `view`.

const REST = 200; // milliseconds without a move until ranges are asked for
const LIVE = ["drag", "line"]; // requests while a hand moves
const QUIET = ["rest", "view", "changes", "save", "compare"]; // those that change nothing

function render({ model, el }) {
  const setup = model.get("setup");
  const { words } = setup;
  const kernel = new Kernel(model, lost);
  const view = { name: "dots", state: null, lists: null, proofs: {}, dragged: null };
  let resting = null;

  function rested() {
    clearTimeout(resting);
    resting = setTimeout(() => (kernel.busy ? rested() : ask("rest")), REST);
  }

  function ask(kind, content) {
    kernel.ask(kind, { ...content, view: view.name });
    root.setAttribute("aria-busy", "true");
  }

  function act(kind, content) {
    ask(kind, content);
    rested();
  }

  const was = (x) => words.was.replace("{x}", x);
  const ui = { setup, words, view, act, was, busy: () => kernel.busy, redraw: draw };
  const [tools, grades, tree, plot] = [makeTools, makeGrades, makeTree, makePlot].map((f) => f(ui));
  const [flips, trials, taken] = [makeFlips, makeTrials, makeTaken].map((make) => make(ui));
  const status = element("div", { class: "qt-status" });
  const warning = element("div", { class: "qt-warning", role: "alert" });
  const spoken = element("div", { class: "qt-spoken", role: "status", "aria-live": "polite" });
  const root = element(
    "div",
    { class: "qt", lang: setup.language, role: "group", "aria-label": words.panel },
    tools.root,
    element("div", { class: "qt-says" }, status, warning),
    grades.root,
    element("div", { class: "qt-middle" }, tree.root, plot.root),
    element("div", { class: "qt-below" }, flips.root, trials.root, taken.root),
    spoken,
  );
  el.append(root);

  function lost() {
    write(warning, words.lost);
    root.setAttribute("aria-busy", "false");
  }

  function draw() {
    if (!view.state) return;
    write(status, view.state.status);
    for (const part of [tools, grades, tree, plot]) part.draw();
  }

  // What the kernel says, by kind
  const hear = {
    state(message) {
      const request = kernel.answered(message.seq);
      view.state = message;
      write(warning, message.warning);
      const { kind } = request || {};
      if (!QUIET.includes(kind) || (kind === "save" && message.warning)) taken.forget();
      root.classList.toggle("qt-stale", message.stale);
      draw();
      if (request) measured(request);
      if (!LIVE.includes(kind) || message.warning)
        write(spoken, `${message.status} ${message.warning}`);
      kernel.next();
      root.setAttribute("aria-busy", String(kernel.busy));
      if (view.name === "parts" && !message.parts && !kernel.busy) ask("view"); // another view's
    },
    lists(message) {
      view.lists = message;
      trials.draw();
      draw();
    },
    proving() {
      view.proofs = {};
      flips.draw();
      draw();
    },
    proof({ name, found, failed }) {
      if (failed) view.proofs.failed = failed;
      else view.proofs[name] = found;
      flips.draw();
      draw();
    },
    compared: trials.drawComparison,
    changes: taken.drawChanges,
    saved: taken.drawSaved,
  };
  const heard = (message) => hear[message.kind](message);

  // How long from the hand to the picture: to be read by performance.getEntriesByName
  function measured(request) {
    const painted = () =>
      performance.measure(`qtoolkit-tuning-${request.kind}`, {
        start: request.asked,
        end: performance.now(),
      });
    window.requestAnimationFrame(() => setTimeout(painted));
  }

  root.addEventListener("keydown", (event) => {
    const kind = isUndo(event);
    if (!kind || event.target.dataset.editing === "true") return;
    event.preventDefault();
    event.stopPropagation();
    act(kind);
  });

  const observer = new ResizeObserver(plot.draw);
  observer.observe(plot.root);
  model.on("msg:custom", heard);
  const release = keepKeys(root);
  act("hello");
  return () => {
    model.off("msg:custom", heard);
    observer.disconnect();
    release();
    clearTimeout(resting);
    kernel.end();
    root.remove();
  };
}

export default { render };
