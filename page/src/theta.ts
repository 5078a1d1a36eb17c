// Every threshold at once: boolean relevance at any θ, from critical thresholds.

import type { Numbers, Semiring } from "./data";
import { numbers } from "./data";
import { button, field, h, named, section, slider } from "./dom";
import { exact, grouped, percent, short } from "./format";
import { joined } from "./join";
import { MapPanel } from "./map";
import type { Palettes } from "./palette";
import type { State, Store } from "./state";

interface Mark { theta: number; label: string }

const STEPS = 1000;

export class ThetaSection {
    readonly element: HTMLElement;
    private theta = 1e-9;
    /** Critical thresholds of the part that is looked at, channels joined, and those that are above 0 in ascending order. */
    private values: Numbers = new Float32Array();
    private positive: Float64Array = new Float64Array();
    private quantiles: Numbers = new Float32Array();
    private map: MapPanel | null = null;
    private readonly body = h("div", { class: "split even" });
    private readonly field = h("input", { type: "number", step: "any", change: () => this.move(Number(this.field.value)) });
    private readonly range = slider("θ", 0, STEPS, 1, 0, (step) => this.move(this.at(step)));
    private readonly marks = h("div", { class: "chips" });
    private readonly line = h("p", { class: "value", "aria-live": "polite" });
    private readonly coverage = h("div", { class: "scroll" });
    private readonly picture = h("div", {});

    constructor(private readonly store: Store, private readonly palettes: Palettes, private readonly semiring: Semiring, private readonly at_: number) {
        this.element = section("theta", "Every threshold at once",
            h("p", { class: "faint" }, "An element is relevant at θ where a path leads to it on which every contribution is at least θ. The largest such θ is its critical threshold: what ", named(semiring.name), " says."),
            h("div", { class: "controls" }, this.range, field("θ as a number", this.field)),
            this.marks, this.line, this.body);
        this.body.append(this.picture, h("div", { class: "detail", role: "region", tabindex: 0, "aria-label": "Relevant at θ, layer by layer" }, this.coverage));
        store.listen((changed) => this.changed(changed));
        void this.load();
    }

    private changed(changed: Set<keyof State>): void {
        const any = (...keys: (keyof State)[]): boolean => keys.some((key) => changed.has(key));
        if (any("input", "part", "channels")) void this.load();
        else if (any("view", "cursor", "pinned")) {
            this.map?.draw();
            this.tell();
        }
    }

    private async load(): Promise<void> {
        const { store, semiring } = this, { state, loaded } = store;
        const relevance = loaded.relevance[this.at_];
        this.element.hidden = !relevance;
        if (!relevance) return;
        const ref = semiring.quantiles[state.input];
        this.quantiles = ref ? await numbers(ref) : new Float32Array();
        this.values = joined(relevance, loaded.places, state.channels, semiring);
        this.positive = Float64Array.from(this.values).filter((value) => value > 0 && Number.isFinite(value)).sort();
        this.map = null;
        this.picture.replaceChildren();
        if (store.state.shape === "picture") {
            this.map = new MapPanel(store, "relevant at θ", (place) => void store.set({ pinned: place }));
            this.picture.append(h("figure", { class: "theta-map" }, this.map.canvas));
        }
        const marks = this.marksOf();
        this.marks.replaceChildren(...marks.map((mark) => button(`${mark.label}: ${short(mark.theta, 4)}`, () => this.move(mark.theta))));
        this.move(this.theta, true);
    }

    /** Thresholds that somebody chose: those of the paper, those of the other semirings, and those that keep a share. */
    private marksOf(): Mark[] {
        const { data, state } = this.store;
        const marks: Mark[] = [{ theta: 1e-9, label: "the paper's, for digits" }];
        for (const semiring of data.semirings) {
            const thetas: number[] = [];
            let chosen = false;
            for (const setting of semiring.settings) {
                const own = setting.thresholds?.[state.input];
                const written = /^threshold(?:-abs)?\(([^)]+)\)$/.exec(setting.annotation ?? "");
                if (own !== undefined) {
                    thetas.push(own);
                    chosen = true;
                } else if (written) thetas.push(Number(written[1]));
            }
            const [low, high] = [Math.min(...thetas), Math.max(...thetas)];
            if (!thetas.length || high === 1e-9) continue;
            const name = `${semiring.name}${chosen ? ", chosen" : ""}`;
            if (low === high) marks.push({ theta: low, label: name });
            else marks.push({ theta: low, label: `${name}, lowest` }, { theta: high, label: `${name}, highest` });
        }
        const places = this.values.length;
        for (const share of [0.2, 0.05]) {
            const theta = this.positive[this.positive.length - Math.round(share * places)];
            if (theta !== undefined && share * places >= 1) marks.push({ theta, label: `keeps ${100 * share} %` });
        }
        return marks;
    }

    /** θ at a step of the slider: logarithmic between the least and the largest that makes a difference. */
    private ends(): [number, number] {
        const low = this.positive[0] ?? 1e-9, high = this.positive[this.positive.length - 1] ?? 1;
        return [Math.log(low / 1.05), Math.log(high * 1.05)];
    }

    private at(step: number): number {
        const [low, high] = this.ends();
        return Math.exp(low + (high - low) * step / STEPS);
    }

    private move(theta: number, anew = false): void {
        if (!Number.isFinite(theta) || theta === this.theta && !anew) return;
        this.theta = theta;
        const [low, high] = this.ends();
        const range = this.range.querySelector("input");
        if (range) {
            range.value = String(Math.round(STEPS * (Math.log(theta > 0 ? theta : 1e-300) - low) / (high - low || 1)));
            range.setAttribute("aria-valuetext", short(theta, 4));
        }
        this.field.value = String(Number(theta.toPrecision(6)));
        this.map?.paint(this.palettes.table("truth"), (place) => (this.values[place] as number) >= theta ? 1 : 0, null, 0);
        this.tell();
        this.cover();
    }

    private relevant(values: ArrayLike<number>): number {
        let count = 0;
        for (let at = 0; at < values.length; at++) count += (values[at] as number) >= this.theta ? 1 : 0;
        return count;
    }

    private tell(): void {
        const { cursor, pinned } = this.store.state;
        const place = cursor ?? pinned;
        const count = this.relevant(this.values), all = this.values.length;
        const own = place === null ? "" : `; this one up to θ = ${exact(this.values[place] as number, this.values)}`;
        this.line.textContent = `${grouped(count)} of ${grouped(all)} are relevant (${percent(count, all)})${own}`;
    }

    /** What share of each layer is relevant at θ. */
    private cover(): void {
        let first = 0;
        const rows = this.semiring.summaries.map((summary) => {
            const values = this.quantiles.subarray(first, first += summary.quantiles);
            const share = values.length ? this.relevant(values) / values.length : 0;
            const fill = h("i");
            fill.style.width = `${100 * share}%`;
            fill.style.background = "#174a8b";
            const all = summary.quantiles === summary.neurons;
            return { layer: summary.layer, share, text: `${all ? "" : "≈ "}${percent(this.relevant(values), values.length)}`, bar: h("div", { class: "balance" }, fill) };
        }).reverse();
        this.coverage.hidden = !rows.length;
        this.coverage.replaceChildren(h("table", { class: "coverage" }, h("caption", {}, "Relevant at θ, layer by layer, from the input"),
            h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "layer"), h("th", { scope: "col" }, "relevant"), h("th", { scope: "col" }, "share"))),
            h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row" }, named(row.layer)), h("td", {}, row.text), h("td", {}, row.bar))))));
    }
}
