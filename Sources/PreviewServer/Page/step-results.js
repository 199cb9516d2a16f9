/** What a step found, made or would change, as rows to read. */

import { externalLink, linkAddress, make } from "./dom.js";
import { secondsText } from "./run-progress.js";

/** The rows of a completed step's result: pairs of a label and what stands beside it. */
export function resultRows(number, details) {
  return rows[number](details).filter(([, value]) => value !== null && value !== undefined);
}

/** What of a result says the most, to be read at one glance. */
export function keyFacts(number, details) {
  return facts[number](details).filter((fact) => (fact ?? "") !== "");
}

const facts = {
  1: (details) => [
    linked(details.repositoryUrl, details.repositoryName), code(details.branchName),
    code(details.commit?.slice(0, 7)), details.framework ?? details.projectType ?? "unknown type",
  ],
  2: (details) => [code(details.appName), details.machineSize, details.region],
  3: (details) => [
    resources(details.resources),
    details.shutdownAfterInactivity ? `stops after ${details.shutdownAfterInactivity}` : null,
  ],
  4: (details) => [details.evidence ? `answered with HTTP ${details.evidence.status}` : null],
};

/** What the step wants to be known besides. */
export function notesOf(details) {
  return [...(details.warnings ?? []), ...(details.notes ?? [])].map(
    (note) => (typeof note === "string" ? note : note.message ?? JSON.stringify(note)));
}

const rows = {
  1: (details) => [
    ["Repository", linked(details.repositoryUrl, details.repositoryName)],
    ["Branch", code(details.branchName)],
    ["Commit", details.commit ? commit(details) : null],
    ["Type", kind(details)],
    ["Scripts", list(details.packageInfo?.scripts)],
    ["Install", code(details.commands?.install)],
    ["Build", code(details.commands?.build)],
    ["Start", code(details.commands?.start)],
    ["Port", details.port],
  ],
  2: (details) => [
    ["App name", code(details.appName)],
    ["Region", details.region],
    ["Size", details.machineSize],
    ["Machine", code(details.machineId)],
    ["URL", code(details.previewUrl)],
  ],
  3: (details) => [
    ["Environment", settings(details.environment)],
    ["Secrets", list(details.secrets)],
    ["Resources", resources(details.resources)],
    ["Auto-stop", autoStop(details)],
    ["Expires", details.expiresAt ? localTime(details.expiresAt) : null],
  ],
  4: (details) => [
    ["Status", details.syncStatus],
    ["Answered", answer(details.evidence)],
    ["Address", code(details.evidence?.url)],
    ["Commit", code(details.evidence?.commit)],
  ],
};

function code(text) {
  return text === null || text === undefined || text === "" ? null : make("code", {}, String(text));
}

function linked(address, name) {
  return linkAddress(address) ? externalLink(address, {}, name) : name ?? address;
}

function commit({ commit, subject }) {
  return make(
    "span", {}, make("code", { title: commit }, commit.slice(0, 7)),
    subject ? ` ${subject}` : null);
}

function kind({ projectType, framework, runtime, packageManager }) {
  const type = projectType ?? "unknown";
  const name = framework && framework.toLowerCase() !== type ? `${framework} (${type})` : type;
  const version = runtime?.version ? `${runtime.name} ${runtime.version}` : null;
  return [name, version, packageManager].filter(Boolean).join(" · ");
}

function list(names) {
  if (!names?.length) return null;
  return make("span", { class: "codes" }, names.map((name) => make("code", {}, String(name))));
}

function settings(environment) {
  const entries = Object.entries(environment ?? {});
  if (entries.length === 0) return null;
  return make(
    "span", { class: "codes" },
    entries.map(([name, value]) => make("code", {}, `${name}=${value}`)));
}

function resources(resources) {
  return resources ? `${resources.cpu} CPU · ${resources.memory} MB` : null;
}

function autoStop({ shutdownAfterInactivity, autoStartStop }) {
  if (!shutdownAfterInactivity) return null;
  const start = autoStartStop ? ", starts with the next visitor" : "";
  return `after ${shutdownAfterInactivity} without visitors${start}`;
}

function answer(evidence) {
  return evidence ? `HTTP ${evidence.status} at ${localTime(evidence.time)}` : null;
}

/** What was done and what there is to do now. */
export function nextActions(actions) {
  if (!actions?.length) return null;
  return make(
    "ul", { class: "next-actions", "aria-label": "Next Actions" },
    actions.map(({ text, done }) => make(
      "li", { class: done ? "done" : null },
      make("span", { "aria-hidden": "true" }, done ? "✓ " : "○ "),
      text, done ? null : make("span", { class: "hidden" }, " (not done)"))));
}

/** A point in time as this place tells it. */
export function localTime(text) {
  return new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** One change of a plan, `before → after`. */
export function changeText({ field, before, after, knownAfter, sensitive }) {
  if (sensitive) return before === null ? "(sensitive) new" : "(sensitive) changed";
  if (knownAfter) return `(known after step ${knownAfter})`;
  const next = valueText(field, after);
  return before === null ? next : `${valueText(field, before)} → ${next}`;
}

function valueText(field, value) {
  if (value === null) return "nothing";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (field === "commit") return String(value).slice(0, 7);
  if (field === "resources.memory") return `${value} MB`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The phases of a boot with their durations. */
export function phaseList(states) {
  return make("ol", { class: "phases" }, states.map(({ name, state, seconds }) => make(
    "li", { "data-state": state },
    make("span", { class: "phase-name" }, name),
    make("span", { class: "phase-time" }, state === "done" ? secondsText(seconds) : state))));
}
