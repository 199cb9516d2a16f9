/** One of the four steps, as a person reads, starts and follows it. */

import { button, icon, make, setAttribute, setChildren, setText } from "./dom.js";
import { formatDuration } from "./machine-setup-service.js";
import { phaseStates, secondsText } from "./run-progress.js";
import {
  changeText, keyFacts, nextActions, notesOf, phaseList, resultRows,
} from "./step-results.js";
import { detailsOf } from "./steps.js";

/** The icon of each status and what it says to who does not see it. */
const marks = {
  pending: ["circle", "Not started"],
  running: ["loader", "In progress"],
  completed: ["check", "Completed"],
  error: ["alert", "Failed"],
  stale: ["stale", "Out of date"],
};

export class StepCard {
  /** The list item. */
  element;

  #step;
  #model;
  #parts;
  #shownStatus = null;

  constructor(step, model) {
    this.#step = step;
    this.#model = model;
    const id = `step-${step.number}`;
    this.#parts = {
      mark: make("span", { class: "mark" }),
      title: make("h3", { id: `${id}-title`, tabindex: "-1" }),
      pill: make("span", { class: "pill" }),
      description: make("p", { class: "description" }),
      subActions: make("ul", { class: "sub-actions" }),
      changes: make("div", {}),
      activity: make("div", {}),
      outcome: make("div", {}),
      actions: make("div", { class: "actions" }),
    };
    const { mark, title, pill, description, ...rest } = this.#parts;
    this.element = make(
      "li", { class: "step", id },
      mark,
      make(
        "article", { class: "card", "aria-labelledby": `${id}-title` },
        make("div", { class: "step-head" }, icon(step.icon), title, pill),
        description, ...Object.values(rest),
      ),
    );
  }

  /** Moves the focus to this step. */
  focus() {
    (this.element.querySelector(".button.primary") ?? this.#parts.title).focus();
  }

  /** Shows the model as it is. */
  update() {
    const { number } = this.#step;
    const status = this.#model.status(number);
    const hadFocus = this.element.contains(this.element.getRootNode().activeElement);
    setAttribute(this.element, "data-status", status);
    setAttribute(this.element, "data-ahead", number > this.#model.revealed);
    setAttribute(this.element, "aria-current", number === this.#model.revealed ? "step" : null);
    this.#updateHead(status);
    this.#updateChanges(status);
    this.#updateActivity(status);
    this.#updateOutcome(status);
    this.#updateActions();
    // A button that had the focus may be gone: the reader stays at this step.
    if (hadFocus && !this.element.contains(this.element.getRootNode().activeElement)) this.focus();
    this.#shownStatus = status;
  }

  /** Shows how long a run has taken by now. */
  tick() {
    const elapsed = this.element.querySelector(".elapsed");
    const { startedAt } = this.#model.progress.of(this.#step.number);
    if (elapsed) setText(elapsed, startedAt ? formatDuration(startedAt) : "0s");
  }

  #updateHead(status) {
    const planned = this.#model.planned(this.#step.number);
    const { mark, title, pill, description, subActions } = this.#parts;
    const { number } = this.#step;
    if (status !== this.#shownStatus) mark.replaceChildren(this.#mark(status));
    const words = planned?.title ?? this.#step.title;
    const { seconds } = this.#model.progress.of(number);
    const isOver = status === "completed" || status === "stale";
    const took = isOver && seconds != null ? ` · ${secondsText(seconds)}` : "";
    setChildren(title, [words, took], () => [
      make("span", { class: "number" }, `Step ${number}${took}`),
      make("span", { class: "hidden" }, ": "), words,
    ]);
    setText(pill, status);
    setText(description, planned?.description ?? this.#step.description);
    // Those of a step that is over stand among the details of its result.
    const actions = isOver ? [] : this.#subActions();
    setChildren(subActions, actions, () => actions.map((action) => make("li", {}, action)));
  }

  /** The icon of a status; a step that waits shows its number. */
  #mark(status) {
    if (status !== "pending") return icon(...marks[status]);
    return make("span", { role: "img", "aria-label": marks.pending[1] }, String(this.#step.number));
  }

  #subActions() {
    return this.#model.planned(this.#step.number)?.subActions ?? this.#step.subActions;
  }

  /** What the step would do, to be read before anything happens. */
  #updateChanges(status) {
    const { number } = this.#step;
    const planned = this.#model.planned(number);
    // They stay while the plan is worked out again. A retry runs what is there then.
    const isShown = number <= this.#model.revealed && !["running", "error"].includes(status) &&
      (this.#model.offer(number) !== null || this.#model.isPlanning);
    const changes = isShown ? planned?.changes ?? [] : [];
    setChildren(this.#parts.changes, changes.length > 0 ? [changes, planned.reason] : null, () =>
      changes.length === 0 ? null : make(
        "details", { class: "changes" },
        make("summary", {}, icon("chevron"), `What would change (${changes.length})`),
        make("p", { class: "reason" }, `Why: ${planned.reason}`),
        make("dl", { class: "rows" }, changes.map((change) => make(
          "div", {}, make("dt", {}, make("code", {}, change.field)),
          make("dd", {}, changeText(change)))))));
  }

  #updateActivity(status) {
    const { number } = this.#step;
    const run = this.#model.progress.of(number);
    const isRunning = status === "running";
    const phases = isRunning && number === 4 ? phaseStates(run.phases) : null;
    const key = isRunning ? [phases, run.waiting, this.#model.isCancelling] : null;
    setChildren(this.#parts.activity, key, () => !isRunning ? null : make(
      "div", { class: "activity" },
      make(
        "div", { class: "activity-line" },
        make(
          "span", { class: "badge" }, icon("loader"), "Executing… ",
          make("span", { class: "elapsed" }, "0s")),
        button(this.#model.isCancelling ? "Cancelling…" : "Cancel", {
          iconName: "stop", kind: "quiet small", click: () => this.#model.cancel(),
          "aria-label": `Cancel step ${number}`, disabled: this.#model.isCancelling,
        })),
      run.waiting ? make("p", { class: "reason" }, run.waiting) : null,
      phases ? phaseList(phases) : null));
    this.tick();
  }

  #updateOutcome(status) {
    const { number } = this.#step;
    const details = detailsOf(this.#model.session, number);
    const failure = status === "error" ? this.#model.failureOf(number) : null;
    const isResult = (status === "completed" || status === "stale") && details.description;
    const isOpen = number === this.#model.revealed && !this.#model.isComplete;
    const key = [failure, isResult ? [details, status, isOpen, this.#subActions()] : null];
    setChildren(this.#parts.outcome, key, () => {
      if (failure) return failureBox(failure);
      return isResult ? resultBox(number, details, status, isOpen, this.#subActions()) : null;
    });
  }

  #updateActions() {
    const model = this.#model;
    const { number } = this.#step;
    const offer = model.offer(number);
    const reason = offer ? this.#reason(offer) : null;
    const mayContinue = model.mayContinue(number);
    setChildren(this.#parts.actions, [offer, mayContinue, this.#mustWait, reason], () => [
      offer ? this.#runButton(offer) : null,
      mayContinue ? this.#continueButton() : null,
      reason ? make("span", { class: "reason" }, reason) : null,
    ]);
  }

  /** Whether what it offers cannot be done yet. */
  get #mustWait() {
    return this.#model.isPlanning || this.#model.blocker(this.#step.number) !== null;
  }

  /** What a person has to know before running it. */
  #reason(offer) {
    const model = this.#model;
    const { number } = this.#step;
    if (model.isPlanning) return "Looking at what it would do…";
    if (model.planProblem) return `What it would do cannot be told: ${model.planProblem.message}`;
    const first = model.blocker(number);
    if (first) return `Step ${first} has to run again first: ${model.planned(first).reason}`;
    return offer === "again" ? model.planned(number)?.reason ?? null : null;
  }

  #runButton(offer) {
    const { number } = this.#step;
    const words = {
      execute: `Execute Step ${number}`, retry: "Retry", again: `Run Step ${number} again`,
    };
    // It keeps the focus while the plan is worked out, so it is not taken out of reach.
    return button(words[offer], {
      iconName: offer === "execute" ? "play" : "refresh",
      kind: offer === "again" ? "quiet" : "primary",
      "aria-label": offer === "retry" ? `Retry step ${number}` : null,
      "aria-disabled": this.#mustWait ? "true" : null,
      click: () => this.#model.execute(number),
    });
  }

  #continueButton() {
    return button("Continue to Next Step", {
      iconName: "arrow", kind: "primary",
      click: () => {
        this.#model.reveal(this.#step.number + 1);
        this.element.nextElementSibling?.dispatchEvent(new Event("reveal"));
      },
    });
  }
}

