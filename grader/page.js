// Keeps a page of `serve` as new as the record: asks for it again, and puts in only the parts that differ.
"use strict";

const EVERY = 1000; // ms between two questions; most answers are "304, nothing new"
const state = document.getElementById("state");
let tag = "";

function say(text, gone = false) {
  state.classList.toggle("gone", gone);
  if (state.textContent !== text) state.textContent = text; // or a screen reader says it each second
}

/** What scrolls, what is unfolded and what has the focus stays as it is. */
function put(fresh) {
  for (const one of fresh.querySelectorAll("details[id]")) {
    const mine = document.getElementById(one.id);
    if (mine) one.open = mine.open;
  }
  const old = [...document.querySelectorAll("header, main > *")];
  const now = [...fresh.querySelectorAll("header, main > *")];
  const alike = old.length === now.length && old.every((part, n) => part.id === now[n].id);
  const anchor = old.find((part) => part.getBoundingClientRect().bottom > 0);
  const top = anchor ? anchor.getBoundingClientRect().top : 0;
  const focus = document.activeElement ? document.activeElement.id : "";
  let changed = !alike;
  if (alike) {
    old.forEach((part, n) => {
      if (part.isEqualNode(now[n])) return;
      part.replaceWith(now[n]);
      changed = true;
    });
  } else {
    document.querySelector("header").replaceWith(fresh.querySelector("header"));
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
  }
  const again = anchor && (anchor.id ? document.getElementById(anchor.id) : document.querySelector("header"));
  if (again) scrollBy({ top: again.getBoundingClientRect().top - top, behavior: "instant" });
  if (focus && document.activeElement === document.body) {
    const mine = document.getElementById(focus);
    if (mine) mine.focus({ preventScroll: true });
  }
  document.title = fresh.title;
  return changed;
}

async function look() {
  if (document.hidden) return;
  try {
    const reply = await fetch(location.href, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
    if (reply.status !== 304) {
      const first = !tag && reply.ok && !state.classList.contains("gone");
      tag = reply.headers.get("ETag") || "";
      const changed = put(new DOMParser().parseFromString(await reply.text(), "text/html"));
      if (changed && !first) return say(`updated ${new Date().toLocaleTimeString()}`);
    }
    if (state.classList.contains("gone") || !state.textContent) say("live");
  } catch {
    say("grader serve has ended; this is what it said last", true);
  }
}

/** Without this the form works too, and says nothing when all is well. */
async function open(event) {
  if (!event.target.matches('form[action="/open"]')) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  body.set("line", event.submitter.value);
  try {
    const reply = await fetch("/open", { method: "POST", body });
    const said = reply.ok ? "" : new DOMParser().parseFromString(await reply.text(), "text/html");
    say(reply.ok ? `line ${event.submitter.value} is opened` : said.querySelector("main").textContent.trim(), !reply.ok);
  } catch {
    say("grader serve has ended; start it again", true);
  }
}

async function follow() {
  await look();
  setTimeout(follow, EVERY);
}

document.addEventListener("submit", open);
document.addEventListener("visibilitychange", look);
follow();
