/**
 * The functions of /machine-setup-service.js, in Node: `node --test`, with the folder of the modules
 * in PAGE, a running server in SERVER and its token in TOKEN.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const { PAGE, SERVER, TOKEN } = process.env;
const load = (name) => import(pathToFileURL(`${PAGE}/${name}`));

const service = await load("machine-setup-service.js");
const { EventParser } = await load("event-stream.js");
const { RunProgress, phaseStates, secondsText } = await load("run-progress.js");
const { steps } = await load("steps.js");

test("it exports what is documented, and nothing else", () => {
  assert.deepEqual(Object.keys(service).sort(), [
    "calculateProgress", "canExecuteStep", "executeSetupStep", "formatDuration",
    "formatErrorMessage", "getNextStep", "getSetupSessionStatus", "getStepDescription",
    "initializeSetupSession", "isSetupComplete",
  ]);
});

test("F4: progress counts each step once, in whatever order", () => {
  for (const [completed, progress] of [
    [[], 0], [[1], 25], [[1, 1, 1, 1], 25], [[2, 1], 50], [[1, 2, 3], 75], [[4, 3, 2, 1], 100],
    [[0, 5, 9], 0],
  ]) {
    assert.equal(service.calculateProgress(completed), progress, JSON.stringify(completed));
  }
});

test("F5: durations are seconds, minutes or hours, and never negative", () => {
  const start = "2026-01-01T00:00:00Z";
  for (const [end, text] of [
    ["2026-01-01T00:00:00Z", "0s"], ["2026-01-01T00:00:12Z", "12s"],
    ["2026-01-01T00:00:12.900Z", "12s"], ["2026-01-01T00:03:04Z", "3m 4s"],
    ["2026-01-01T02:05:59Z", "2h 5m"], ["2026-01-02T02:00:00Z", "26h 0m"],
    ["2025-12-31T23:00:00Z", "0s"], [new Date("2026-01-01T00:00:59Z"), "59s"],
  ]) {
    assert.equal(service.formatDuration(start, end), text);
  }
  assert.equal(service.formatDuration(new Date(Date.now() - 5500)), "5s");
  assert.equal(service.formatDuration(new Date(Date.now() - 5500), null), "5s");
});

test("F6: a step can run once all earlier ones are completed; the first always", () => {
  for (const [step, completed, can] of [
    [1, [], true], [1, [1, 2, 3, 4], true], [2, [], false], [2, [1], true], [3, [2], false],
    [3, [2, 1], true], [4, [1, 2], false], [4, [3, 1, 2], true], [4, [1, 1, 1], false],
    [0, [], false], [5, [1, 2, 3, 4], false],
  ]) {
    assert.equal(service.canExecuteStep(step, completed), can, `${step} after ${completed}`);
  }
});

test("F7: each step has its description, anything else has none", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 0, undefined].map(service.getStepDescription), [
    "Detecting and validating the repository", "Allocating the machine",
    "Configuring environment and settings", "Cloning and booting the repository",
    "Unknown step", "Unknown step", "Unknown step",
  ]);
});

test("F8: the next step is the lowest that is missing, 4 when none is", () => {
  for (const [completed, next] of [[[], 1], [[1], 2], [[1, 3], 2], [[2, 3], 1], [[1, 2, 3, 4], 4]]) {
    assert.equal(service.getNextStep(completed), next);
  }
});

test("F9: a set-up is complete only with all four steps", () => {
  for (const [completed, isComplete] of [
    [[], false], [[1, 2, 3], false], [[1, 1, 1, 1], false], [[4, 2, 3, 1], true],
  ]) {
    assert.equal(service.isSetupComplete(completed), isComplete);
  }
});

test("F10: errors and texts are shown as they are; for anything else the detail is logged", (t) => {
  const logged = t.mock.method(console, "error", () => {});
  assert.equal(service.formatErrorMessage(new TypeError("no such thing")), "no such thing");
  assert.equal(service.formatErrorMessage("just so"), "just so");
  assert.equal(logged.mock.callCount(), 0);
  for (const odd of [null, undefined, 42, { message: "hidden" }]) {
    assert.equal(service.formatErrorMessage(odd), "An unexpected error occurred");
  }
  assert.deepEqual(logged.mock.calls[3].arguments.at(-1), { message: "hidden" });
});

test("E26: acting before a session exists says so", async () => {
  const message = "Setup session not initialized";
  await assert.rejects(service.executeSetupStep(null, 1, TOKEN, SERVER), { message });
  await assert.rejects(service.getSetupSessionStatus("", TOKEN, SERVER), { message });
});

test("F1 to F3: a session is created once, steps run in order, failures are thrown", async () => {
  const session = await service.initializeSetupSession("shop", ".", undefined, TOKEN, SERVER);
  assert.equal(session.githubBranch, "main");
  assert.deepEqual(session.completedSteps, []);
  const again = await service.initializeSetupSession("shop", ".", "main", TOKEN, SERVER);
  assert.equal(again.id, session.id);

  await assert.rejects(service.executeSetupStep(session.id, 2, TOKEN, SERVER), (error) => {
    assert.deepEqual([error.status, error.code, error.missingSteps], [409, "PV0601", [1]]);
    assert.equal(error.session.id, session.id);
    return error instanceof Error;
  });
  const run = await service.executeSetupStep(session.id, 1, TOKEN, SERVER);
  assert.deepEqual(Object.keys(run).sort(), ["session", "stepResult"]);
  assert.equal(run.stepResult.status, "completed");
  const status = await service.getSetupSessionStatus(session.id, TOKEN, SERVER);
  assert.deepEqual(status.completedSteps, [1]);
  assert.equal(service.calculateProgress(status.completedSteps), status.progress);
  assert.equal(service.getNextStep(status.completedSteps), status.currentStep);

  await assert.rejects(service.getSetupSessionStatus(session.id, "wrong", SERVER), {
    status: 401, code: "PV0801",
  });
  await assert.rejects(service.initializeSetupSession("shop", ".", "main", TOKEN, "http://127.0.0.1:1"), {
    status: 0, message: "The server cannot be reached",
  });
});

test("F1: values are encoded: what they hold never reaches another parameter", async () => {
  const odd = "a&githubRepo=/etc ü+%#?";
  const session = await service.initializeSetupSession(odd, ".", "main", TOKEN, SERVER);
  assert.equal(session.projectId, odd);
});

test("a stream is read the same however it is cut into pieces", () => {
  const text =
    'retry: 1000\n\nid: 1\ndata: {"message":"a: b\u2028c"}\n\n: still here\n\nevent: session\ndata: {}\n\n';
  for (const size of [1, 2, 7, text.length]) {
    const parser = new EventParser();
    const events = [];
    for (let start = 0; start < text.length; start += size) {
      events.push(...parser.push(text.slice(start, start + size)));
    }
    assert.deepEqual(events, [
      { id: 1, name: "message", data: '{"message":"a: b\u2028c"}' },
      { id: null, name: "session", data: "{}" },
    ]);
  }
});

test("the log tells of each step its beginning, phases, failure and end", () => {
  const progress = new RunProgress();
  const tell = (type, step, data = null, rest = {}) =>
    progress.apply({ type, step, data, message: type, code: null, time: "2026-01-01T00:00:00Z", ...rest });
  assert.equal(tell("run_begin", null), false);
  tell("step_begin", 4);
  tell("phase_begin", 4, { phase: "clone" });
  tell("phase_end", 4, { phase: "clone", seconds: 0.25, skipped: false });
  tell("phase_begin", 4, { phase: "install" });
  assert.deepEqual(phaseStates(progress.of(4).phases).map(({ state }) => state), [
    "done", "running", "waiting", "waiting", "waiting",
  ]);
  tell("step_failed", 4, { message: "no", fix: "so", evidence: [] }, { code: "PV0411" });
  assert.deepEqual([progress.of(4).failure.code, progress.of(4).failure.fix], ["PV0411", "so"]);
  tell("step_begin", 4);
  assert.equal(progress.of(4).failure, undefined);
  tell("repository_booted", 4, { seconds: 1.5 });
  assert.equal(progress.of(4).seconds, 1.5);
  assert.deepEqual([0.01, 0.3, 12.2, 184].map(secondsText), ["under 0.1s", "0.3s", "12s", "3m 4s"]);
});

test("the words of the steps are those of the server's plan", async () => {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const { id } = await service.initializeSetupSession("words", ".", "main", TOKEN, SERVER);
  const answer = await fetch(`${SERVER}/api/machine-setup/${id}/plan`, { headers });
  const { plan } = await answer.json();
  const words = ({ number, title, description, subActions }) =>
    ({ number, title, description, subActions });
  assert.deepEqual(steps.map(words), plan.steps.map(words));
});
