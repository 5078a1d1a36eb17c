// The layers: the network as a graph, what each layer did with relevance, and the relevance of its channels.

import { numbers } from "./data";
import type { Conservation, Layer, LedgerEntry, Semiring } from "./data";
import { choice, h, named, section, svg, table } from "./dom";
import { coordinates, exact, grouped, percent, short } from "./format";
import type { Palettes } from "./palette";
import { fit } from "./scale";
import type { State, Store } from "./state";

const ROW = 38;
const LANE = 14;

/** What became of relevance, in the order in which bars show it. */
const FATES: [keyof Conservation & ("left" | "bias" | "stabiliser" | "uncovered"), string, string][] = [
    ["left", "passed on", "#174a8b"], ["bias", "bias", "#c97b12"], ["stabiliser", "ε", "#8a2d7f"], ["uncovered", "no source", "#7a7a7a"],
];

export class LayersSection {
    readonly element: HTMLElement;
    private readonly list = h("ol", { class: "layers" });
    private readonly detail = h("div", { class: "detail", role: "region", tabindex: 0, "aria-label": "The layer that is chosen", "aria-live": "polite" });
    private rows: HTMLButtonElement[] = [];
    private turn = 0;

    constructor(private readonly store: Store, private readonly palettes: Palettes) {
        const { data } = store;
        this.element = section("layers", "Layers",
            h("p", { class: "faint" }, "The network from its input down to its output, as it was executed: normalisation is folded into its neighbours where that is exact. Choose a layer for its ledger and the relevance of its channels."),
            h("div", { class: "controls" },
                choice("Under semiring", data.semirings.map((semiring, at) => ({ value: String(at), label: semiring.name })), "0", (value) => void store.set({ semiring: Number(value) }))),
            key(), h("div", { class: "split" }, h("div", { class: "list", tabindex: 0, role: "region", "aria-label": "Layers of the network" }, this.list), this.detail));
        store.listen((changed) => this.changed(changed));
        this.build();
        void this.describe();
    }

    private changed(changed: Set<keyof State>): void {
        const any = (...keys: (keyof State)[]): boolean => keys.some((key) => changed.has(key));
        if (any("semiring", "input")) this.build();
        else if (any("layer", "path")) this.mark();
        if (any("semiring", "input", "layer", "part")) void this.describe();
    }

    private semiring(): Semiring | undefined {
        return this.store.data.semirings[this.store.state.semiring];
    }

    private entry(layer: string): LedgerEntry | undefined {
        return this.semiring()?.ledgers[this.store.state.input]?.layers.find((entry) => entry.layer === layer);
    }

    private build(): void {
        const { store } = this, { data } = store, semiring = this.semiring();
        const lanes = laneLayout(data.layers);
        const width = LANE * (1 + Math.max(...lanes.flatMap((row) => [row.lane, ...row.passing, ...row.from]), 0)) + LANE;
        this.rows = data.layers.map((layer) => {
            const entry = this.entry(layer.name);
            const setting = semiring?.settings.find((setting) => setting.layer === layer.name);
            const threshold = setting?.thresholds?.[store.state.input];
            const rule = [setting?.rule ?? entry?.rule, threshold === undefined ? setting?.annotation : `θ = ${short(threshold)}`].filter(Boolean).join(" · ");
            return h("button", { type: "button", "aria-pressed": "false", click: () => void store.set({ layer: store.state.layer === layer.name ? null : layer.name }) },
                h("span", {}, named(layer.name)),
                h("span", { class: "faint" }, layer.operator, " ", layer.shape.join("×")),
                h("span", { class: "faint" }, layer.edges ? `${grouped(layer.edges)} edges` : ""),
                h("span", {}, entry?.conservation ? balance(entry.conservation) : entry ? relevantBar(entry) : null, h("span", { class: "faint" }, rule)));
        });
        this.list.replaceChildren(...this.rows.map((row, at) => h("li", {}, graph(lanes, at, width), row)));
        this.mark();
    }

