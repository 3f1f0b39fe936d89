"use strict";
// Passkeys. The private key never leaves its device: what the device signs goes along with the form, nothing else.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (data) => btoa(String.fromCharCode(...new Uint8Array(data)))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const fromHex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
const credential = (id) => ({ type: "public-key", id: bytes(id) });

async function asked(address, said) {
  const answer = await fetch(`${address}?${new URLSearchParams(said)}`);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.title);
  return told;
}

async function signature(digest, passkeys) {
  const found = await navigator.credentials.get({
    publicKey: {
      challenge: fromHex(digest),
      allowCredentials: Object.keys(passkeys).map(credential),
      userVerification: "required",
    },
  });
  return JSON.stringify({
    key: passkeys[text(found.rawId)],
    statement: digest,
    value: text(found.response.signature),
    authenticator_data: text(found.response.authenticatorData),
    client_data: text(found.response.clientDataJSON),
  });
}

async function created(form) {
  const options = await asked("/api/v1/keys/options", {});
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: options.excludeCredentials.map((one) => credential(one.id)),
    },
  });
  // Relying party's hash 32, flags 1, counter 4, model 16, length of the id 2, the id; the rest is the public key.
  const data = made.response.getAuthenticatorData();
  const length = new DataView(data).getUint16(53);
  form.elements.public_key.value = text(data.slice(55 + length));
  form.elements.credential.value = text(made.rawId);
}

async function register(form) {
  // A browser may ask for a second press before it lets the new key be used: then the key is there already.
  if (!form.elements.public_key.value) await created(form);
  const { label, public_key, credential: id, possession } = form.elements;
  const words = await asked("/api/v1/keys/statement", {
    suite: "webauthn", public_key: public_key.value, credential: id.value, label: label.value,
  });
  possession.value = await signature(words.digest, { [id.value]: words.key });
}

async function sign(form) {
  // As the form itself will send it; a stage that is gone back to is written after its step.
  const said = (name) => {
    const value = form.elements[name].value.replace(/\r?\n/g, "\r\n");
    const [to, stage] = name === "to" ? value.split(":") : [value];
    return stage === undefined ? [[name, to]] : [[name, to], ["stage", stage]];
  };
  const words = await asked(form.dataset.statement, Object.fromEntries(form.dataset.said.split(" ").flatMap(said)));
  form.elements.signature.value = await signature(words.digest, JSON.parse(form.dataset.passkeys));
}

function signsFirst(form, field, perform) {
  form.addEventListener("submit", async (event) => {
    if (form.elements[field].value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const told = form.querySelector("[data-told]");
    told.hidden = true;
    try {
      if (!window.PublicKeyCredential) throw new Error("此浏览器不能使用通行密钥,或网址不是 HTTPS");
      await perform(form);
    } catch (error) {
      told.textContent = error.name === "SecurityError" ? "通行密钥与网址绑定,不能在这个网址使用"
        : error instanceof DOMException ? "没有完成设备验证,请再试一次" : error.message;
      told.hidden = false;
      return;
    }
    form.requestSubmit();
  }, { capture: true });
}

for (const form of document.querySelectorAll("form[data-passkeys]")) signsFirst(form, "signature", sign);
for (const form of document.querySelectorAll("form[data-register]")) signsFirst(form, "possession", register);
