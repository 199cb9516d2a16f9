/**
 * `<incremental-machine-setup>`: the four steps of one preview, for any page.
 *
 * Attributes: `project-id`, `github-repo`, `github-branch` (default main), or `session-id` for a
 * session that is known; `server` (default: where this module came from) and `access-token`, which
 * can also be set as the property `accessToken`, for pages of another origin.
 *
 * Events, all of which bubble: `setupcomplete` with `{ session, appName, previewUrl }`, `setuperror`
 * with `{ message, step, code, fix, status, session }`, `setupchange` with `{ session }`,
 * `setupgone` with `{ session }` when the preview was destroyed.
 *
 * Its looks follow the custom properties that theme.css begins with.
 */

import { SetupClient } from "./client.js";
import { make, setAttribute, setChildren, setText } from "./dom.js";
import { LogPanel } from "./log-panel.js";
import { CompletionCard, SessionHeading, SessionInfo } from "./session-panel.js";
import { SetupModel } from "./setup-model.js";
import { StepCard } from "./step-card.js";
import { steps } from "./steps.js";

/** Style sheets that a script makes are no matter of a page's Content-Security-Policy. */
const styles = await Promise.all(["theme.css", "setup.css"].map(styleSheet));

async function styleSheet(name) {
  const response = await fetch(new URL(name, import.meta.url));
  return new CSSStyleSheet().replace(await response.text());
}

export class IncrementalMachineSetup extends HTMLElement {
  static observedAttributes = [
    "project-id", "github-repo", "github-branch", "session-id", "server", "access-token",
  ];

  #model = null;
  #parts = [];
  #cards = [];
  #alert;
  #status;
  #timer = null;
  #isReloading = false;
  #isDrawing = false;
  #accessToken = null;
  #said = "";

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = styles;
  }

  /** The session that is shown, null before there is one. */
  get session() {
    return this.#model?.session ?? null;
  }

  get accessToken() {
    return this.#accessToken ?? this.getAttribute("access-token");
  }

  set accessToken(token) {
    this.#accessToken = token;
    this.#reloadSoon();
  }

  /** Runs a step as its button would. */
  async execute(number) {
    if (!this.#model) throw new Error("Setup session not initialized");
    return this.#model.execute(number);
  }

  connectedCallback() {
    this.#reloadSoon();
  }

  disconnectedCallback() {
    this.#leave();
  }

  attributeChangedCallback(_, before, after) {
    if (before !== after) this.#reloadSoon();
  }

  /** Attributes are often set one after another: what counts is how they are in the end. */
  #reloadSoon() {
    if (this.#isReloading) return;
    this.#isReloading = true;
    queueMicrotask(() => {
      this.#isReloading = false;
      this.#leave();
      if (this.isConnected) this.#enter();
    });
  }

  #leave() {
    clearInterval(this.#timer);
    this.#model?.stop();
    this.#model = null;
  }

  #enter() {
    const wish = {
      sessionId: this.getAttribute("session-id"),
      projectId: this.getAttribute("project-id") ?? "",
      githubRepo: this.getAttribute("github-repo") ?? "",
      githubBranch: this.getAttribute("github-branch") || "main",
    };
    const client = new SetupClient({
      server: this.getAttribute("server"), token: this.accessToken,
    });
    this.#model = new SetupModel(client);
    this.#draw(this.#model);
    this.#listen(this.#model);
    this.#model.load(wish);
    this.#timer = setInterval(() => {
      if (this.#model?.running) this.#cards.forEach((card) => card.tick());
    }, 1000);
  }

  #draw(model) {
    const heading = new SessionHeading(model);
    const info = new SessionInfo(model);
    const log = new LogPanel();
    const completion = new CompletionCard(model);
    this.#cards = steps.map((step) => new StepCard(step, model));
    this.#parts = [heading, info, ...this.#cards, completion];
    this.#alert = make("div", { role: "alert", class: "setup-error" });
    this.#status = make("p", { role: "status", class: "hidden" });
    const list = make(
      "ol", { class: "steps", "aria-label": "Steps" },
      this.#cards.map((card) => card.element), completion.element);
    // Only when the step is drawn as revealed has it a button to lead to.
    this.#cards.forEach((card) =>
      card.element.addEventListener("reveal", () => queueMicrotask(() => card.focus())));
    this.shadowRoot.replaceChildren(make(
      "div", { class: "setup" }, this.#status, heading.element, this.#alert,
      make("div", { class: "columns" }, list,
        make("div", { class: "side" }, info.element, log.element))));
    model.addEventListener("line", ({ detail }) => log.add(detail));
  }

  #listen(model) {
    model.addEventListener("change", () => this.#update());
    model.addEventListener("complete", () => {
      const { session } = model;
      this.#emit("setupcomplete", {
        session, appName: session.flyAppName, previewUrl: session.previewUrl,
      });
      this.#update();
      queueMicrotask(() => this.#goToEnd());
    });
    model.addEventListener("failure", ({ detail }) => {
      this.#emit("setuperror", { ...detail, session: model.session });
    });
    model.addEventListener("gone", () => this.#emit("setupgone", { session: model.session }));
  }

  /** Leads to the completion card, unless the person is busy elsewhere on the page. */
  #goToEnd() {
    const { activeElement } = document;
    if (activeElement !== this && activeElement !== document.body) return;
    this.shadowRoot.getElementById("completion-title")?.focus();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Shows the model, once for all changes of one turn. */
  #update() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      if (!this.#model) return;
      for (const part of this.#parts) part.update();
      this.#updateAlert();
      this.#say();
      this.#emit("setupchange", { session: this.session });
    });
  }

  #updateAlert() {
    const { refusal, session, isGone } = this.#model;
    const failed = steps.find(({ number }) => this.#model.status(number) === "error");
    const failure = !refusal && session && failed ? this.#model.failureOf(failed.number) : null;
    const told = refusal ?? failure;
    setAttribute(this.#alert, "hidden", !told && !isGone);
    setChildren(this.#alert, [told?.message, told?.fix, told?.code, failed?.number, isGone], () => {
      if (isGone) return make("p", {}, make("strong", {}, "This preview has been destroyed."));
      if (!told) return null;
      return [
        make("p", {}, make("strong", {}, "Setup Error"), " ",
          failure ? make("span", {}, `Step ${failed.number}, ${failed.title}: `) : null,
          told.message, told.code ? make("code", { class: "code" }, told.code) : null),
        // What helps a step that failed stands in its own box.
        refusal?.fix ? make("p", { class: "fix" }, make("strong", {}, "Fix: "), refusal.fix) : null,
      ];
    });
  }

  /** Tells those who listen what has happened to the steps, and only that. */
  #say() {
    const { session, running } = this.#model;
    if (!session) return;
    const words = steps.map((step) => this.#model.status(step.number)).join();
    if (words === this.#said) return;
    const isFirst = this.#said === "";
    const before = this.#said.split(",");
    this.#said = words;
    if (isFirst) return;
    const told = words.split(",").map((status, index) =>
      status === before[index] || status === "pending"
        ? null : `Step ${index + 1}, ${steps[index].title}: ${status}`);
    setText(this.#status, told.filter(Boolean).join(". ") ||
      (running ? "" : `${session.completedSteps.length} of 4 steps completed`));
  }
}
