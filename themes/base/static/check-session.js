// OpenID Connect Session Management 1.0 section 3.2: "client_id session_state" in, "unchanged", "changed" or "error" out.
"use strict";

const cookieName = document.currentScript.dataset.cookie;

function browserState() {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${cookieName}=`));
  return found ? found.slice(cookieName.length + 1) : "";
}

async function hash(...parts) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join(" ")));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

// Section 3.2: only pages of the client that they ask about are answered. Each is looked up once.
const expected = new Map();

async function isExpected(clientId, origin) {
  const asked = new URLSearchParams({ client_id: clientId, origin }).toString();
  if (!expected.has(asked)) {
    const answer = await fetch(`${location.pathname}/init?${asked}`, { credentials: "omit" }).catch(() => null);
    if (!answer?.ok) {
      return false;
    }
    expected.set(asked, (await answer.json()).expected);
  }
  return expected.get(asked);
}

async function isUnchanged(clientId, told, origin) {
  const state = browserState();
  const [hashed, salt] = told.split(".");
  if (salt !== undefined) {
    return state !== "" && hashed === (await hash(clientId, origin, state, salt));
  }
  // Keycloak's adapter sends the sid, or nothing when nobody is signed in.
  const [stateSalt, ofSession] = state.split(".");
  return told === "" ? state === "" : ofSession === (await hash(stateSalt, told));
}

async function status(message, origin) {
  const parts = message.split(" ");
  if (parts.length !== 2 || parts[0] === "" || !(await isExpected(parts[0], origin))) {
    return "error";
  }
  return (await isUnchanged(...parts, origin)) ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (typeof event.data === "string" && event.source && event.source !== window && event.origin !== "null") {
    event.source.postMessage(await status(event.data, event.origin), event.origin);
  }
});
