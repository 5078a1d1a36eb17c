// Relevance side by side: the input and every semiring, as pictures, curves, bars or words.

import { CurvePanel } from "./curve";
import type { Numbers, Semiring } from "./data";
import { button, choice, h, named, section, slider, visible } from "./dom";
import { exact, grouped } from "./format";
import { joined } from "./join";
import { inputPixels, MapPanel, zoomed } from "./map";
import { isDark } from "./palette";
import type { Palettes } from "./palette";
import { compare, fit } from "./scale";
import type { Fitted, ScaleName } from "./scale";
import { WHOLE } from "./state";
import type { Shape, State, Store } from "./state";

/** What one semiring says of the part that is looked at. */
interface Shown {
    semiring: Semiring;
    values: Numbers;
    fitted: Fitted;
    /** Places from the most relevant one on: 1 for it. */
    ranks(): Uint32Array;
}

export class RelevanceSection {
    readonly element: HTMLElement;
    private readonly controls = h("div", { class: "controls" });
    private readonly panels = h("div", { class: "panels" });
    private readonly readout = h("div", { class: "scroll" });
    private shown: (Shown | null)[] = [];
    private redraw: (() => void)[] = [];
    private repaint: (() => void)[] = [];
    private captions: { value: HTMLElement; tell(place: number | null): string }[] = [];

    constructor(private readonly store: Store, private readonly palettes: Palettes) {
        this.element = section("relevance", "Relevance",
            h("p", { class: "faint" }, "Point at an element for its values, choose one to ask why. Drag to move, double-click or use the buttons to zoom; with Ctrl the wheel zooms."),
            this.controls, this.panels,
            h("h3", {}, "The element"), this.readout);
        store.listen((changed) => this.changed(changed));
        this.build();
    }

    private changed(changed: Set<keyof State>): void {
        const any = (...keys: (keyof State)[]): boolean => keys.some((key) => changed.has(key));
        if (any("input", "part", "shape", "channels", "scale")) return this.build(any("part", "shape", "input"));
        if (any("palette", "overlay")) this.repaint.forEach((paint) => paint());
        else if (any("view", "cursor", "pinned")) this.redraw.forEach((draw) => draw());
        if (any("cursor", "pinned")) this.tell();
    }

    /** Everything anew; controls only where they change. */
    private build(controls = true): void {
        const { store } = this;
        if (controls) this.controls.replaceChildren(...this.buildControls());
        this.shown = store.data.semirings.map((semiring, at) => this.show(semiring, store.loaded.relevance[at] ?? null));
        [this.redraw, this.repaint, this.captions] = [[], [], []];
        const shape = store.state.shape;
        this.panels.classList.toggle("wide", shape === "curve");
        this.panels.classList.toggle("broad", shape === "words" || shape === "bars");
        const panels = shape === "words" ? this.words() : shape === "bars" ? this.bars() : this.maps(shape);
        this.panels.replaceChildren(...panels);
        this.repaint.forEach((paint) => paint());
        this.tell();
    }

    private show(semiring: Semiring, relevance: Numbers | null): Shown | null {
        if (!relevance) return null;
        const { state, loaded } = this.store;
        const values = joined(relevance, loaded.places, state.channels, semiring);
        let ranks: Uint32Array | null = null;
        return {
            semiring, values, fitted: fit(state.scale, semiring.meaning, values),
            ranks: () => ranks ??= ranked(semiring, values),
        };
    }

