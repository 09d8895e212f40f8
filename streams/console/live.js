// Fetches the page again while somebody looks at it, and exchanges its main part where it is new.
"use strict";
(() => {
  const time = document.getElementById("as-of"), lost = document.getElementById("lost");
  const main = document.getElementById("main");
  let tag = "";

  const touched = (form) => form.contains(document.activeElement) || [...form.elements].some(
    (field) => field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue);

  function exchange(page) {
    const focus = document.activeElement;
    const rolled = [...main.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    for (const form of main.querySelectorAll("form[id]")) {
      if (touched(form)) {
        page.getElementById(form.id)?.replaceWith(form);
      }
    }
    for (const part of main.querySelectorAll("details[id]")) {
      const other = page.getElementById(part.id);
      if (other) {
        other.open = part.open;
      }
    }
    main.replaceChildren(...page.getElementById("main").childNodes);
    main.querySelectorAll(".scroll").forEach((part, n) => { part.scrollLeft = rolled[n] || 0; });
    if (focus !== document.activeElement) {
      const again = focus.isConnected ? focus : focus.id && document.getElementById(focus.id);
      again?.focus({ preventScroll: true });
    }
  }

  async function look() {
    if (document.hidden) { return; }
    try {
      const answer = await fetch(location.href, {
        headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", redirect: "manual",
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        location.reload();
        return;
      }
      if (answer.status !== 304) {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
      tag = answer.headers.get("ETag") || "";
      time.textContent = answer.headers.get("X-As-Of") || time.textContent;
    } catch (error) {
      lost.textContent = lost.dataset.text;
      lost.hidden = false;
      return;
    }
    lost.hidden = true;
  }
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
})();