    private mark(): void {
        const { state, data } = this.store;
        const path = state.path && data.inputs[state.input]?.paths.find((paths) => paths.part === state.part && paths.element === state.path?.element)?.paths[state.path.number];
        const on = new Map(path ? path.steps.map(([layer, neuron]) => [data.layers[layer]?.name ?? "", neuron]) : []);
        if (path) on.set(data.parts[state.part]?.name ?? "", state.path?.element ?? 0);
        this.rows.forEach((row, at) => {
            const layer = data.layers[at] as Layer;
            row.setAttribute("aria-pressed", String(layer.name === state.layer));
            row.classList.toggle("on-path", on.has(layer.name));
            row.querySelector(".neuron")?.remove();
            const neuron = on.get(layer.name);
            if (neuron !== undefined) row.firstElementChild?.append(h("span", { class: "neuron faint" }, ` [${coordinates(neuron, layer.shape).join(", ")}]`));
        });
    }

    private async describe(): Promise<void> {
        const { store } = this, { state, data } = store, semiring = this.semiring();
        const turn = ++this.turn;
        const layer = data.layers.find((layer) => layer.name === state.layer);
        if (!layer || !semiring) {
            this.detail.replaceChildren(h("p", { class: "faint" }, "No layer is chosen."));
            return;
        }
        const parts: Node[] = [h("h3", {}, named(layer.name))];
        const facts: [string, string][] = [["operator", layer.operator], ["shape", layer.shape.join(" × ")], ["edges", grouped(layer.edges)], ["parameters", grouped(layer.parameters)]];
        if (layer.folded.length > 0) facts.push(["takes in", layer.folded.join(", ")]);
        const entry = this.entry(layer.name);
        if (entry) {
            facts.push(["rule", entry.rule], ["relevant neurons", `${grouped(entry.relevant)} of ${grouped(entry.neurons)} (${percent(entry.relevant, entry.neurons)})`]);
            if (entry.kept !== null) facts.push(["edges that Θ keeps", `${grouped(entry.kept)} (${percent(entry.kept, entry.edges)})`]);
        }
        const setting = semiring.settings.find((setting) => setting.layer === layer.name);
        if (setting?.annotation) facts.push(["Θ", setting.annotation]);
        parts.push(h("div", { class: "scroll" }, table("The layer", ["what", "is"], facts)));
        if (entry?.conservation) {
            const { conservation } = entry;
            parts.push(h("h3", {}, "Ledger"), balance(conservation),
                h("div", { class: "scroll" }, table(`Sums of relevance${conservation.shares ? "" : "; the rule does not share it out"}`, ["what", "sum", "share"],
                    [["entered", conservation.entered] as const, ...FATES.map(([key, name]) => [name, conservation[key]] as const)]
                        .map(([name, sum]) => [name, short(sum, 6), conservation.entered ? `${short(100 * sum / conservation.entered, 4)} %` : ""]))));
        }
        parts.push(...await this.channels(layer, semiring));
        if (turn === this.turn) this.detail.replaceChildren(...parts);
    }

    private async channels(layer: Layer, semiring: Semiring): Promise<Node[]> {
        const { state } = this.store;
        const at = semiring.summaries.findIndex((summary) => summary.layer === layer.name);
        const summary = semiring.summaries[at], ref = semiring.channels[state.input];
        if (!summary || !ref) return [h("p", { class: "faint" }, "The relevance of its channels is not part of the page.")];
        if (!summary.channels) return [h("p", { class: "faint" }, "It has too many channels to list.")];
        const first = semiring.summaries.slice(0, at).reduce((sum, other) => sum + other.channels, 0);
        const values = (await numbers(ref)).subarray(first, first + summary.channels);
        const fitted = fit("linear", semiring.meaning, values);
        const order = Array.from(values, (_, channel) => channel);
        order.sort((a, b) => Math.abs(fitted.position(values[b] as number)) - Math.abs(fitted.position(values[a] as number)) || a - b);
        const most = order.slice(0, 40);
        const palette = this.palettes.chosen("meaning", semiring.meaning);
        const signed = semiring.meaning === "signed";
        const rows = most.flatMap((channel) => {
            const position = fitted.position(values[channel] as number);
            const fill = h("i"), length = 100 * Math.abs(position) / (signed ? 2 : 1);
            fill.style.background = this.palettes.css(palette, position);
            fill.style.width = `${length}%`;
            fill.style.left = signed ? `${position < 0 ? 50 - length : 50}%` : "0";
            return [h("span", {}, String(channel)), h("span", { class: "track" }, fill), h("span", { "data-channel": channel }, exact(values[channel] as number, values))];
        });
        const what = layer.shape.length > 1 ? "channels" : "neurons";
        return [h("h3", {}, `Relevance by ${what === "channels" ? "channel" : "neuron"}`),
            h("p", { class: "faint" }, `${most.length < order.length ? `The ${most.length} most relevant of ${grouped(order.length)} ${what}` : `All ${order.length} ${what}`}, each joined by ⊕.`),
            h("div", { class: "bars" }, ...rows)];
    }
}

