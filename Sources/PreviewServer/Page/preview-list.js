/** All previews of a person, with what can be done to each. */

import { button, externalLink, icon, make, setAttribute, setChildren, setText } from "./dom.js";
import { formatErrorMessage } from "./machine-setup-service.js";
import { overallWords } from "./steps.js";
import { localTime } from "./step-results.js";

/** So many are shown; the rest is in `preview list`. */
const mostShown = 50;
/** How often it is looked at while the page is seen, in milliseconds. */
const pause = 10_000;

export class PreviewList {
  #section;
  #client;
  #open;
  #sessions = [];
  #total = 0;
  /** The state of each machine by session, as far as it is known. */
  #machines = new Map();
  /** What is being done to which session. */
  #busy = new Map();
  #marked = null;
  #timer = null;
  #soon = null;
  #known = "";

  #rows = make("ul", { class: "previews" });
  #count = make("p", { class: "hint" });
  #problem = make("p", { class: "problem", role: "alert", hidden: true });
  #status = make("p", { class: "hidden", role: "status" });

  /** `open` is told the id of the session that a person wants to see. */
  constructor(section, client, { open }) {
    this.#section = section;
    this.#client = client;
    this.#open = open;
    section.append(
      make("div", { class: "panel-head" },
        make("h2", { id: "previews-title", tabindex: "-1" }, "My previews"),
        button("Refresh", {
          iconName: "refresh", kind: "small", "aria-label": "Refresh the list",
          click: () => this.refresh(),
        })),
      this.#status, this.#problem, this.#rows, this.#count);
  }

  start() {
    this.stop();
    this.refresh();
    this.#timer = setInterval(() => document.hidden || this.refresh(), pause);
  }

  stop() {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  /** Tells which one the page shows. */
  mark(id) {
    this.#marked = id;
    this.#draw();
  }

  /** What the page hears of the session that it shows. */
  note(session) {
    const news = JSON.stringify([session?.id, session?.updatedAt, session?.overallStatus]);
    if (news === this.#known) return;
    this.#known = news;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.refresh(), 300);
  }

  async refresh() {
    try {
      const { sessions, total } = await this.#client.sessions(mostShown);
      [this.#sessions, this.#total] = [sessions, total];
      this.#tell(null);
      this.#draw();
      await this.#lookAtMachines();
    } catch (error) {
      if (error.status !== 401) this.#tell(error);
    }
  }

  async #lookAtMachines() {
    for (const session of this.#sessions.filter(hasMachine)) {
      if (this.#busy.has(session.id)) continue;
      // A machine that cannot be looked at now is shown without its state.
      const answer = await this.#client.machine(session.id).catch(() => null);
      this.#machines.set(session.id, answer?.machine?.state ?? null);
      this.#draw();
    }
  }

  #draw() {
    setText(this.#count, this.#countWords());
    const shown = this.#sessions.map((session) => ({
      session, machine: this.#machines.get(session.id) ?? null,
      verb: this.#busy.get(session.id) ?? null, isMarked: session.id === this.#marked,
    }));
    const key = shown.map(({ session, ...rest }) => [session.id, session.updatedAt, rest]);
    setChildren(this.#rows, key, () => shown.map((row) => this.#row(row)));
  }

  #countWords() {
    if (this.#total === 0) return "There are none yet.";
    if (this.#total > this.#sessions.length) {
      return `The newest ${this.#sessions.length} of ${this.#total}; \`preview list\` shows all.`;
    }
    return "";
  }

  #row({ session, machine, verb, isMarked }) {
    const { id, projectId, githubBranch, flyAppName, overallStatus, progress, createdAt } = session;
    const name = githubBranch ? `${projectId} · ${githubBranch}` : projectId;
    return make(
      "li", { "aria-current": isMarked ? "true" : null },
      make(
        "div", { class: "preview-name" },
        make("button", {
          type: "button", class: "link", click: () => this.#open(id),
          "aria-label": `Show the steps of ${name}, ${flyAppName}`,
        }, name),
        make("span", { class: "hint" }, `${flyAppName} · ${localTime(createdAt)}`)),
      make(
        "div", { class: "preview-state" },
        make("span", { class: "pill", "data-status": overallStatus },
          `${overallWords[overallStatus]}${overallStatus === "completed" ? "" : ` · ${progress} %`}`),
        machine ? make("span", { class: "machine", "data-state": machine }, machine) : null),
      make("div", { class: "preview-actions" }, verb
        ? make("span", { class: "hint" }, `${verb}…`) : this.#actions(session, machine)));
  }

  #actions(session, machine) {
    const act = (word, iconName, run) => button(word, {
      iconName, kind: word === "Destroy" ? "small danger" : "small", click: run,
      "aria-label": `${word} ${session.flyAppName}`,
    });
    const change = (verb, words) => () =>
      this.#act(session, words, () => this.#client.changeMachine(session.id, verb));
    const isUp = ["running", "idle"].includes(machine);
    const canStart = hasBooted(session) && ["stopped", "crashed", "lost"].includes(machine);
    return [
      session.previewUrl && isUp
        ? externalLink(session.previewUrl, {
          class: "button small", "aria-label": `Open ${session.flyAppName}`,
        }, icon("open"), "Open") : null,
      canStart ? act("Start", "play", change("start", "Starting")) : null,
      isUp ? act("Stop", "stop", change("stop", "Stopping")) : null,
      act("Destroy", "trash", () => this.#confirm(session)),
    ];
  }

  /** Does something to a preview and shows meanwhile what. */
  async #act(session, words, run) {
    this.#busy.set(session.id, words);
    setText(this.#status, `${words} ${session.flyAppName}…`);
    this.#draw();
    let problem = null;
    try {
      await run();
    } catch (error) {
      problem = error;
    }
    this.#busy.delete(session.id);
    await this.refresh();
    this.#tell(problem, session);
    setText(this.#status, problem ? "" : `${session.flyAppName}: done`);
    this.#section.querySelector("h2").focus();
  }

  /** Destroying asks first and says what will be lost. */
  #confirm(session) {
    const { flyAppName, previewUrl } = session;
    const dialog = make(
      "dialog", { "aria-labelledby": "destroy-title", close: () => dialog.remove() },
      make(
        "form", { method: "dialog" },
        make("h2", { id: "destroy-title" }, `Destroy ${flyAppName}?`),
        make("p", {}, "Its app stops and everything that was made for it is taken away",
          previewUrl ? [": ", make("code", {}, previewUrl), " will not answer any more."] : "."),
        make(
          "div", { class: "dialog-actions" },
          make("button", { class: "button", value: "keep", autofocus: true }, "Keep it"),
          make("button", { class: "button danger solid", value: "destroy" }, icon("trash"), "Destroy"))));
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "destroy") return;
      this.#act(session, "Destroying", () => this.#client.destroy(session.id));
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  #tell(error, session) {
    const name = session ? `${session.flyAppName}: ` : "";
    const fix = error?.fix ? ` Fix: ${error.fix}` : "";
    setText(this.#problem, error ? name + formatErrorMessage(error) + fix : "");
    setAttribute(this.#problem, "hidden", !error);
  }
}

function hasMachine(session) {
  return session.completedSteps.includes(2);
}

function hasBooted(session) {
  return session.completedSteps.includes(4);
}
