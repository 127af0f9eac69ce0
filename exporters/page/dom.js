// Making and changing elements; nothing is touched that has not changed.

const SVG = "http://www.w3.org/2000/svg";

/** The element with that id. */
export const at = (id) => document.getElementById(id);

/** A new element with a class and children. */
export const make = (tag, className = "", ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

/** A new SVG element with attributes. */
export const makeSvg = (tag, attributes = {}) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

/** Text that is shown when there is any. */
export const setOptional = (element, text) => {
  element.hidden = !text;
  setText(element, text || "");
};

/** Keeps one child for every item and changes it in place, so that selected text stays selected. */
export const setItems = (parent, items, create, update) => {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  while (parent.children.length < items.length) parent.append(create());
  items.forEach((item, index) => update(parent.children[index], item));
};

/** A number with a smaller unit; a dash that says so when it is not reported. */
export const setValue = (element, text) => {
  if (element.shown === text) return;
  element.shown = text;
  if (text === null) {
    const dash = make("span", "absent", "\u2013");
    dash.title = "not reported";
    dash.setAttribute("aria-hidden", "true");
    element.replaceChildren(dash, make("span", "unseen", "not reported"));
    return;
  }
  const [number, ...unit] = text.split("\u00a0");
  element.replaceChildren(number);
  if (unit.length) element.append(make("span", "unit", `\u00a0${unit.join("\u00a0")}`));
};
