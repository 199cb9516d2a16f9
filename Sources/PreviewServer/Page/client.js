/** The calls of the server's API. */

/** Where this module came from; null where that was no server. */
const ownServer = import.meta.url.startsWith("http") ? new URL(import.meta.url).origin : null;

/** What the server refused or a step failed with. */
export class SetupError extends Error {
  /**
   * `answer` is the body of the refusal: `code`, `fix`, `evidence`, `missingSteps`, `session`,
   * `stepResult`, as far as it has them. `status` is 0 where no answer came.
   */
  constructor(message, status, answer = {}) {
    super(message);
    this.name = "SetupError";
    this.status = status;
    this.code = answer.code ?? null;
    this.fix = answer.fix ?? null;
    this.evidence = answer.evidence ?? [];
    this.missingSteps = answer.missingSteps ?? [];
    this.session = answer.session ?? null;
    this.stepResult = answer.stepResult ?? null;
  }
}

/** One way to one server. */
export class SetupClient {
  /**
   * `server` is its origin, by default where this module came from. Without `token` the browser
   * sends the cookie of the server's own page.
   */
  constructor({ server, token } = {}) {
    this.server = (server || ownServer || "").replace(/\/$/, "");
    this.token = token || null;
  }

  /** Creates or gets a session; runs no step. */
  open({ projectId, githubRepo, githubBranch }) {
    const query = new URLSearchParams({ projectId, githubRepo });
    if (githubBranch) query.set("githubBranch", githubBranch);
    return this.call("GET", `/api/machine-setup?${query}`);
  }

  /** Runs one step, and only if it is still what was `shown`; answers when it has ended. */
  run(sessionId, stepNumber, shown) {
    const body = { sessionId, stepNumber };
    if (shown) body.shown = shown;
    return this.call("POST", "/api/machine-setup", { body });
  }

  session(id) {
    return this.call("GET", path(id));
  }

  plan(id, signal) {
    return this.call("GET", path(id, "/plan"), { signal });
  }

  cancel(id) {
    return this.call("POST", path(id, "/cancel"));
  }

  destroy(id) {
    return this.call("DELETE", path(id));
  }

  machine(id) {
    return this.call("GET", path(id, "/machine"));
  }

  /** `verb` is start, stop or restart. */
  changeMachine(id, verb) {
    return this.call("POST", path(id, `/machine/${verb}`));
  }

  sessions(limit) {
    return this.call("GET", `/api/sessions?limit=${limit}`);
  }

  suggestion() {
    return this.call("GET", "/api/suggestion");
  }

  /** Leaves the token in a cookie that no script can read. */
  signIn(token) {
    return new SetupClient({ server: this.server, token }).call("POST", "/api/sign-in", {
      credentials: "same-origin",
    });
  }

  signOut() {
    return this.call("POST", "/api/sign-out");
  }

  /** The event stream after the event of number `seq`, as an answer that does not end. */
  async events(id, seq, signal) {
    const headers = seq > 0 ? { "Last-Event-ID": String(seq) } : {};
    const response = await this.#fetch("GET", path(id, "/events"), { headers, signal });
    if (!response.ok) throw await refusal(response);
    return response.body;
  }

  /** The JSON of an answer; throws SetupError for any that is no success. */
  async call(method, path, options = {}) {
    const response = await this.#fetch(method, path, options);
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  async #fetch(method, path, { body, headers = {}, signal, credentials } = {}) {
    const fields = { Accept: "application/json", ...headers };
    if (body) fields["Content-Type"] = "application/json";
    if (this.token) fields.Authorization = `Bearer ${this.token}`;
    try {
      return await fetch(this.server + path, {
        method,
        headers: fields,
        body: body ? JSON.stringify(body) : undefined,
        signal,
        cache: "no-store",
        credentials: credentials ?? (this.token ? "omit" : "same-origin"),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new SetupError("The server cannot be reached", 0, {
        fix: "see whether `preview serve` is still running there",
      });
    }
  }
}

function path(id, rest = "") {
  return `/api/machine-setup/${encodeURIComponent(id)}${rest}`;
}

async function refusal(response) {
  // A proxy in between may answer with something else than JSON.
  const answer = await response.json().catch(() => ({}));
  const message = answer.error ?? `The server answered with status ${response.status}`;
  return new SetupError(message, response.status, answer);
}
