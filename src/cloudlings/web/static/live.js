// Pages read well without this. With it, a page follows its lab: the server says that something changed, the
// page is fetched again, and the parts marked data-live are exchanged where they differ.
"use strict";

const live = document.getElementById("live");
const say = (text) => { if (live && live.textContent !== text) live.textContent = text; };

async function fetched(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// A form that is being filled in, and what was unfolded, stay as they are.
function exchange(old, fresh) {
  // What was said to a task stays with it until the page is left.
  for (const said of old.querySelectorAll("[id] > .said")) {
    const card = fresh.querySelector(`[id="${said.parentElement.id}"]`);
    if (card) card.insertBefore(said.cloneNode(true), card.querySelector(":scope > .row"));
  }
  if (old.outerHTML === fresh.outerHTML) return;
  const focus = document.activeElement;
  if (focus && old.contains(focus) && focus.matches("input:not([type=hidden]), select")) return;
  const open = [...old.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
  const label = focus && old.contains(focus) ? focus.getAttribute("aria-label") || focus.textContent : null;
  for (const one of fresh.querySelectorAll("details > summary")) {
    if (open.includes(one.textContent)) one.parentElement.open = true;
  }
  old.replaceWith(fresh);
  if (label) {
    const again = [...fresh.querySelectorAll("a, button, summary, [tabindex]")]
      .find((one) => (one.getAttribute("aria-label") || one.textContent) === label);
    if (again) again.focus({ preventScroll: true });
  }
}

// What was asked for last is shown, whichever answer comes last.
const asked = new Map();
function newest(what) {
  const number = (asked.get(what) || 0) + 1;
  asked.set(what, number);
  return () => asked.get(what) === number;
}

async function load(section) {
  const isNewest = newest(section.dataset.load);
  try {
    const part = (await fetched(section.dataset.load)).querySelector("[data-part]");
    const place = section.querySelector(".loaded");
    if (!part || !place || !isNewest()) return;
    part.removeAttribute("id");
    part.removeAttribute("data-live");
    if (place.innerHTML !== part.innerHTML) place.replaceChildren(...part.childNodes);
  } catch { /* The link to the picture's own page stays. */ }
}

let waiting = null;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 150);
}

async function refresh() {
  const address = new URL(location.href);
  address.searchParams.delete("said");
  const isNewest = newest("page");
  try {
    const page = await fetched(address);
    if (!isNewest()) return;
    for (const old of document.querySelectorAll("[data-live][id]")) {
      const fresh = page.getElementById(old.id);
      if (fresh) exchange(old, fresh);
    }
    for (const fresh of page.querySelectorAll("[data-live][id]")) {
      if (!document.getElementById(fresh.id)) return location.reload();
    }
    say("");
  } catch (error) {
    say(error.message === "403" ? "This page's session has ended: open it again with cloudlings page" : "Not up to date: the page does not answer. cloudlings start starts it again");
  }
  document.querySelectorAll("[data-load]").forEach(load);
}

// What was said belongs to this view, not to the address.
if (new URL(location.href).searchParams.has("said")) {
  const clean = new URL(location.href);
  clean.searchParams.delete("said");
  history.replaceState(null, "", clean);
}

document.querySelectorAll("[data-load]").forEach(load);
document.addEventListener("submit", (event) => {
  const button = event.submitter || event.target.querySelector("button");
  if (!button || event.target.method !== "post") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  button.setAttribute("aria-busy", "true");
  if (event.target.action.includes("/do/check")) say("Checking …");
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// A page that nobody sees holds no connection: browsers give one address no more than six of them.
if (document.body.dataset.events) {
  let events = null;
  const listen = () => {
    events = new EventSource(document.body.dataset.events);
    events.addEventListener("changed", soon);
    events.addEventListener("up", soon);
    events.addEventListener("down", () => { say("The sandbox does not answer; your work in it is kept"); soon(); });
    // From here on every change is heard; one that came since the page was made is seen by one more look.
    events.addEventListener("hello", soon);
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return;
      // JupyterLab answers for a page that has stopped, and the browser takes that for the end.
      soon();
      setTimeout(() => {
        if (document.hidden || events.readyState !== EventSource.CLOSED) return;
        listen();
      }, 2000);
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && events) events.close();
    else if (!document.hidden) { if (events) events.close(); listen(); soon(); }
  });
  if (!document.hidden) listen();
}
