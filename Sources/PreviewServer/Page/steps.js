/**
 * The four steps and their words, the same as in plan, prompts and log. What a preview.yaml says
 * otherwise (`steps.N`) comes with its plan and goes before these.
 */

/** The steps in their order. */
export const steps = [
  {
    number: 1,
    icon: "repository",
    title: "Repository Detection",
    description: "Detecting and validating the repository",
    subActions: [
      "verify the repository exists and is accessible",
      "validate the branch, resolve it to a commit",
      "detect project type and dependencies",
      "identify install, build and start commands",
    ],
  },
  {
    number: 2,
    icon: "machine",
    title: "Machine Allocation",
    description: "Allocating the machine",
    subActions: [
      "reserve a unique app name",
      "allocate compute",
      "place it in the region",
      "set resource limits",
    ],
  },
  {
    number: 3,
    icon: "settings",
    title: "Settings Configuration",
    description: "Configuring environment and settings",
    subActions: [
      "set environment variables and secrets",
      "configure memory and CPU",
      "enable auto-start/stop",
      "set the shutdown policy",
    ],
  },
  {
    number: 4,
    icon: "boot",
    title: "Repository Boot",
    description: "Cloning and booting the repository",
    subActions: [
      "clone the commit onto the machine",
      "install dependencies, build if needed",
      "start the server",
      "prove it answers",
    ],
  },
];

/** The status of a step in a session: pending, running, completed, error or stale. */
export function statusOf(session, number) {
  return session?.[`step${number}Status`] ?? "pending";
}

/** The result of a step in a session; empty until it succeeded. */
export function detailsOf(session, number) {
  return session?.[`step${number}Details`] ?? {};
}

/** How a session's status reads in a sentence. */
export const overallWords = {
  in_progress: "in progress",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};
