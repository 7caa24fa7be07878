// What the server tells by itself: server-sent events, taken up again after the last one that was seen.
import { readEvents } from "/widget.js";
import { credentials } from "/assets/desk/api.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** The server says something at least every 15 seconds; a connection that has been quiet for longer is dead. */
const QUIET_LIMIT = 40_000;

/**
 * Listens until it is stopped. `handlers`: `event(name, data)`, `connected(again)`, `lost()`, `expired()`.
 * Returns `{stop, retry}`.
 */
export function listen(handlers) {
  const stopped = new AbortController();
  let lastEvent = null;
  let wake = () => {};
  let current = null;
  let opened = 0;

  async function once() {
    current = new AbortController();
    const guard = watch(current);
    try {
      const headers = { accept: "text/event-stream", ...credentials() };
      if (lastEvent !== null) headers["last-event-id"] = lastEvent;
      const signal = AbortSignal.any([stopped.signal, current.signal]);
      const response = await fetch("/api/v1/desk/stream", { headers, signal, credentials: "same-origin" });
      if (response.status === 401 || response.status === 403) return "expired";
      if (!response.ok || !response.body) return "failed";
      handlers.connected(opened++ > 0);
      for await (const { id, event, data } of readEvents({ body: response.body.pipeThrough(guard.counter) })) {
        if (id) lastEvent = id;
        handlers.event(event, data);
      }
      return "ended";
    } catch {
      return "failed";
    } finally {
      guard.stop();
    }
  }

  async function run() {
    let pause = FIRST_PAUSE;
    while (!stopped.signal.aborted) {
      const before = opened;
      const end = await once();
      if (stopped.signal.aborted) return;
      if (end === "expired") return handlers.expired();
      handlers.lost();
      if (opened > before) pause = FIRST_PAUSE;
      // Many desks that lost the same server must not come back in the same moment.
      const wait = pause * (0.75 + Math.random() / 2);
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, wait);
      });
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  const retry = () => wake();
  const cut = () => current?.abort();
  window.addEventListener("online", retry);
  window.addEventListener("offline", cut);
  run();
  return {
    retry,
    stop() {
      window.removeEventListener("online", retry);
      window.removeEventListener("offline", cut);
      stopped.abort();
      wake();
    },
  };
}

/** Ends a connection on which nothing has come for too long, comments that keep it alive counted. */
function watch(connection) {
  let last = performance.now();
  const counter = new TransformStream({
    transform(chunk, controller) {
      last = performance.now();
      controller.enqueue(chunk);
    },
  });
  const timer = setInterval(() => {
    if (performance.now() - last > QUIET_LIMIT) connection.abort();
  }, 5000);
  return { counter, stop: () => clearInterval(timer) };
}

