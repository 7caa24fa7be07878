// The own password: changed by the one until now. The account's other browsers are signed out by the server.
import { call, session } from "/assets/desk/api.js";
import { ask } from "/assets/desk/dialog.js";
import { toast } from "/assets/desk/dom.js";
import { t } from "/assets/desk/words.js";

/** The server has the last word on passwords; so many characters are asked for before it is bothered. */
const SHORTEST_PASSWORD = 10;

/** The field for a new password. */
export const newPasswordField = () => ({ name: "password", label: t("members.newPassword"), type: "password", required: true, minlength: SHORTEST_PASSWORD, autocomplete: "new-password", hint: t("members.passwordHint", SHORTEST_PASSWORD) });

/** Whether whoever is here has a password of their own; a key has none. */
export const hasPassword = () => !session.key && Boolean(session.me);

/** Asks for both passwords until the server takes them or the agent leaves. */
export async function changeOwnPassword() {
  const fields = () => [
    { name: "current", label: t("password.current"), type: "password", required: true, autocomplete: "current-password" },
    { ...newPasswordField(), label: t("password.new") },
    { name: "again", label: t("password.again"), type: "password", required: true, minlength: SHORTEST_PASSWORD, autocomplete: "new-password" },
  ];
  let wrong = t("password.text");
  for (;;) {
    const answer = await ask({ title: t("password.title"), text: wrong, fields: fields(), confirm: t("password.change") });
    if (!answer) return;
    wrong = answer.password === answer.again ? await change(answer) : t("password.differ");
    if (wrong === null) return toast(t("password.done"));
  }
}

/** Why it was not changed; null if it was. A wrong password ends no session here, but one that is over does. */
async function change({ current, password }) {
  try {
    await call("POST", "/api/v1/staff/me/password", { current, password }, { except: "wrong_credentials" });
    return null;
  } catch (error) {
    if (error.code === "wrong_credentials") return t("password.wrong");
    if (error.status === 429) return t("login.tooMany", error.retryAfter ?? 20);
    if (error.status === 0) return t("error.network");
    return current === password ? t("password.same") : [error.message, error.hint].filter(Boolean).join(t("semicolon"));
  }
}
