// The page of a gate circuit: gates unfold, leaves are followed, and every gate has its values and its formula.

import type { CircuitData } from "./data";
import { button, choice, field, h, math, named, section, svg, table, visible } from "./dom";
import { exact, grouped, short } from "./format";
import { Circuit, FEW, layout, shownChildren } from "./gates";
import type { Unfolded } from "./gates";

/** Gates that are seen at a time. */
const MOST_SEEN = 600;
/** Leaves that are listed to be followed. */
const MOST_LEAVES = 5000;
/** Symbols of a formula before it is cut off. */
const MOST_SYMBOLS = 300;

const [COLUMN, ROW, WIDTH, HEIGHT] = [150, 52, 96, 34];

export async function circuitPage(data: CircuitData): Promise<Node[]> {
    const view = new CircuitView(await Circuit.load(data));
    return view.elements();
}

class CircuitView {
    private root: number;
    private semiring = 0;
    private chosen: number;
    /** The gates whose children are seen. */
    private unfolded = new Map<number, Unfolded>();
    private path: number[] = [];
    private readonly drawing = h("div", { class: "circuit", tabindex: 0, role: "region", "aria-label": "Gates, from the output to the leaves" });
    private readonly detail = h("div", { "aria-live": "polite" });
    private readonly status = h("p", { class: "faint", role: "status" });
    private readonly leaf = h("input", { type: "text", list: "leaves", change: () => this.follow() });
    private readonly leaves = h("datalist", { id: "leaves" });
    private known = new Map<string, number>();

    constructor(private readonly circuit: Circuit) {
        this.root = circuit.data.outputs[0]?.gate ?? 0;
        this.chosen = this.root;
        this.start();
    }

    elements(): Node[] {
        const { data } = this.circuit;
        const outputs = choice("Output", data.outputs.map((output, at) => ({ value: String(at), label: `R(${output.name})` })), "0", (value) => {
            this.root = data.outputs[Number(value)]?.gate ?? 0;
            this.start();
            this.draw();
        });
        const semirings = choice("Values in semiring", data.semirings.map((semiring, at) => ({ value: String(at), label: semiring.name })), "0", (value) => {
            this.semiring = Number(value);
            this.draw();
        });
        const controls = h("div", { class: "controls" }, outputs, data.semirings.length > 0 && semirings,
            h("fieldset", {}, h("legend", { class: "hidden" }, "Gates"), h("span", {}, "Gates"), h("span", { class: "row" },
                button("unfold a level", () => this.level()), button("fold all", () => {
                    this.start();
                    this.draw();
                }))),
            field("Follow a leaf", this.leaf), this.leaves);
        this.draw();
        // Before the page has it, nothing is known of its size.
        requestAnimationFrame(() => this.draw());
        return [
            h("header", {}, h("h1", {}, named(data.title)), h("p", {}, `${grouped(this.circuit.size)} gates, ${data.outputs.length} ${data.outputs.length === 1 ? "output" : "outputs"}.`)),
            section("circuit", "The circuit", h("p", { class: "faint" }, "From an output at the left to leaves at the right. A press folds or unfolds a gate; of many children the most relevant are seen first."), controls, this.status, this.drawing),
            section("gate", "The gate", this.detail),
            h("footer", { class: "faint" }, `Written by kirchhoff ${visible(data.version)}.`),
        ];
    }

    private start(): void {
        this.unfolded = new Map([[this.root, { most: FEW, also: null }]]);
        this.chosen = this.root;
        this.path = [];
        this.leaf.value = "";
        const leaves = this.circuit.leaves(this.root, MOST_LEAVES);
        this.known = new Map(leaves.map(({ gate, name }) => [visible(name), gate]));
        this.leaves.replaceChildren(...[...this.known.keys()].map((name) => h("option", { value: name })));
    }

    /** Unfolds every gate that is seen folded. */
    private level(): void {
        const { seen } = layout(this.circuit, this.root, this.unfolded, this.semiring);
        let room = MOST_SEEN - seen.size;
        for (const { gate, folded } of seen.values()) {
            const count = Math.min(this.circuit.children(gate).length, FEW);
            if (!folded || count > room) continue;
            this.unfolded.set(gate, { most: FEW, also: null });
            room -= count;
        }
        this.draw();
    }

