/** The live log: `[HH:MM:SS] message`, as in the terminal. */

import { button, copyText, icon, make, setAttribute, setText } from "./dom.js";

/** So many lines are kept in the page; the rest is in the log of the preview. */
const mostLines = 3000;

export class LogPanel {
  element;

  #lines = make("div", {
    class: "log-lines", role: "log", "aria-live": "off", tabindex: "0", "aria-label": "Setup Logs",
  });
  #empty = make("p", { class: "log-empty" }, "Waiting for setup to start...");
  #news = make("span", { class: "reason" });
  #pause = button("Pause", {
    iconName: "pause", kind: "quiet small", click: () => this.#togglePause(),
  });
  #count = 0;
  #waiting = [];
  #timer = null;
  #isPaused = false;

  constructor() {
    const levels = make(
      "select", { "aria-label": "Lines to show", change: () => this.#filter(levels.value) },
      make("option", { value: "all" }, "All lines"),
      make("option", { value: "problems" }, "Warnings and errors"));
    this.#lines.append(this.#empty);
    this.element = make(
      "details", { class: "card log", open: true },
      make("summary", {}, icon("chevron"), make("h3", {}, "Setup Logs")),
      make(
        "div", { class: "log-tools" }, levels, this.#pause,
        button("Copy", {
          iconName: "copy", kind: "quiet small", "aria-label": "Copy the log",
          click: () => this.#copy(),
        }),
        button("Clear", {
          iconName: "clear", kind: "quiet small", "aria-label": "Clear the log",
          click: () => this.clear(),
        }),
        this.#news),
      this.#lines);
  }

  /** Adds an event of the log; what is only for programs is left out. */
  add(event) {
    if (event.type === "run_begin" || event.type === "run_end") return;
    this.#waiting.push(event);
    if (this.#waiting.length > 2 * mostLines) this.#waiting.splice(0, mostLines);
    // Many lines at once are one change of the page. Unlike frames, timers go on in a hidden page.
    this.#timer ??= setTimeout(() => this.#flush(), 40);
  }

  /** Takes all lines away, here alone. */
  clear() {
    this.#waiting = [];
    this.#count = 0;
    this.#lines.replaceChildren(this.#empty);
    this.#tellNews();
  }

  #flush() {
    this.#timer = null;
    if (this.#isPaused) return this.#tellNews();
    const isAtEnd =
      this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 24;
    const lines = this.#waiting.splice(0).slice(-mostLines).map(lineElement);
    if (lines.length === 0) return;
    this.#empty.remove();
    this.#lines.append(...lines);
    this.#count += lines.length;
    for (; this.#count > mostLines; this.#count -= 1) this.#lines.firstElementChild.remove();
    if (isAtEnd) this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    setText(this.#pause.lastElementChild, this.#isPaused ? "Resume" : "Pause");
    this.#pause.firstElementChild.replaceWith(icon(this.#isPaused ? "play" : "pause"));
    setAttribute(this.#pause, "aria-pressed", this.#isPaused ? "true" : "false");
    this.#flush();
    this.#tellNews();
  }

  #tellNews() {
    const { length } = this.#waiting;
    const words = `Paused · ${length} new ${length === 1 ? "line" : "lines"}`;
    setText(this.#news, this.#isPaused ? words : "");
  }

  #filter(value) {
    setAttribute(this.#lines, "data-show", value);
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  async #copy() {
    const lines = [...this.#lines.querySelectorAll(".line")];
    const text = lines.map((line) => line.textContent).join("\n");
    setText(this.#news, (await copyText(text)) ? "Copied" : "Not copied");
    setTimeout(() => this.#tellNews(), 2000);
  }
}

/** The kinds of lines that are told apart beside their level. */
const kinds = {
  step_begin: "begin", output: "output", wait: "output", phase_begin: "phase", phase_end: "phase",
  repository_detected: "good", machine_allocated: "good", settings_configured: "good",
  repository_booted: "good",
};

function lineElement(event) {
  const kind = event.level === "info" ? kinds[event.type] ?? "info" : event.level;
  return make(
    "div", { class: `line ${kind}` },
    make("span", { class: "time" }, `[${clock(event.time)}] `), lineText(event));
}

function lineText({ level, type, message }) {
  if (level === "warning" && !message.startsWith("Warning")) return `Warning: ${message}`;
  return type === "output" || type === "wait" ? `  ${message}` : message;
}

function clock(text) {
  const time = new Date(text);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
}