    private buildControls(): Node[] {
        const { store } = this, { state, loaded, data } = store;
        const set = (change: Partial<State>): void => void store.set(change);
        const shapes = store.shapes();
        const named: Record<Shape, string> = { picture: "picture", curve: "curve", bars: "bars", words: "words" };
        const parts = data.parts.map((part, at) => ({ value: String(at), label: part.name }))
            .filter((_, at) => data.semirings.some((semiring) => semiring.relevance[state.input]?.[at]));
        const joins = [
            { value: "plus", label: "joined by ⊕" }, { value: "sum", label: "sum" }, { value: "maximum", label: "most relevant" }, { value: "minimum", label: "least relevant" },
            ...Array.from({ length: Math.min(loaded.channels, 256) }, (_, at) => ({ value: String(at), label: `channel ${at}` })),
        ];
        const channels = (value: string): State["channels"] => /^\d+$/.test(value) ? Number(value) : value as State["channels"];
        return [
            parts.length > 1 && choice("Input of the network", parts, String(state.part), (value) => set({ part: Number(value) })),
            shapes.length > 1 && choice("Drawn as", shapes.map((shape) => ({ value: shape, label: named[shape] })), state.shape, (value) => set({ shape: value as Shape })),
            loaded.channels > 1 && choice("Channels", joins, String(state.channels), (value) => set({ channels: channels(value) })),
            choice("Colours", [
                { value: "meaning", label: "by meaning" }, { value: "diverging", label: "blue to red" },
                { value: "sequential", label: "white to purple" }, { value: "grey", label: "black to white" },
            ], state.palette, (value) => set({ palette: value as State["palette"] })),
            choice("Scale", [
                { value: "meaning", label: "by meaning" }, { value: "linear", label: "linear" },
                { value: "symlog", label: "symmetric logarithm" }, { value: "quantile", label: "quantiles" },
            ], state.scale, (value) => set({ scale: value as ScaleName })),
            (state.shape === "picture" || state.shape === "curve") &&
                slider("Input beneath relevance", 0, 1, 0.01, state.overlay, (overlay) => set({ overlay })),
            (state.shape === "picture" || state.shape === "curve") && h("fieldset", {},
                h("legend", { class: "hidden" }, "View"), h("span", {}, "View"),
                h("span", { class: "row" },
                    button("+", () => set({ view: zoomed(store.state.view, 1.5) }), "zoom in"),
                    button("−", () => set({ view: zoomed(store.state.view, 1 / 1.5) }), "zoom out"),
                    button("all", () => set({ view: WHOLE }), "show all of it"))),
        ].filter((control): control is HTMLElement => Boolean(control));
    }

    private heading(name: string, description: string, fitted: Fitted | null, canvas: Node, tell: (place: number | null) => string): HTMLElement {
        const value = h("div", { class: "value" });
        this.captions.push({ value, tell });
        return h("figure", {}, h("figcaption", { title: description }, h("strong", {}, visible(name)), value), canvas,
            ...(fitted ? [this.bar(fitted, name), h("div", { class: "legend" }, h("span", {}, fitted.legend))] : []));
    }

    /** The colours of a scale from its least relevant end to the most relevant. */
    private bar(fitted: Fitted, name: string): HTMLCanvasElement {
        const bar = h("canvas", { class: "bar", width: 256, height: 1, role: "img", "aria-label": `colours of ${name}: ${fitted.legend}` });
        const semiring = this.store.data.semirings.find((semiring) => semiring.name === name);
        this.repaint.push(() => {
            const context = bar.getContext("2d");
            if (!context || !semiring) return;
            const palette = this.palettes.chosen(this.store.state.palette, semiring.meaning);
            for (let x = 0; x < 256; x++) {
                context.fillStyle = this.palettes.css(palette, fitted.bar[0] + (fitted.bar[1] - fitted.bar[0]) * x / 255);
                context.fillRect(x, 0, 1, 1);
            }
        });
        return bar;
    }

