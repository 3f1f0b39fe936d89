"use strict";
// Everything works without this; it only spares people a second press and a choice they did not mean.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) {
      setTimeout(() => { button.disabled = true; button.textContent = "正在提交…"; });
    }
  });
}
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.submit());
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
const named = document.getElementById("refused");
if (named) { named.scrollIntoView({ block: "start" }); named.focus({ preventScroll: true }); }
