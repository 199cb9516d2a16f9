/**
 * Client functions for programs that drive the set-up of a preview.
 *
 * The server is the one that this module came from; `server` names another one. Without an access
 * token the cookie of the server's own page counts.
 */

import { SetupClient } from "./client.js";
import { steps } from "./steps.js";

const numbers = steps.map((step) => step.number);

/** Creates or gets the session of a branch; runs no step. */
export async function initializeSetupSession(
  projectId, githubRepo, branch = "main", accessToken, server,
) {
  const client = new SetupClient({ server, token: accessToken });
  return (await client.open({ projectId, githubRepo, githubBranch: branch })).session;
}

/**
 * Runs one step and waits for its end: `{ session, stepResult }`. Throws SetupError if it failed or
 * was not let run; the error has `code`, `fix`, and the session as it is then.
 */
export async function executeSetupStep(sessionId, stepNumber, accessToken, server) {
  if (!sessionId) throw new Error("Setup session not initialized");
  const client = new SetupClient({ server, token: accessToken });
  const { session, stepResult } = await client.run(sessionId, stepNumber);
  return { session, stepResult };
}

/** The session as it is now. */
export async function getSetupSessionStatus(sessionId, accessToken, server) {
  if (!sessionId) throw new Error("Setup session not initialized");
  return (await new SetupClient({ server, token: accessToken }).session(sessionId)).session;
}

/** 0, 25, 50, 75 or 100: a step counts once, however often it is named. */
export function calculateProgress(completedSteps) {
  return numbers.filter((number) => completedSteps.includes(number)).length * 25;
}

/** Whether all steps before this one are completed. The server has the last word. */
export function canExecuteStep(stepNumber, completedSteps) {
  return (
    numbers.includes(stepNumber) &&
    numbers.every((number) => number >= stepNumber || completedSteps.includes(number))
  );
}

/** The lowest step that is not completed; 4 when all are. */
export function getNextStep(completedSteps) {
  return numbers.find((number) => !completedSteps.includes(number)) ?? 4;
}

/** Whether all four steps are completed. */
export function isSetupComplete(completedSteps) {
  return numbers.every((number) => completedSteps.includes(number));
}

/** `12s`, `3m 4s` or `2h 5m`, between two dates or ISO times; up to now where there is no end. */
export function formatDuration(start, end) {
  const from = new Date(start).getTime();
  const to = end == null ? Date.now() : new Date(end).getTime();
  const seconds = Math.max(0, Math.floor((to - from) / 1000)) || 0;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

/** What a step does, in a few words. */
export function getStepDescription(stepNumber) {
  return steps.find((step) => step.number === stepNumber)?.description ?? "Unknown step";
}

/** The message of an error; what is no error is told to the console. */
export function formatErrorMessage(error) {
  if (error instanceof Error) return error.message;
  if (typeof error === "string") return error;
  console.error("Not an error:", error);
  return "An unexpected error occurred";
}
