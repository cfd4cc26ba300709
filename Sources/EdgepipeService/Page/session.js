// Who is signed in, and how one signs in and out.

import { ask } from "./api.js";
import { make, say } from "./dom.js";

const RANKS = ["anyone", "viewer", "operator", "admin"];
export const session = { role: null };

/** Whether buttons that change something are of use. */
export const mayOperate = () => RANKS.indexOf(session.role) >= RANKS.indexOf("operator");

/** - Returns: false where a token is needed. */
export async function recall() {
  try {
    session.role = (await ask("v1/session")).role;
    return true;
  } catch (refusal) {
    if (refusal.status !== 401) throw refusal;
    session.role = null;
    return false;
  }
}

export async function signOut() {
  await ask("v1/session", { method: "DELETE" }).catch(() => {});
  session.role = null;
}

/** The form; `done` is called once the service has taken the token. */
export function signInView(done) {
  const token = make("input", { type: "password", id: "token", name: "token", required: true, autocomplete: "current-password",
    "aria-describedby": "token-hint token-error" });
  const error = make("p", { id: "token-error", role: "alert" });
  const form = make("form", { class: "panel sign-in", onsubmit: submit },
    make("h1", {}, "Sign in"),
    make("label", { for: "token" }, "Token", token),
    make("p", { id: "token-hint", class: "muted" }, "A token is made on the device: ", make("code", {}, "edgepipe token add NAME")),
    error,
    make("button", { class: "primary" }, "Sign in"));

  async function submit(event) {
    event.preventDefault();
    say(error, "");
    try {
      session.role = (await ask("v1/session", { method: "POST", body: { token: token.value.trim() } })).role;
      done();
    } catch (refusal) {
      say(error, refusal.message);
      token.focus();
    }
  }
  return { element: form, title: "Sign in", focus: () => token.focus() };
}
