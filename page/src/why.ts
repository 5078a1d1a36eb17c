// Why this element: the strongest paths that lead to it, or the command that finds them.

import type { ElementPaths, RelevancePath } from "./data";
import { button, h, named, section } from "./dom";
import { coordinates, exact, short } from "./format";
import type { State, Store } from "./state";

const SINGLE = new Float32Array();

export class WhySection {
    readonly element: HTMLElement;
    private readonly chosen = h("div", { "aria-live": "polite" });
    private readonly known = h("div", { class: "chips" });

    constructor(private readonly store: Store) {
        this.element = section("why", "Why this element?",
            h("p", { class: "faint" }, "The strongest paths from the target to an element, by the product of the contributions on them (semiring viterbi under rule max-abs). They are drawn through the layers above; layers that only pass relevance on are left out here."),
            this.chosen, h("h3", {}, "Elements with paths in this page"), this.known);
        store.listen((changed) => this.changed(changed));
        this.build();
    }

    private changed(changed: Set<keyof State>): void {
        if (changed.has("input") || changed.has("part") || changed.has("channels") || changed.has("pinned") || changed.has("path")) this.build();
    }

    private paths(): ElementPaths[] {
        const { data, state } = this.store;
        return (data.inputs[state.input]?.paths ?? []).filter((paths) => paths.part === state.part);
    }

    /** What an element is called. */
    private name(element: number): string {
        const { loaded } = this.store;
        const label = loaded.labels?.[element];
        return label ?? `[${this.store.indices(element).join(", ")}]`;
    }

    private build(): void {
        const { store } = this, { loaded, state } = store;
        const all = this.paths();
        const strongest = (paths: ElementPaths): number => paths.paths[0]?.weight ?? 0;
        const sorted = [...all].sort((a, b) => strongest(b) - strongest(a));
        this.known.replaceChildren(...sorted.slice(0, 60).map((paths) => {
            const chip = button("", () => void store.set({ pinned: paths.element % loaded.places, path: paths.paths.length ? { element: paths.element, number: 0 } : null }));
            chip.append(named(this.name(paths.element)), ` ${short(strongest(paths))}`);
            return chip;
        }), sorted.length ? "" : h("span", { class: "faint" }, "none"));
        const place = state.pinned;
        if (place === null) {
            this.chosen.replaceChildren(h("p", { class: "faint" }, "No element is chosen: choose one of the maps above, or of those below."));
            return;
        }
        const channels = typeof state.channels === "number" ? [state.channels] : Array.from({ length: loaded.channels }, (_, channel) => channel);
        const elements = channels.map((channel) => channel * loaded.places + place);
        const found = elements.flatMap((element) => all.filter((paths) => paths.element === element));
        const parts: Node[] = found.map((paths) => h("div", { class: "paths", "data-element": paths.element },
            h("h3", {}, "Paths to ", named(this.name(paths.element))),
            ...(paths.paths.length ? paths.paths.map((path, number) => this.path(paths.element, path, number)) : [h("p", {}, "No path leads to it.")])));
        const others = elements.filter((element) => !found.some((paths) => paths.element === element));
        if (others.length) parts.push(this.ask(others[0] as number, found.length > 0));
        this.chosen.replaceChildren(...parts);
    }

    private path(element: number, path: RelevancePath, number: number): HTMLElement {
        const { store } = this, { data, state } = store;
        const drawn = state.path?.element === element && state.path.number === number;
        const item = (text: Node | string): HTMLElement => h("span", { class: "neuron" }, text);
        // Layers that only pass relevance on say nothing of it.
        const passes = new Set(data.semirings.flatMap((semiring) => semiring.settings.filter((setting) => setting.annotation === null).map((setting) => setting.layer)));
        const last = path.steps.length - 1;
        const steps = path.steps.filter(([layer, , weight], at) => at === last || weight !== 1 || !passes.has(data.layers[layer]?.name ?? "")).map(([number, neuron, weight, contribution = weight]) => {
            const layer = data.layers[number];
            const edge = h("span", { class: "edge", title: `contribution ${exact(contribution, SINGLE)}, weight ${exact(weight, SINGLE)}` }, short(weight), h("i"));
            const line = edge.querySelector("i");
            if (line) line.style.height = `${1 + 5 * weight}px`;
            return h("li", {}, edge, item(h("span", {}, named(layer?.name ?? ""), `[${coordinates(neuron, layer?.shape ?? []).join(", ")}]`)));
        });
        const show = button("draw", () => void store.set({ path: drawn ? null : { element, number } }), `draw path ${number + 1} through the layers`);
        show.setAttribute("aria-pressed", String(drawn));
        return h("div", { class: "path" }, h("span", {}, `${number + 1}. `, h("strong", { "data-weight": path.weight }, short(path.weight, 5)), " "), show,
            h("ol", {}, h("li", {}, item(named(this.name(element)))), ...steps));
    }

    /** The command that finds the paths of another element. */
    private ask(element: number, some: boolean): HTMLElement {
        const { data, state } = this.store;
        const part = data.parts[state.part];
        const indices = this.store.indices(element).join(",");
        const where = data.parts.length > 1 ? `'${(part?.name ?? "").replaceAll("'", "'\\''")}[${indices}]'` : indices;
        const command = `${data.command ?? "kirchhoff explain … --out DIR"} --paths-of ${where}`;
        const copy = button("copy", () => {
            void navigator.clipboard?.writeText(command).catch(() => undefined);
            const range = document.createRange();
            range.selectNodeContents(code);
            getSelection()?.removeAllRanges();
            getSelection()?.addRange(range);
        }, "copy the command");
        const code = h("code", {}, command);
        return h("div", {}, h("p", {}, some ? "Its other channels have no paths in this page. " : "Its paths are not in this page. ", "This command finds them:"), h("div", { class: "command" }, code, copy));
    }
}
