// Makes elements, and keeps lists of them in step with data.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children. A key that begins with "on" is a listener; false and null leave out. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else set(element, key, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets an attribute only where it differs: what stays the same is not told to screen readers again. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Keeps the children of `parent` in step with `items`: elements stay as long as their keys do, so that focus and
 * selection stay too. `create` gives an element; `update` is called for each.
 */
export function keep(parent, items, key, create, update = () => {}) {
  const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = old.get(name);
    old.delete(name);
    if (!child) {
      child = create(item);
      child.dataset.key = name;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

/** Short news for everybody; a refusal stays longer. */
export function notice(text, state = "good") {
  const box = make("div", { class: "notice", "data-state": state }, text);
  document.getElementById("notices").append(box);
  setTimeout(() => box.remove(), state === "bad" ? 12_000 : 4_000);
}
