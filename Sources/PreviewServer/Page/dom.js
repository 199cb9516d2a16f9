/** Making elements. Text is always text here; there is no way to pass markup. */

const svgNamespace = "http://www.w3.org/2000/svg";

/**
 * Makes an element. An attribute that is null, undefined or false is left out, `true` is set
 * empty; a function is called on the event of its name, as in `{ click: act }`.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else setAttribute(element, name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets or takes away an attribute, without a change where it has that value. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Sets an element's text, without a change where it is that. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Gives an element other children only where what they show is another one, so that focus,
 * selection and open details survive. `key` stands for what they show.
 */
export function setChildren(element, key, build) {
  const text = JSON.stringify(key) ?? "";
  if (element.shownKey === text) return;
  element.shownKey = text;
  element.replaceChildren(...[build()].flat().filter((child) => child !== null));
}

/** An address that can be a link: http or https, nothing that runs here. */
export function linkAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that opens in a new tab, or just its text where it is no address. */
export function externalLink(address, attributes = {}, ...children) {
  const href = linkAddress(address);
  const content = children.length > 0 ? children : [address];
  if (!href) return make("span", attributes, ...content);
  const away = { target: "_blank", rel: "noopener noreferrer" };
  return make("a", { href, ...away, ...attributes }, ...content);
}

const shapes = {
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  loader: ["M12 3a9 9 0 1 0 9 9"],
  alert: ["M12 7v6", "M12 16.6v.1"],
  stale: ["M19 12a7 7 0 1 1-2.2-5.1", "M19 4v4h-4"],
  circle: [],
  repository: [
    "M7 8v8", "M7 14c5 0 10 0 10-5", "M9 6a2 2 0 1 1-4 0a2 2 0 0 1 4 0",
    "M9 18a2 2 0 1 1-4 0a2 2 0 0 1 4 0",
    "M19 7a2 2 0 1 1-4 0a2 2 0 0 1 4 0",
  ],
  machine: ["M4 5h16v6H4zM4 13h16v6H4z", "M7.5 8v.1M7.5 16v.1"],
  settings: ["M4 7h9M17 7h3M4 17h3M11 17h9", "M15 5v4M9 15v4"],
  boot: ["M7 5l11 7-11 7z"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  open: ["M14 4h6v6", "M20 4l-9 9", "M18 14v6H4V6h6"],
  refresh: ["M20 12a8 8 0 1 1-2.5-5.8", "M20 3v5h-5"],
  arrow: ["M5 12h14", "M13 6l6 6-6 6"],
  pause: ["M9 5v14M15 5v14"],
  play: ["M7 5l11 7-11 7z"],
  stop: ["M6 6h12v12H6z"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6 7l1 13h10l1-13"],
  chevron: ["M6 9l6 6 6-6"],
  clear: ["M6 6l12 12M18 6L6 18"],
};

/** A drawn icon. With a label it speaks for itself; without, it only goes with a text. */
export function icon(name, label) {
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  for (const shape of shapes[name]) {
    const path = document.createElementNS(svgNamespace, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

/** A button with an icon and a word. */
export function button(label, { iconName, kind = "quiet", ...attributes } = {}) {
  return make(
    "button", { type: "button", class: `button ${kind}`, ...attributes },
    iconName ? icon(iconName) : null, make("span", {}, label),
  );
}

/** A button that copies a text and says so for a moment. */
export function copyButton(what, text) {
  const said = make("span", { role: "status" });
  let timer;
  const copy = async () => {
    setText(said, (await copyText(text())) ? "Copied" : "Not copied");
    clearTimeout(timer);
    timer = setTimeout(() => setText(said, ""), 2000);
  };
  return make("span", { class: "copy" }, said, make(
    "button",
    {
      type: "button", class: "button ghost", "aria-label": `Copy ${what}`, title: `Copy ${what}`,
      click: copy,
    },
    icon("copy")));
}

/** Copies without the network, also where a page is no secure context. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const before = document.activeElement;
  const area = make("textarea", { readonly: true, "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  before?.focus();
  return isDone;
}