    private maps(shape: "picture" | "curve"): Node[] {
        const { store, palettes } = this, { loaded } = store;
        const click = (place: number): void => void store.set({ pinned: place });
        const pixels = inputPixels(loaded);
        const channel = typeof store.state.channels === "number" ? store.state.channels : 0;
        const signal = loaded.values.subarray(channel * loaded.places, (channel + 1) * loaded.places);
        const panels: Node[] = [];
        const input = (place: number | null): string => place === null ? "\u00a0" : this.inputValue(place);
        if (shape === "picture") {
            const map = new MapPanel(store, "input", click);
            this.repaint.push(() => map.paint(palettes.table("grey"), () => 0, pixels, 1));
            this.redraw.push(() => map.draw());
            panels.push(this.heading("input", "The input itself", null, map.canvas, input));
        } else {
            const curve = new CurvePanel(store, "input", click);
            this.repaint.push(() => curve.paint(null, null, signal, 1, false));
            this.redraw.push(() => curve.draw());
            panels.push(this.heading("input", "The input itself", null, curve.canvas, input));
        }
        for (const shown of this.shown) {
            if (!shown) continue;
            const { semiring, values, fitted } = shown;
            const { name, description, meaning } = semiring;
            const tell = (place: number | null): string => place === null ? "\u00a0" : `${exact(values[place] as number, values)} · rank ${grouped(shown.ranks()[place] as number)}`;
            if (shape === "picture") {
                const map = new MapPanel(store, name, click);
                this.repaint.push(() => {
                    const palette = palettes.chosen(store.state.palette, meaning);
                    map.paint(palettes.table(palette), (place) => fitted.position(values[place] as number), pixels, store.state.overlay);
                });
                this.redraw.push(() => map.draw());
                panels.push(this.heading(name, description, fitted, map.canvas, tell));
            } else {
                const curve = new CurvePanel(store, name, click);
                this.repaint.push(() => {
                    const palette = palettes.chosen(store.state.palette, meaning);
                    const position = (place: number): number => fitted.position(values[place] as number);
                    curve.paint(position, (place) => palettes.css(palette, position(place)), signal, store.state.overlay, meaning === "signed");
                });
                this.redraw.push(() => curve.draw());
                panels.push(this.heading(name, description, fitted, curve.canvas, tell));
            }
        }
        return panels;
    }

    /** What an element is called: its label, or its index. */
    private label(place: number): string {
        return this.store.loaded.labels?.[place] ?? String(place);
    }

    private words(): Node[] {
        const { store, palettes } = this;
        return this.shown.filter((shown) => shown !== null).map((shown) => {
            const { semiring, values, fitted } = shown;
            const words = Array.from({ length: store.loaded.places }, (_, place) => {
                const word = button(visible(this.label(place)), () => void store.set({ pinned: place }));
                word.addEventListener("pointerenter", () => void store.set({ cursor: place }));
                word.addEventListener("focus", () => void store.set({ cursor: place }));
                return word;
            });
            this.repaint.push(() => {
                const palette = palettes.chosen(store.state.palette, semiring.meaning);
                words.forEach((word, place) => {
                    const colour = palettes.at(palette, fitted.position(values[place] as number));
                    word.style.background = `rgb(${colour.join(" ")})`;
                    word.classList.toggle("dark", isDark(colour));
                });
            });
            this.redraw.push(() => words.forEach((word, place) => word.setAttribute("aria-pressed", String(place === store.state.pinned))));
            const tell = (place: number | null): string => place === null ? "\u00a0" : `${exact(values[place] as number, values)} · rank ${grouped(shown.ranks()[place] as number)}`;
            return this.heading(semiring.name, semiring.description, fitted, h("p", { class: "words", dir: "auto" }, ...words), tell);
        });
    }