function key(): HTMLElement {
    const box = (colour: string): HTMLElement => {
        const box = h("i");
        box.style.background = colour;
        return box;
    };
    return h("div", { class: "key" }, ...FATES.map(([, name, colour]) => h("span", {}, box(colour), name)), h("span", {}, "as shares of what entered; other semirings: relevant neurons"));
}

/** What entered a layer, and where it went: magnitudes, so that a bar is filled where the books balance. */
function balance(conservation: Conservation): HTMLElement {
    const sizes = FATES.map(([key]) => Math.abs(conservation[key]));
    const whole = Math.max(Math.abs(conservation.entered), sizes.reduce((a, b) => a + b, 0));
    const label = FATES.map(([key, name]) => `${name} ${short(conservation[key])}`).join(", ");
    return h("span", { class: "balance", role: "img", "aria-label": `entered ${short(conservation.entered)}: ${label}`, title: label }, ...FATES.map(([, , colour], at) => {
        const part = h("i");
        part.style.background = colour;
        part.style.width = `${whole ? 100 * (sizes[at] as number) / whole : 0}%`;
        return part;
    }));
}

function relevantBar(entry: LedgerEntry): HTMLElement {
    const part = h("i");
    part.style.background = "#5b83b5";
    part.style.width = `${entry.neurons ? 100 * entry.relevant / entry.neurons : 0}%`;
    const label = `${grouped(entry.relevant)} of ${grouped(entry.neurons)} neurons are relevant`;
    return h("span", { class: "balance", role: "img", "aria-label": label, title: label }, part);
}

interface Row { lane: number; passing: number[]; from: number[]; ends: number[] }

/** A lane for each layer, so that lines between layers that are not neighbours pass the others by. */
export function laneLayout(layers: Layer[]): Row[] {
    const last = layers.map((_, at) => Math.max(at, ...layers.flatMap((other, user) => other.arguments.includes(at) ? [user] : [])));
    /** The layer whose line runs in each lane. */
    const lanes: (number | null)[] = [];
    const laneOf: number[] = [];
    return layers.map((layer, at) => {
        const from = [...new Set(layer.arguments.map((argument) => laneOf[argument] as number))];
        const ends = lanes.flatMap((holder, lane) => holder !== null && (last[holder] as number) <= at ? [lane] : []);
        for (const lane of ends) lanes[lane] = null;
        const own = layer.arguments.map((argument) => laneOf[argument] as number).find((lane) => lanes[lane] === null);
        const free = lanes.indexOf(null);
        const lane = own ?? (free >= 0 ? free : lanes.length);
        lanes[lane] = (last[at] as number) > at ? at : null;
        laneOf[at] = lane;
        const passing = lanes.flatMap((holder, other) => holder !== null && holder !== at ? [other] : []);
        return { lane, passing, from, ends };
    });
}

/** The piece of the graph that stands beside a row. */
function graph(rows: Row[], at: number, width: number): SVGSVGElement {
    const row = rows[at] as Row, x = (lane: number): number => LANE * (lane + 0.5) + 4;
    const middle = ROW / 2, own = x(row.lane);
    const lines = [
        ...row.passing.map((lane) => row.from.includes(lane) || row.lane === lane ? null : `M${x(lane)} 0V${ROW}`),
        ...row.from.map((lane) => `M${x(lane)} 0C${x(lane)} ${middle * 0.7} ${own} ${middle * 0.5} ${own} ${middle}`),
        ...row.from.filter((lane) => row.passing.includes(lane) && lane !== row.lane).map((lane) => `M${x(lane)} 0V${ROW}`),
        ...(rows.slice(at + 1).some((later) => later.from.includes(row.lane)) && at + 1 < rows.length ? [`M${own} ${middle}V${ROW}`] : []),
    ].filter((line) => line !== null);
    return svg("svg", { width, viewBox: `0 0 ${width} ${ROW}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("path", { d: lines.join(""), fill: "none", stroke: "#8a8a8a", "stroke-width": 1.5 }),
        svg("circle", { cx: own, cy: middle, r: 4.5, fill: "#174a8b" }));
}
