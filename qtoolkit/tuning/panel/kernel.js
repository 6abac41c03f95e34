// Requests to the kernel: one in flight; of drags that wait, the last alone is kept.

const PATIENCE = 15000; // milliseconds until a request counts as lost

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
