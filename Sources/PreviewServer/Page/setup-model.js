/**
 * One preview's set-up as a page shows it: the session, what each step would do, what the log tells,
 * and what can be done now. It holds nothing that a reload does not bring back.
 */

import { SetupError } from "./client.js";
import { EventStream } from "./event-stream.js";
import { RunProgress } from "./run-progress.js";
import { statusOf, steps } from "./steps.js";
import { isSetupComplete } from "./machine-setup-service.js";

/**
 * Tells its changes by events: `change` (something to show is another), `line` (a line of the log),
 * `complete`, `failure` (with `detail` as an error), `gone` (the preview was destroyed).
 */
export class SetupModel extends EventTarget {
  session = null;
  /** The plan of all steps; null while it is being worked out. */
  plan = null;
  /** Why there is no plan. */
  planProblem = null;
  /** The highest step that the person has come to. */
  revealed = 1;
  /** The step that this page has just asked for. */
  asked = null;
  /** What was refused last: a SetupError. */
  refusal = null;
  /** Whether the event stream is there; null before the first time. */
  isLive = null;
  isGone = false;
  isCancelling = false;
  progress = new RunProgress();

  #client;
  #stream = null;
  #planning = null;
  #shown = {};
  #plannedFor = null;
  #isBeingDestroyed = false;
  #isStopped = false;
  /** What was announced, so that it is announced once. */
  #inError = new Set();
  #wasComplete = false;

  constructor(client) {
    super();
    this.#client = client;
  }

