// Requests to the kernel: one in flight; of drags that wait, the last alone is kept.

const PATIENCE = 15000; // milliseconds until a request counts as lost

class Kernel {
  constructor(model, lost) {
    this.model = model;
    this.lost = lost;
    this.queue = [];
    this.flying = null;
    this.seq = 0;
    this.name = Math.random().toString(36).slice(2); // of this view: a panel may be shown twice
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
    this.seq += 1;
    this.flying = { ...this.queue.shift(), seq: `${this.name}-${this.seq}` };
    const { asked, ...content } = this.flying;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drop(), PATIENCE);
    try {
      this.model.send(content);
    } catch {
      this.drop(); // the kernel that this panel belongs to is gone
    }
  }

  // Nobody answers: say so, and keep nothing that would be sent much later
  drop() {
    clearTimeout(this.timer);
    this.flying = null;
    this.queue = [];
    this.lost();
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
