// Calls to the server: who calls (an account's cookie or a key), what went wrong, which doors this server has.

const KEY = "warmdesk desk key";
const TIME_LIMIT = 20_000;

/** Who is logged in, and how. */
export const session = { key: null, csrf: null, me: null };
/** Doors this server does not have, by the names their users give them. */
const missing = new Set();
let whenExpired = () => {};

/** What went wrong: the status (0 if there was no answer), the server's code and message. */
export class ApiError extends Error {
  constructor(status, error = {}, retryAfter = null) {
    super(error.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = error.code ?? "";
    this.hint = error.hint ?? "";
    this.retryAfter = retryAfter;
  }

  /** Whether the server may or may not have done what was asked. */
  get unsure() {
    return this.status === 0 || this.status >= 500;
  }
}

/** Registers what happens when the server does not know the caller any more. */
export function onExpired(run) {
  whenExpired = run;
}

/** The headers that say who calls. A cookie goes by itself; writing then needs the token against forged requests. */
export function credentials(method = "GET") {
  if (session.key) return { authorization: `Bearer ${session.key}` };
  return session.csrf && method !== "GET" ? { "x-csrf-token": session.csrf } : {};
}

/**
 * Calls a door and gives its JSON. `login` keeps a 401 from being taken for an expired session, `except` one with this code.
 */
export async function call(method, path, body, { login = false, except = null } = {}) {
  const headers = credentials(method);
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    response = await fetch(path, { method, headers, body: sent, credentials: "same-origin", signal: AbortSignal.timeout(TIME_LIMIT) });
  } catch {
    throw new ApiError(0, { code: "network" });
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const refused = except !== null && answer.error?.code === except;
  if (response.status === 401 && !login && !refused) whenExpired();
  throw new ApiError(response.status, answer.error, Number(response.headers.get("retry-after")) || null);
}

/** Whether this error means that the server has no such door at all. */
export function isMissing(error) {
  return error.code === "route_not_found" || error.code === "method_not_allowed" || (error.status === 404 && !error.code);
}

/** Calls a door that an older server may lack: null if it does, and then it is not asked again. */
export async function callIfThere(name, method, path, body) {
  if (missing.has(name)) return null;
  try {
    return await call(method, path, body);
  } catch (error) {
    if (!isMissing(error)) throw error;
    missing.add(name);
    return null;
  }
}

export const lacks = (name) => missing.has(name);

/** Logs in with an account. */
export async function loginWithAccount(name, password) {
  session.key = null;
  const me = await call("POST", "/api/v1/staff/login", { name, password }, { login: true });
  become(me);
}

/** Logs in with a key: it is right if the queue can be read with it. */
export async function loginWithKey(key) {
  session.key = key;
  session.csrf = null;
  try {
    await call("GET", "/api/v1/tickets?limit=1", undefined, { login: true });
    become(await whoami());
    sessionStorage.setItem(KEY, key);
  } catch (error) {
    session.key = null;
    throw error;
  }
}

/** Takes up the session this tab had, if the server still knows it. */
export async function resume() {
  const key = sessionStorage.getItem(KEY);
  if (key) return loginWithKey(key).then(() => true);
  const me = await whoami();
  if (!me) return false;
  become(me);
  return true;
}

/** Ends the session, here and at the server. */
export async function logout() {
  sessionStorage.removeItem(KEY);
  if (!session.key) await call("POST", "/api/v1/staff/logout", {}, { login: true }).catch(() => {});
  Object.assign(session, { key: null, csrf: null, me: null });
}

function become(me) {
  session.csrf = me?.csrf ?? null;
  session.me = me ?? null;
  missing.clear();
}

/** The account or key that calls; null where the server cannot say. */
async function whoami() {
  try {
    return await call("GET", "/api/v1/staff/me", undefined, { login: true });
  } catch (error) {
    if (error.status === 401 || error.status === 404 || error.status === 405) return null;
    throw error;
  }
}

/** The addresses of pictures that this server keeps. */
export const OWN_PICTURE = /^\/api\/v1\/pictures\/[\w-]+$/;

/**
 * A picture as something an image element can show. One of ours cannot be loaded by its address with a key; to anybody else's
 * server the key is never sent.
 */
export async function pictureSource(url) {
  if (!session.key || !OWN_PICTURE.test(url)) return url;
  const response = await fetch(url, { headers: credentials() });
  if (!response.ok) throw new ApiError(response.status);
  const blob = await response.blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}