function resultBox(number, details, status, isOpen, subActions) {
  const notes = notesOf(details);
  return make(
    "div", { class: "box result" },
    make("p", { class: "box-title" }, `✓ ${details.description}`),
    status === "stale"
      ? make("p", { class: "reason" }, "This no longer follows from what is set: run it again.") : null,
    make("p", { class: "facts" }, keyFacts(number, details).flatMap(
      (fact, index) => (index > 0 ? [" · ", fact] : [fact]))),
    number === 4 ? nextActions(details.nextActions) : null,
    number === 4 ? phaseList(phaseStates(details.phases ?? [])) : null,
    notes.length > 0
      ? make("ul", { class: "notes" }, notes.map((note) => make("li", {}, note))) : null,
    make(
      "details", { class: "changes", open: isOpen },
      make("summary", {}, icon("chevron"), "Details"),
      make("ul", { class: "sub-actions" }, subActions.map((action) => make("li", {}, action))),
      make("dl", { class: "rows" }, resultRows(number, details).map(
        ([label, value]) => make("div", {}, make("dt", {}, label), make("dd", {}, value))))),
  );
}

function failureBox({ message, fix, code, evidence, retry }) {
  return make(
    "div", { class: "box failure" },
    make("p", { class: "box-title" }, "✗ Error"),
    make("p", { class: "message" }, message, code ? make("code", { class: "code" }, code) : null),
    make("dl", { class: "rows" }, (evidence ?? []).map(({ label, text }) => make(
      "div", {}, make("dt", {}, label), make("dd", {}, make("pre", {}, text))))),
    fix ? make("p", { class: "fix" }, make("strong", {}, "Fix: "), fix) : null,
    retry ? make("p", { class: "reason" }, "In a terminal: ", make("code", {}, retry)) : null,
  );
}