    private press(gate: number): void {
        this.chosen = gate;
        if (!this.circuit.isLeaf(gate)) {
            if (this.unfolded.has(gate) && gate !== this.root) this.unfolded.delete(gate);
            else if (!this.unfolded.has(gate)) this.unfolded.set(gate, { most: FEW, also: null });
        }
        this.draw(gate);
    }

    private follow(): void {
        const leaf = this.known.get(this.leaf.value);
        this.path = leaf === undefined ? [] : this.circuit.follow(this.root, leaf, this.semiring);
        this.path.forEach((gate, at) => {
            const next = this.path[at + 1];
            if (next === undefined) return;
            this.unfolded.set(gate, { most: this.unfolded.get(gate)?.most ?? FEW, also: next });
        });
        if (leaf !== undefined) this.chosen = leaf;
        this.draw();
    }

    private draw(focus?: number): void {
        const { circuit, semiring } = this, of = circuit.data.semirings[semiring], values = circuit.values[semiring];
        const { seen, wires, levels } = layout(circuit, this.root, this.unfolded, semiring);
        const tallest = Math.max(...levels.map((level) => level.length));
        const [width, height] = [levels.length * COLUMN + 20, tallest * ROW + 20];
        const at = (gate: number): [number, number] => {
            const { level, row } = seen.get(gate) ?? { level: 0, row: 0 };
            const count = levels[level]?.length ?? 1;
            return [10 + level * COLUMN, 10 + (row + (tallest - count) / 2) * ROW];
        };
        const follows = (a: number, b: number): boolean => this.path.some((gate, place) => gate === a && this.path[place + 1] === b);
        const lines = wires.map(([from, to]) => {
            const [x, y] = at(from), [u, v] = at(to);
            const [start, end] = [x + WIDTH, u];
            const on = follows(from, to);
            return svg("path", { d: `M${start} ${y + HEIGHT / 2}C${(start + end) / 2} ${y + HEIGHT / 2} ${(start + end) / 2} ${v + HEIGHT / 2} ${end} ${v + HEIGHT / 2}`, fill: "none", stroke: on ? "#c06000" : "#a0a0a0", "stroke-width": on ? 3 : 1, "data-on": on });
        });
        const nodes: SVGGElement[] = [];
        for (const { gate, folded, more } of seen.values()) {
            const [x, y] = at(gate);
            const symbol = circuit.symbol(gate, of), value = values ? short(values[gate] as number) : "";
            const leaf = circuit.isLeaf(gate), chosen = gate === this.chosen;
            const node = svg("g", {
                role: "button", tabindex: 0, transform: `translate(${x} ${y})`, "data-gate": gate,
                "aria-description": visible(circuit.describe(gate)), "aria-pressed": String(chosen), "aria-expanded": leaf ? undefined : String(!folded),
            },
                svg("rect", { width: WIDTH, height: HEIGHT, rx: leaf ? HEIGHT / 2 : 5, fill: circuit.isPlus(gate) ? "#e3ecf7" : circuit.isTimes(gate) ? "#f7ece0" : "#f3f3f3", stroke: chosen ? "#174a8b" : "#8a8a8a", "stroke-width": chosen ? 3 : 1 }),
                svg("text", { x: WIDTH / 2, y: 15, "text-anchor": "middle", "font-size": leaf ? 13 : 16, "font-weight": leaf ? 400 : 700, fill: "#1a1a1a" }, symbol.length > 14 ? `${[...symbol].slice(0, 13).join("")}…` : symbol),
                svg("text", { x: WIDTH / 2, y: 28, "text-anchor": "middle", "font-size": 11, fill: "#444" }, leaf && circuit.isContribution(gate) && !values ? "" : value),
                !leaf && svg("text", { x: WIDTH - 5, y: 14, "text-anchor": "end", "font-size": 12, fill: "#444" }, folded ? "+" : "−"));
            node.addEventListener("click", () => this.press(gate));
            node.addEventListener("keydown", (event) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                this.press(gate);
            });
            nodes.push(node);
            if (more > 0) {
                const others = svg("g", { role: "button", tabindex: 0, transform: `translate(${x} ${y + HEIGHT})`, "aria-label": `${more} more of ${circuit.describe(gate)}`, "data-more": gate },
                    svg("rect", { width: WIDTH, height: 12, fill: "#fff" }),
                    svg("text", { x: WIDTH / 2, y: 10, "text-anchor": "middle", "font-size": 10, fill: "#174a8b", "text-decoration": "underline" }, `${grouped(more)} more`));
                const unfold = (): void => {
                    const own = this.unfolded.get(gate);
                    this.unfolded.set(gate, { most: (own?.most ?? 0) + 3 * FEW, also: own?.also ?? null });
                    this.draw(gate);
                };
                others.addEventListener("click", unfold);
                others.addEventListener("keydown", (event) => {
                    if (event.key === "Enter" || event.key === " ") {
                        event.preventDefault();
                        unfold();
                    }
                });
                nodes.push(others);
            }
        }
        this.drawing.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "gates and wires" }, ...lines, ...nodes));
        this.status.textContent = `${grouped(seen.size)} gates are seen${seen.size >= MOST_SEEN - FEW ? ", as many as there is room for" : ""}${this.path.length ? `; the leaf is ${this.path.length - 1} gates away` : ""}.`;
        this.describe();
        if (focus !== undefined) this.drawing.querySelector<SVGGElement>(`[data-gate="${focus}"]`)?.focus({ preventScroll: true });
        // What is chosen stays in sight.
        const [x, y] = at(this.chosen), room = this.drawing;
        if (y < room.scrollTop || y + HEIGHT > room.scrollTop + room.clientHeight) room.scrollTop = y - room.clientHeight / 2;
        if (x < room.scrollLeft || x + WIDTH > room.scrollLeft + room.clientWidth) room.scrollLeft = x - room.clientWidth / 2;
    }

    private describe(): void {
        const { circuit, chosen } = this, { semirings, outputs } = circuit.data;
        const output = outputs.filter((output) => output.gate === chosen).map((output) => `R(${output.name})`);
        const budget = { left: MOST_SYMBOLS };
        const formula = math("math", math("mrow", ...this.formula(chosen, budget, true)));
        formula.setAttribute("display", "block");
        this.detail.replaceChildren(
            h("p", {}, named(circuit.describe(chosen)), output.length > 0 && h("span", { class: "faint" }, ", ", named(output.slice(0, 3).join(", ")))),
            h("div", { class: "scroll texts" }, table("Its values", ["semiring", "value", "what it says"], semirings.map((semiring, at) => {
                const values = circuit.values[at];
                return [named(semiring.name), values ? h("span", { "data-semiring": semiring.name }, exact(values[chosen] as number, values)) : "", h("span", { class: "faint" }, semiring.description)];
            }))),
            h("h3", {}, "Its formula, as far as it is unfolded"), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Formula" }, formula));
    }

    /** A gate as MathML, written out as far as it is unfolded. */
    private formula(gate: number, budget: { left: number }, outer: boolean): Element[] {
        const { circuit } = this, semiring = circuit.data.semirings[this.semiring];
        budget.left--;
        if (circuit.isLeaf(gate)) return [math(circuit.isContribution(gate) ? "mn" : "mi", circuit.symbol(gate, semiring))];
        const own = this.unfolded.get(gate) ?? (outer ? { most: FEW, also: null } : null);
        if (!own || budget.left < 0) return [math("msub", math("mi", "g"), math("mn", String(gate)))];
        const children = circuit.ordered(gate, this.semiring);
        const operator = (): Element => math("mo", circuit.symbol(gate, semiring));
        const shown = shownChildren(children, own);
        const parts = shown.flatMap((child, at) => [...(at ? [operator()] : []), ...this.formula(child, budget, false)]);
        if (children.length > shown.length) parts.push(operator(), math("mi", "…"));
        return outer || circuit.isTimes(gate) ? parts : [math("mo", "("), ...parts, math("mo", ")")];
    }
}
