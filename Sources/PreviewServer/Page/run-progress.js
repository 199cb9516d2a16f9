/** What the log tells about the steps beyond what the session holds. */

/** The phases of step 4, in their order. */
const phases = ["clone", "install", "build", "start", "probe"];

/** The events by which a step ends well. */
const endings = new Set([
  "repository_detected", "machine_allocated", "settings_configured", "repository_booted",
]);

/** Each step's last run, from the events of the log in their order. */
export class RunProgress {
  #runs = new Map();

  /** The last run of a step: `startedAt`, `seconds`, `failure`, `phases`, `waiting`. */
  of(number) {
    return this.#runs.get(number) ?? { phases: [] };
  }

  /** Notes what an event tells; whether it told anything. */
  apply(event) {
    const { type, step, data, time } = event;
    if (!step) return false;
    if (type === "step_begin") {
      this.#runs.set(step, { startedAt: time, phases: [] });
      return true;
    }
    const run = this.#runs.get(step);
    if (!run) return false;
    run.waiting = type === "wait" ? event.message : null;
    if (type === "phase_begin") {
      run.phases.push({ name: data?.phase, seconds: null, skipped: false });
    } else if (type === "phase_end") {
      const phase = run.phases.findLast((phase) => phase.name === data?.phase);
      if (phase) Object.assign(phase, { seconds: data.seconds, skipped: data.skipped });
    } else if (type === "step_failed") {
      run.failure = failureOf(event);
    } else if (endings.has(type)) {
      run.seconds = data?.seconds ?? null;
      run.failure = null;
    } else {
      return type === "wait";
    }
    return true;
  }

  /** Notes a failure that the server told in an answer. */
  fail(number, failure) {
    const run = this.of(number);
    this.#runs.set(number, { ...run, failure });
  }
}

function failureOf({ message, code, data }) {
  return {
    title: message,
    message: data?.message ?? message,
    code: data?.code ?? code,
    fix: data?.fix ?? null,
    evidence: data?.evidence ?? [],
    retry: data?.retry ?? null,
  };
}

/** All five phases with what is known of each: `waiting`, `running`, `done` or `skipped`. */
export function phaseStates(known) {
  return phases.map((name) => {
    const phase = known.find((phase) => phase.name === name);
    if (!phase) return { name, state: "waiting", seconds: null };
    if (phase.skipped) return { name, state: "skipped", seconds: null };
    const state = phase.seconds == null ? "running" : "done";
    return { name, state, seconds: phase.seconds };
  });
}

/** A duration in seconds as people say it: `0.3s`, `12s`, `3m 4s`. */
export function secondsText(seconds) {
  if (seconds < 0.05) return "under 0.1s";
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}
