/** Server-Sent Events by fetch: unlike EventSource it can carry a bearer token. */

/** Takes a stream's text apart, however it is cut into pieces. */
export class EventParser {
  #rest = "";

  /** The events that this piece completes: `{ id, name, data }`, `data` as it came. */
  push(text) {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(parse).filter((event) => event.data !== null);
  }
}

function parse(block) {
  const event = { id: null, name: "message", data: null };
  for (const line of block.split("\n")) {
    const [field, value] = [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)];
    if (field === "id") event.id = Number(value);
    if (field === "event") event.name = value;
    if (field === "data") event.data = value;
  }
  return event;
}

/** How long to wait before another attempt to connect, in milliseconds. */
const pauses = [500, 1000, 2000, 5000];
/** A stream that says nothing for so long is broken: the server gives a sign of life sooner. */
const silence = 45_000;
/** How long a hidden page keeps its stream: a browser opens only six of them to one server. */
const grace = 20_000;

/**
 * The events of one session, from the first one on and whatever comes, over as many connections as
 * it takes.
 */
export class EventStream {
  #client;
  #id;
  #listener;
  #last = 0;
  #connection = null;
  #isStopped = false;
  #hiding = null;

  /**
   * `listener` has `event(event)` for a line of the log, `session(session)`, `gone()`,
   * `connection(isLive)` and `refused(error)` for an answer after which going on makes no sense.
   */
  constructor(client, id, listener) {
    this.#client = client;
    this.#id = id;
    this.#listener = listener;
  }

  start() {
    document.addEventListener("visibilitychange", this.#visibility);
    this.#follow();
  }

  stop() {
    this.#isStopped = true;
    document.removeEventListener("visibilitychange", this.#visibility);
    clearTimeout(this.#hiding);
    this.#connection?.abort();
  }

  #visibility = () => {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = setTimeout(() => this.#connection?.abort(), grace);
  };

  async #follow() {
    for (let attempt = 0; !this.#isStopped; attempt += 1) {
      const before = this.#last;
      try {
        if (await this.#read()) return;
      } catch (error) {
        if (this.#isStopped) return;
        if (error.status === 404) return this.#listener.gone();
        if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          return this.#listener.refused(error);
        }
      }
      if (this.#isStopped) return;
      this.#listener.connection(false);
      if (this.#last > before) attempt = 0;
      await pause(pauses[Math.min(attempt, pauses.length - 1)]);
      await untilVisible();
    }
  }

  /** Reads one connection to its end; true if nothing can come any more. */
  async #read() {
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    const body = await this.#client.events(this.#id, this.#last, signal);
    this.#listener.connection(true);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await this.#patiently(reader.read());
      if (done) return false;
      for (const event of parser.push(value)) {
        if (this.#tell(event)) return true;
      }
    }
  }

  async #patiently(promise) {
    const connection = this.#connection;
    const timer = setTimeout(() => connection.abort(), silence);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #tell({ id, name, data }) {
    if (this.#isStopped) return true;
    if (name === "gone") {
      this.#listener.gone();
      return true;
    }
    if (name === "session") {
      this.#listener.session(JSON.parse(data));
    } else if (id > this.#last) {
      this.#last = id;
      this.#listener.event(JSON.parse(data));
    }
    return false;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function untilVisible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}
