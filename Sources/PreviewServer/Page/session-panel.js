/** What is known of a preview as a whole: its heading with the progress, its data, its end. */

import {
  button, copyButton, externalLink, icon, linkAddress, make, setAttribute, setChildren, setText,
} from "./dom.js";
import { calculateProgress, formatDuration } from "./machine-setup-service.js";
import { overallWords, steps } from "./steps.js";

/** The name of a repository as its owner says it. */
function repositoryName(session) {
  const found = session.step1Details?.repositoryName;
  if (found) return found;
  const path = session.githubRepoUrl.replace(/^https?:\/\/[^/]+\//, "").replace(/\.git$/, "");
  return path.startsWith("/") ? path.split("/").findLast((name) => name !== "") ?? path : path;
}

/** The heading: which preview it is and how far it has come. */
export class SessionHeading {
  element;

  #model;
  #title = make("h2", { tabindex: "-1" }, "Preview");
  #branch = make("code", { class: "branch" });
  #pill = make("span", { class: "pill" });
  #bar = make("div", { class: "progress", role: "progressbar", "aria-label": "Progress" },
    steps.map(() => make("span", {})));
  #words = make("span", { class: "progress-words" });
  #live = make("span", { class: "live" });

  constructor(model) {
    this.#model = model;
    this.#bar.setAttribute("aria-valuemin", "0");
    this.#bar.setAttribute("aria-valuemax", "100");
    this.element = make(
      "header", { class: "heading" },
      make("div", { class: "heading-line" }, this.#title, this.#branch, this.#pill),
      make(
        "div", { class: "heading-line" }, this.#bar, this.#words, this.#live,
        button("Refresh", {
          iconName: "refresh", kind: "quiet small", click: () => model.refresh(),
        })));
  }

  update() {
    const { session, isLive, isGone } = this.#model;
    if (!session) return;
    const done = session.completedSteps;
    setText(this.#title, repositoryName(session));
    setText(this.#branch, session.githubBranch || "this folder");
    setAttribute(this.#pill, "data-status", isGone ? "cancelled" : session.overallStatus);
    setText(this.#pill, isGone ? "destroyed" : overallWords[session.overallStatus]);
    const progress = calculateProgress(done);
    setAttribute(this.#bar, "aria-valuenow", progress);
    [...this.#bar.children].forEach((part, index) =>
      setAttribute(part, "data-status", this.#model.status(index + 1)));
    setText(this.#words, `${done.length} of 4 steps · ${progress} %`);
    setAttribute(this.#live, "data-live", isLive ? "yes" : "no");
    const words = isLive === false ? "Reconnecting…" : "Live";
    setText(this.#live, isGone || isLive === null ? "" : words);
  }
}

/** The data of the session, to read and to copy. */
export class SessionInfo {
  element;

  #model;
  #rows = make("dl", { class: "rows" });

  constructor(model) {
    this.#model = model;
    this.element = make(
      "section", { class: "card info", "aria-labelledby": "info-title" },
      make("h3", { id: "info-title" }, "Session"), this.#rows);
  }

  update() {
    const { session, plan } = this.#model;
    if (!session) return;
    const url = session.previewUrl ?? plan?.url ?? null;
    const isUp = session.step4Details?.syncStatus === "ready";
    const key = [session.githubRepoUrl, session.githubBranch, session.flyAppName, url, isUp];
    setChildren(this.#rows, [key, plan?.cost], () => [
      row("Repository", session.githubRepoUrl),
      row("Branch", session.githubBranch),
      row("App Name", session.flyAppName),
      row("Preview URL", url, isUp ? externalLink(url) : null, isUp ? null : "not live yet"),
      plan?.cost ? row("Cost", costText(plan.cost), null, null, false) : null,
      row("Session", session.id),
    ]);
  }
}

function row(label, text, shown, note, canCopy = true) {
  if (!text) return null;
  return make(
    "div", {}, make("dt", {}, label),
    make(
      "dd", {},
      shown ?? make(
        "span", { class: "value" }, text, note ? make("span", { class: "note" }, note) : null),
      canCopy ? copyButton(label, () => text) : null));
}

/** What it costs, as the plan has it: in US dollars. */
function costText({ perHour, perMonth, perMonthStopped, pricesAsOf }) {
  return `$${perHour.toFixed(4)}/h running · $${perMonth.toFixed(2)}/month if never idle · ` +
    `$${perMonthStopped.toFixed(2)}/month stopped (prices of ${pricesAsOf})`;
}

/** The end: the URL, once it has really answered. */
export class CompletionCard {
  element;

  #model;
  #frame = make("div", {});
  #isFramed = false;

  constructor(model) {
    this.#model = model;
    this.element = make("li", { class: "completion-item" });
  }

  update() {
    const { session, isGone } = this.#model;
    const isShown = this.#model.isComplete && !isGone && linkAddress(session.previewUrl) !== null;
    this.element.hidden = !isShown;
    setChildren(this.element, isShown ? [session.previewUrl, session.completedAt] : null, () =>
      isShown ? this.#card(session) : null);
  }

  #card({ previewUrl, flyAppName, startedAt, completedAt }) {
    this.#isFramed = false;
    this.#frame.replaceChildren();
    const toggle = button("Show it here", {
      click: () => this.#toggleFrame(previewUrl, toggle), "aria-expanded": "false",
    });
    return make(
      "section", { class: "card completion", "aria-labelledby": "completion-title" },
      make("h3", { id: "completion-title", tabindex: "-1" }, "Setup Complete! 🎉"),
      make("p", {}, make("code", {}, flyAppName), " is up at"),
      make("p", { class: "completion-url" }, externalLink(previewUrl)),
      make(
        "div", { class: "actions" },
        externalLink(previewUrl, { class: "button primary" }, icon("open"), "Open the preview"),
        copyButton("the preview's URL", () => previewUrl), toggle),
      startedAt && completedAt
        ? make("p", { class: "reason" }, `Set up in ${formatDuration(startedAt, completedAt)}`) : null,
      this.#frame);
  }

  #toggleFrame(url, toggle) {
    this.#isFramed = !this.#isFramed;
    setText(toggle.lastElementChild, this.#isFramed ? "Hide it" : "Show it here");
    setAttribute(toggle, "aria-expanded", this.#isFramed ? "true" : "false");
    this.#frame.replaceChildren(...(this.#isFramed ? [frame(url)] : []));
  }
}

/** The app in a frame that cannot navigate this page. Apps may refuse to be framed: the link stays. */
function frame(url) {
  return make(
    "div", { class: "frame" },
    make("iframe", {
      src: linkAddress(url), title: "The preview", loading: "lazy", referrerpolicy: "no-referrer",
      sandbox: "allow-scripts allow-forms allow-same-origin allow-popups",
    }),
    make("p", { class: "reason" }, "Nothing to see? Some apps refuse to be shown in a frame. ",
      externalLink(url, {}, "Open it in a tab of its own")));
}