    private bars(): Node[] {
        const { store, palettes } = this;
        return this.shown.filter((shown) => shown !== null).map((shown) => {
            const { semiring, values, fitted } = shown;
            const signed = semiring.meaning === "signed";
            const most = Math.min(store.loaded.places, 2000);
            const rows = Array.from({ length: most }, (_, place) => {
                const name = button("", () => void store.set({ pinned: place }));
                name.append(named(this.label(place)));
                name.addEventListener("pointerenter", () => void store.set({ cursor: place }));
                name.addEventListener("focus", () => void store.set({ cursor: place }));
                const fill = h("i");
                return { name, fill, track: h("span", { class: "track" }, fill), value: h("span", {}, exact(values[place] as number, values)) };
            });
            this.repaint.push(() => {
                const palette = palettes.chosen(store.state.palette, semiring.meaning);
                rows.forEach(({ fill }, place) => {
                    const position = fitted.position(values[place] as number);
                    fill.style.background = palettes.css(palette, position);
                    const length = 100 * Math.abs(position) / (signed ? 2 : 1);
                    fill.style.width = `${length}%`;
                    fill.style.left = signed ? `${position < 0 ? 50 - length : 50}%` : "0";
                });
            });
            this.redraw.push(() => rows.forEach(({ name }, place) => name.setAttribute("aria-pressed", String(place === store.state.pinned))));
            const grid = h("div", { class: "bars" }, ...rows.flatMap(({ name, track, value }) => [name, track, value]));
            return this.heading(semiring.name, semiring.description, fitted, grid, () => "\u00a0");
        });
    }

    private inputValue(place: number): string {
        const { values, channels, places } = this.store.loaded;
        const of = Array.from({ length: Math.min(channels, 4) }, (_, channel) => exact(values[channel * places + place] as number, values));
        return of.join(", ") + (channels > 4 ? ", …" : "");
    }

    /** Writes what there is to say of the place that is pointed at, or else chosen. */
    private tell(): void {
        const { store } = this, { state, loaded, data } = store;
        const place = state.cursor ?? state.pinned;
        for (const { value, tell } of this.captions) value.textContent = tell(place);
        if (place === null) {
            this.readout.replaceChildren(h("p", { class: "faint" }, "None is pointed at."));
            return;
        }
        const channels = Array.from({ length: Math.min(loaded.channels, 16) }, (_, channel) => channel * loaded.places + place);
        const where = (element: number): string => `[${store.indices(element).join(", ")}]`;
        const head = h("tr", {}, h("th", { scope: "col" }, "of"), ...channels.map((element) => h("th", { scope: "col" }, where(element))),
            loaded.channels > 1 && h("th", { scope: "col" }, "joined"), h("th", { scope: "col" }, "rank"));
        const input = h("tr", {}, h("th", { scope: "row" }, "input"), ...channels.map((element) => h("td", { "data-element": element }, exact(loaded.values[element] as number, loaded.values))),
            loaded.channels > 1 && h("td", {}), h("td", {}));
        const rows = data.semirings.map((semiring, at) => {
            const relevance = loaded.relevance[at], shown = this.shown[at];
            if (!relevance || !shown) return null;
            return h("tr", { "data-semiring": semiring.name }, h("th", { scope: "row" }, named(semiring.name)),
                ...channels.map((element) => h("td", { "data-element": element }, exact(relevance[element] as number, relevance))),
                loaded.channels > 1 && h("td", { class: "joined" }, exact(shown.values[place] as number, shown.values)),
                h("td", { class: "rank" }, `${grouped(shown.ranks()[place] as number)} of ${grouped(loaded.places)}`));
        });
        const label = loaded.labels?.[place];
        this.readout.replaceChildren(
            h("table", {}, h("caption", {}, label === undefined ? "Values as in relevance.safetensors" : h("span", {}, "Values of ", named(label), " as in relevance.safetensors")),
                h("thead", {}, head), h("tbody", {}, input, ...rows)));
    }
}

/** The rank of each place: 1 for the most relevant, and the same for equals. */
function ranked(semiring: Semiring, values: Numbers): Uint32Array {
    const order = Uint32Array.from(values, (_, at) => at);
    order.sort((a, b) => compare(semiring.meaning, values[a] as number, values[b] as number) || a - b);
    const ranks = new Uint32Array(values.length);
    order.forEach((place, at) => {
        const before = order[at - 1];
        const tied = before !== undefined && compare(semiring.meaning, values[before] as number, values[place] as number) === 0;
        ranks[place] = tied ? ranks[before] as number : at + 1;
    });
    return ranks;
}
