/** The server's own page: who may see it, which preview it shows, and all previews there are. */

import "./embed.js";
import { SetupClient } from "./client.js";
import { setText } from "./dom.js";
import { formatErrorMessage } from "./machine-setup-service.js";
import { PreviewList } from "./preview-list.js";

const client = new SetupClient();
const part = (id) => document.getElementById(id);
const [signIn, setup, another] = [part("sign-in"), part("setup"), part("another")];
const list = new PreviewList(part("previews"), client, { open: show });

/** What the fragment says: `#token=…` from the terminal, `#session=…` for a preview. */
function fragment() {
  return new URLSearchParams(location.hash.slice(1));
}

/** A token goes into a cookie, out of the address and out of reach. */
async function takeToken() {
  const token = fragment().get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  await client.signIn(token);
}

async function begin() {
  try {
    await takeToken();
    const wish = await client.suggestion();
    fillForm(wish);
    enter();
    await show(fragment().get("session") ?? (await client.open(wish)).session.id);
  } catch (error) {
    if (error.status === 401) return askForToken(null);
    enter();
    tell(another, error);
  }
}

function enter() {
  for (const section of [another, part("previews"), part("sign-out")]) section.hidden = false;
  for (const section of [signIn, part("loading")]) section.hidden = true;
  list.start();
}

function askForToken(message) {
  for (const section of [setup, another, part("previews"), part("sign-out"), part("loading")]) {
    section.hidden = true;
  }
  setup.replaceChildren();
  list.stop();
  signIn.hidden = false;
  tell(signIn, message);
  part("token").focus();
}

/** Shows a session; a reload comes back to it. */
async function show(id) {
  if (setup.querySelector(`[session-id="${CSS.escape(id)}"]`)) return;
  if (fragment().get("session") !== id) {
    const isFirst = setup.childElementCount === 0;
    history[isFirst ? "replaceState" : "pushState"](null, "", `#session=${id}`);
  }
  const element = document.createElement("incremental-machine-setup");
  element.setAttribute("session-id", id);
  setup.replaceChildren(element);
  setup.hidden = false;
  list.mark(id);
}

function fillForm({ projectId, githubRepo, githubBranch }) {
  part("project").value = projectId;
  part("repository").value = githubRepo;
  part("branch").value = githubBranch;
}

/** Shows what is wrong beside a form; nothing for null. */
function tell(section, error) {
  const place = section.querySelector(".problem");
  const fix = error?.fix ? ` Fix: ${error.fix}` : "";
  setText(place, error === null ? "" : formatErrorMessage(error) + fix);
  place.hidden = error === null;
}

/** Lets a form do its work once at a time. */
function onSubmit(section, act) {
  const form = section.querySelector("form");
  const submit = form.querySelector("[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    tell(section, null);
    try {
      await act(new FormData(form));
    } catch (error) {
      tell(section, error);
    }
    submit.disabled = false;
  });
}

onSubmit(signIn, async (data) => {
  await client.signIn(data.get("token").trim());
  signIn.querySelector("form").reset();
  await begin();
});

onSubmit(another, async (data) => {
  const { session } = await client.open(Object.fromEntries(data));
  await show(session.id);
  list.refresh();
  setup.scrollIntoView({ block: "start" });
});

part("sign-out").addEventListener("click", async () => {
  // Who is signed out already is signed out.
  await client.signOut().catch(() => {});
  askForToken(null);
});

window.addEventListener("hashchange", () => {
  const id = fragment().get("session");
  if (fragment().has("token")) begin();
  else if (id) show(id);
});

setup.addEventListener("setuperror", ({ detail }) => {
  if (detail.status === 401) askForToken(detail);
});
setup.addEventListener("setupchange", ({ detail }) => list.note(detail.session));
setup.addEventListener("setupgone", () => list.refresh());

begin();
