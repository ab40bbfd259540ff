// Asks the browser for a passkey, or to make one, and posts its answer with the form of the page.
"use strict";

(() => {
  const form = document.getElementById("passkey");
  const problem = document.getElementById("passkey-problem");
  const credentials = navigator.credentials;
  const opened = Date.now();
  let waiting = null;

  const say = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = false;
  };
  if (!window.PublicKeyCredential) {
    if (form.dataset.unsupported) {
      say(form.dataset.unsupported);
    }
    return;
  }
  form.hidden = false;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  const options = () => {
    const wanted = JSON.parse(form.dataset.options);
    const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
    wanted.challenge = bytes(wanted.challenge);
    if (form.dataset.ceremony === "create") {
      wanted.user.id = bytes(wanted.user.id);
      wanted.excludeCredentials = named(wanted.excludeCredentials);
    } else {
      wanted.allowCredentials = named(wanted.allowCredentials);
    }
    return wanted;
  };

  const LASTS = 300000; // The server takes no answer to a challenge that is older.
  const isOld = () => Date.now() - opened > LASTS;

  const answered = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) {
        response[part] = text(credential.response[part]);
      }
    }
    form.elements.credential.value = JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: {},
      response,
    });
    form.submit();
  };

  const tell = (error) => {
    if (error.name === "AbortError") {
      return;
    }
    const exists = error.name === "InvalidStateError" && form.dataset.exists;
    say(exists || form.dataset.failed);
    offer();
  };

  const ask = (mediation) => {
    if (waiting) {
      waiting.abort();
    }
    waiting = new AbortController();
    const request = { publicKey: options(), signal: waiting.signal };
    if (mediation) {
      request.mediation = mediation;
    }
    const answer = form.dataset.ceremony === "create" ? credentials.create(request) : credentials.get(request);
    return answer.then(answered);
  };

  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (pressed && pressed.value === "cancel") {
      return;
    }
    if (isOld()) {
      // The server makes the page anew, with everything that was typed, and says so: nothing is asked of the device.
      form.elements.credential.value = "late";
      return;
    }
    event.preventDefault();
    problem.hidden = true;
    ask().catch(tell);
  });

  // In the field of the user name the browser offers passkeys by itself. Nobody asked yet, so nothing is told.
  const offer = () => {
    if (form.dataset.autofill && PublicKeyCredential.isConditionalMediationAvailable) {
      PublicKeyCredential.isConditionalMediationAvailable()
        .then((is) => is && !isOld() && ask("conditional"))
        .catch(() => {});
    }
  };
  offer();
  if (form.dataset.autofill) {
    setTimeout(() => waiting && waiting.abort(), LASTS);
  }
})();