  /** Loads a session, by its id or by create-or-get; runs nothing. */
  async load({ sessionId, ...wish }) {
    try {
      const answer = sessionId
        ? await this.#client.session(sessionId)
        : await this.#client.open(wish);
      if (this.#isStopped) return;
      this.#take(answer.session);
    } catch (error) {
      return this.#refuse(error);
    }
    this.#stream = new EventStream(this.#client, this.session.id, {
      event: (event) => this.#hear(event),
      session: (session) => this.#take(session),
      gone: () => this.#vanish(),
      connection: (isLive) => this.#set({ isLive }),
      refused: (error) => this.#refuse(error),
    });
    this.#stream.start();
  }

  /** Lets go of the server. A run that is under way goes on. */
  stop() {
    this.#isStopped = true;
    this.#planning?.abort();
    this.#stream?.stop();
  }

  // What there is

  /** The step that runs, in whichever window or terminal; null if none does. */
  get running() {
    const step = steps.find(({ number }) => statusOf(this.session, number) === "running");
    return step?.number ?? this.asked;
  }

  /** A step's status, `running` from the click on. */
  status(number) {
    return this.running === number ? "running" : statusOf(this.session, number);
  }

  /** What the plan says of a step; null while there is no plan. */
  planned(number) {
    return this.plan?.steps[number - 1] ?? null;
  }

  get isComplete() {
    return isSetupComplete(this.session?.completedSteps ?? []) &&
      this.session.overallStatus === "completed";
  }

  /** Whether a step may run: all before it are completed and none of them is stale. */
  mayRun(number) {
    return steps.every((step) =>
      step.number >= number || statusOf(this.session, step.number) === "completed");
  }

  /** What a step offers now: `execute`, `retry`, `again`, or null. */
  offer(number) {
    if (!this.session || this.isGone || this.running || !this.mayRun(number)) return null;
    switch (statusOf(this.session, number)) {
      case "error": return "retry";
      case "stale": return "execute";
      case "pending": return number <= this.revealed ? "execute" : null;
      default: return this.#isBehind(number) ? "again" : null;
    }
  }

  /** Whether a completed step's world has moved on, so that running it again would change something. */
  #isBehind(number) {
    return ["create", "update", "replace", "resume"].includes(this.planned(number)?.action);
  }

  /** The earlier step that would have to run again first; null if none does. */
  blocker(number) {
    return steps.find((step) => step.number < number && this.#isBehind(step.number))?.number ?? null;
  }

  /** Whether "Continue to Next Step" belongs to this step. */
  mayContinue(number) {
    return number < 4 && number === this.revealed && !this.running &&
      statusOf(this.session, number) === "completed";
  }

  // What can be done

  /** Goes on to the next step; runs nothing. */
  reveal(number) {
    this.#set({ revealed: number });
  }

  /** Runs a step as it was shown; a retry runs it as it is now, since what failed was changed. */
  async execute(number) {
    if (!this.session) throw new Error("Setup session not initialized");
    if (this.running || this.isPlanning || this.blocker(number)) return;
    const shown = this.offer(number) === "retry" ? null : this.#shown[number];
    this.#inError.delete(number);
    this.#plannedFor = null;
    this.#set({ asked: number, refusal: null });
    try {
      const { session } = await this.#client.run(this.session.id, number, shown);
      this.asked = null;
      this.#take(session);
    } catch (error) {
      this.asked = null;
      this.#hearFailure(number, error);
    }
  }

  async cancel() {
    this.#set({ isCancelling: true });
    try {
      this.#take((await this.#client.cancel(this.session.id)).session);
    } catch (error) {
      this.#refuse(error);
    }
    this.#set({ isCancelling: false });
  }

  /** Asks again for the session and for what each step would do. */
  async refresh() {
    try {
      this.#take((await this.#client.session(this.session.id)).session);
      this.#set({ refusal: null });
      this.#look();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Whether what the steps would do is being worked out. */
  get isPlanning() {
    return this.#planning !== null;
  }

  // What is told

  #set(values) {
    if (this.#isStopped) return;
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  #take(session) {
    const before = this.session;
    // Answers and events may overtake each other.
    if (this.#isStopped || (before && session.updatedAt < before.updatedAt)) return;
    this.session = session;
    const furthest = steps.findLast(({ number }) => statusOf(session, number) !== "pending");
    const reached = before ? furthest?.number ?? 1 : session.currentStep;
    this.#set({ revealed: Math.max(this.revealed, reached) });
    this.#announce(before === null);
    const recorded = JSON.stringify(session);
    if (this.running) this.#plannedFor = null;
    if (this.running || this.#isBeingDestroyed || recorded === this.#plannedFor) return;
    this.#plannedFor = recorded;
    this.#look();
  }

  #announce(isFirst) {
    for (const { number } of steps) {
      const isError = statusOf(this.session, number) === "error";
      if (isError && !this.#inError.has(number) && !isFirst) this.#fail(this.failureOf(number));
      if (isError) this.#inError.add(number);
      else this.#inError.delete(number);
    }
    if (this.isComplete && !this.#wasComplete && !isFirst) this.dispatchEvent(new Event("complete"));
    this.#wasComplete = this.isComplete;
  }

  /** Why a step is in error. */
  failureOf(number) {
    const told = this.progress.of(number).failure;
    if (told) return { step: number, ...told };
    return {
      step: number, title: "✗ Error", code: null, evidence: [],
      message: this.session.errorStep === number
        ? this.session.errorMessage : "The step did not come to its end",
      fix: "run it again: it goes on where it stopped",
    };
  }

  #hear(event) {
    if (event.type === "run_begin") this.#isBeingDestroyed = event.data?.command === "destroy";
    if (event.type === "run_end") this.#isBeingDestroyed = false;
    this.dispatchEvent(new CustomEvent("line", { detail: event }));
    if (this.progress.apply(event)) this.#set({});
  }

  #hearFailure(number, error) {
    if (error.status === 500 && error.stepResult?.status === "error") {
      this.progress.fail(number, {
        ...this.progress.of(number).failure,
        message: error.message, code: error.code, fix: error.fix, evidence: error.evidence,
      });
    } else if (error.session?.overallStatus !== "cancelled") {
      this.#refuse(error);
    }
    if (error.session) this.#take(error.session);
    // What was refused may be another thing than what was shown.
    if (!this.running) this.#look();
  }

  #refuse(error) {
    if (this.#isStopped) return;
    if (!(error instanceof SetupError)) throw error;
    this.#set({ refusal: error });
    this.#fail({
      step: null, message: error.message, code: error.code, fix: error.fix, status: error.status,
    });
  }

  #fail(detail) {
    this.dispatchEvent(new CustomEvent("failure", { detail }));
  }

  #vanish() {
    this.#planning?.abort();
    this.#set({ isGone: true });
    this.dispatchEvent(new Event("gone"));
  }

  /** Works out what each step would do, for what is recorded now. */
  async #look() {
    this.#planning?.abort();
    const planning = new AbortController();
    this.#planning = planning;
    this.#set({});
    const result = { plan: null, planProblem: null };
    try {
      const answer = await this.#client.plan(this.session.id, planning.signal);
      result.plan = answer.plan;
      this.#shown = answer.shown;
    } catch (error) {
      result.planProblem = error;
      this.#shown = {};
    }
    if (this.#planning !== planning || this.#isStopped) return;
    this.#planning = null;
    this.#set(result);
  }
}
