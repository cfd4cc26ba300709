// The options of a stage that change while it runs, such as thresholds: each is written back as soon as it is set.

import { ask, paths } from "./api.js";
import { make, notice, say, set } from "./dom.js";
import { mayOperate } from "./session.js";

/** A form for a stage of `/graph`; null where nothing of it can be set here. */
export function optionsForm(pipeline, stage, names = null) {
  const known = stage.options.filter(option => (!names || names.includes(option.name)) && kind(option.schema));
  if (!known.length) return null;
  const rows = known.map(option => row(pipeline, stage.id, option));
  return make("div", { class: "options" }, rows);
}

/** How a value is set; null for zones and other things that have an editor of their own. */
function kind(schema) {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "boolean": case "number": case "integer": case "string": return schema.type;
    case "array": return schema.items?.type === "string" ? "list" : null;
    default: return null;
  }
}

function row(pipeline, stage, option) {
  const id = `option-${stage}-${option.name}`.replace(/[^\w-]/g, "-");
  const input = control(option, id, write), error = make("span", { class: "hint", role: "alert" });
  let value = option.value ?? option.default ?? null;
  input.show(value);
  async function write(wanted) {
    if (JSON.stringify(wanted) === JSON.stringify(value)) return;
    say(error, "");
    try {
      const { change } = await ask(paths.stage(pipeline, stage), { method: "PATCH", body: { options: { [option.name]: wanted } } });
      value = change?.options?.[option.name]?.new ?? wanted;
      notice(`${stage}: ${option.name} is ${text(value)}`);
    } catch (refusal) {
      say(error, refusal.message);
      input.show(value);
    }
  }
  for (const field of input.fields) {
    set(field, "disabled", !mayOperate());
    set(field, "aria-describedby", `${id}-hint`);
  }
  return make("div", { class: "option" }, make("label", { for: id }, option.name), make("div", { class: "control" }, input.fields),
    make("span", { class: "hint", id: `${id}-hint` }, option.summary), error);
}

const text = value => value === null ? "unset" : Array.isArray(value) ? value.join(", ") : String(value);

/** `{ fields, show }`: the elements, the first of which has the id, and what lets them show a value. */
function control({ name, schema, default: usual }, id, write) {
  switch (kind(schema)) {
    case "boolean": {
      const box = make("input", { type: "checkbox", id, onchange: () => write(box.checked) });
      return { fields: [box], show: value => { box.checked = value === true; } };
    }
    case "choice": {
      const choice = make("select", { id, onchange: () => write(choice.value || null) },
        usual === undefined ? make("option", { value: "" }, "unset") : "", schema.enum.map(word => make("option", { value: word }, word)));
      return { fields: [choice], show: value => { choice.value = value ?? ""; } };
    }
    case "number": case "integer": return numberControl(name, schema, id, write);
    case "list": {
      const field = make("input", { type: "text", id, placeholder: usual === undefined ? "all" : null, onchange: () => write(words(field.value)) });
      return { fields: [field], show: value => { field.value = (value ?? []).join(", "); } };
    }
    default: {
      const field = make("input", { type: "text", id, onchange: () => write(field.value || null) });
      return { fields: [field], show: value => { field.value = value ?? ""; } };
    }
  }
}

function words(text) {
  const words = text.split(",").map(word => word.trim()).filter(Boolean);
  return words.length ? words : null;
}

/** A number, and beside it a slider where the range is small enough for one. */
function numberControl(name, { type, minimum, maximum }, id, write) {
  const step = type === "integer" ? 1 : "any", hasSlider = maximum <= 1 && minimum >= 0 && type === "number";
  const field = make("input", { type: "number", id, min: minimum, max: maximum, step,
    onchange: () => write(field.value === "" ? null : Number(field.value)) });
  if (!hasSlider) return { fields: [field], show: value => { field.value = value ?? ""; } };
  const slider = make("input", { type: "range", min: minimum, max: maximum, step: 0.01, "aria-label": `${name}, slider`,
    oninput: () => { field.value = slider.value; }, onchange: () => write(Number(slider.value)) });
  field.addEventListener("input", () => { slider.value = field.value; });
  return { fields: [field, slider], show: value => { field.value = slider.value = value ?? ""; } };
}
