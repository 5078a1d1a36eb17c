// Elements of the page. Texts become text nodes and nothing else: names from files may hold anything.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | EventListener | undefined>;

function fill<E extends Element>(made: E, attributes: Attributes, children: Child[]): E {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") made.addEventListener(name, value);
        else if (value === true) made.setAttribute(name, "");
        else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
    }
    made.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
    return made;
}

/** An element of HTML with attributes, listeners (functions) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
    return fill(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** A name from a file: its direction is its own, and does not turn what stands around it. */
export const named = (text: string): HTMLElement => h("bdi", {}, visible(text));

/** Control characters, line breaks and marks of direction made visible. */
export const visible = (text: string): string =>
    text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");

export interface Choice { value: string; label: string }

let fields = 0;

/** A control with its label. */
export function field(label: string, control: HTMLElement): HTMLElement {
    control.id = `field-${fields++}`;
    return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

/** A labelled list to choose from. */
export function choice(label: string, choices: Choice[], value: string, chosen: (value: string) => void): HTMLElement {
    const select = h("select", { change: () => chosen(select.value) },
        ...choices.map((one) => h("option", { value: one.value }, visible(one.label))));
    select.value = value;
    return field(label, select);
}

/** A labelled slider. */
export function slider(label: string, min: number, max: number, step: number, value: number, moved: (value: number) => void): HTMLElement {
    const input = h("input", { type: "range", min, max, step, value, input: () => moved(Number(input.value)) });
    return field(label, input);
}

export const button = (label: string, pressed: () => void, name?: string): HTMLButtonElement =>
    h("button", { type: "button", click: pressed, "aria-label": name, title: name }, label);

/** A table with a heading for each column. */
export function table(caption: string, columns: string[], rows: Child[][]): HTMLTableElement {
    return h("table", {}, h("caption", {}, caption),
        h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col" }, column)))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, at) => at ? h("td", {}, cell) : h("th", { scope: "row" }, cell))))));
}

/** An element of MathML. */
export function math(tag: string, ...children: (Element | string)[]): Element {
    const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
    made.append(...children);
    return made;
}

/** A part of the page with a heading. */
export function section(id: string, heading: string, ...children: Child[]): HTMLElement {
    return h("section", { id, "aria-labelledby": `${id}-heading` }, h("h2", { id: `${id}-heading` }, heading), ...children);
}
