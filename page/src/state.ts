// What is looked at: one state for all parts of the page, which are told when it changes.

import { numbers } from "./data";
import type { ExplanationData, Numbers, Part, PaletteName } from "./data";
import { coordinates } from "./format";
import type { ScaleName } from "./scale";

/** The part of a map that is seen, in shares of its width and height. */
export interface View { left: number; top: number; size: number }

export const WHOLE: View = { left: 0, top: 0, size: 1 };

export interface State {
    input: number;
    part: number;
    /** Channels joined by ⊕, by a join of the reader's, or one of them. */
    channels: "plus" | "sum" | "maximum" | "minimum" | number;
    palette: PaletteName | "meaning";
    scale: ScaleName;
    view: View;
    /** How much of the input is seen beneath relevance, from 0 to 1. */
    overlay: number;
    /** The place that the pointer or the keyboard is at: an element of a channel. */
    cursor: number | null;
    /** The place that was chosen. */
    pinned: number | null;
    /** The semiring whose settings and ledger the layers show. */
    semiring: number;
    layer: string | null;
    /** The path that is drawn through the layers: for which element, and its number. */
    path: { element: number; number: number } | null;
    shape: Shape;
}

/** How a part of an input is drawn. */
export type Shape = "picture" | "curve" | "bars" | "words";

/** The numbers of the input that is looked at. */
export interface Loaded {
    part: Part;
    values: Numbers;
    /** A semiring each; none of given parts. */
    relevance: (Numbers | null)[];
    labels: string[] | null;
    /** Channels, and places in each. */
    channels: number;
    places: number;
    /** Height and width, where places are pixels. */
    height: number;
    width: number;
}

export class Store {
    state: State;
    loaded!: Loaded;
    private readonly listeners: ((changed: Set<keyof State>) => void)[] = [];

    constructor(readonly data: ExplanationData) {
        const part = Math.max(data.parts.findIndex((_, part) => data.semirings.some((semiring) => semiring.relevance[0]?.[part])), 0);
        this.state = {
            input: 0, part, channels: "plus", palette: "meaning", scale: "meaning", view: WHOLE, overlay: 0, cursor: null,
            pinned: null, semiring: 0, layer: null, path: null, shape: "picture",
        };
    }

    listen(listener: (changed: Set<keyof State>) => void): void {
        this.listeners.push(listener);
    }

    /** Changes the state, loads what it needs, and tells everyone. */
    async set(change: Partial<State>): Promise<void> {
        const state = { ...this.state, ...change };
        const changed = new Set((Object.keys(change) as (keyof State)[]).filter((key) => this.state[key] !== state[key]));
        if (!changed.size) return;
        if (changed.has("input") || changed.has("part")) {
            this.state = { ...state, path: null, cursor: null, pinned: changed.has("part") ? null : state.pinned, channels: changed.has("part") ? "plus" : state.channels };
            await this.load();
            if (changed.has("part")) this.state.shape = this.shapes()[0] ?? "bars";
            changed.add("cursor").add("pinned").add("path").add("shape");
        } else {
            this.state = state;
        }
        this.tell(changed);
    }

    tell(changed: Set<keyof State>): void {
        for (const listener of this.listeners) listener(changed);
    }

    async load(): Promise<void> {
        const { data, state } = this;
        const part = data.parts[state.part], input = data.inputs[state.input];
        if (!part || !input) return;
        const ref = input.values[state.part];
        const relevance = data.semirings.map((semiring) => semiring.relevance[state.input]?.[state.part] ?? null);
        const [values, ...loaded] = await Promise.all([
            ref ? numbers(ref) : Promise.resolve(new Float32Array()),
            ...relevance.map((one) => one ? numbers(one) : Promise.resolve(null)),
        ]);
        const labels = input.labels[state.part] ?? null;
        const size = part.shape.reduce((a, b) => a * b, 1);
        const [channels, height, width] = layout(part, size);
        this.loaded = {
            part, values: values ?? new Float32Array(), relevance: loaded as (Numbers | null)[], labels,
            channels, places: height * width, height, width,
        };
    }

    /** The indices of an element, of pictures that the network takes as vectors those of the picture. */
    indices(element: number): number[] {
        const { part, channels, height } = this.loaded;
        if (!part.picture || part.shape.length > 1 || height === 1) return coordinates(element, part.shape);
        return coordinates(element, channels > 1 ? part.picture : part.picture.slice(1));
    }

    /** The ways in which the part can be drawn, the best first. */
    shapes(): Shape[] {
        const { part, labels, places, channels, height } = this.loaded;
        if (labels && this.data.inputs.length && this.isText()) return ["words", "bars"];
        if (labels) return ["bars"];
        const size = places * channels;
        if (part.shape.filter((axis) => axis > 1).length <= 1 && (size <= 64 || !part.picture)) {
            return size <= 64 ? ["bars", "curve", ...(part.picture ? ["picture" as const] : [])] : ["curve", "bars"];
        }
        return height === 1 ? ["curve", "bars"] : ["picture"];
    }

    /** Whether labels are words: they differ from input to input, or stand for tokens. */
    private isText(): boolean {
        const { data, state } = this;
        const labels = data.inputs.map((input) => input.labels[state.part]);
        const first = labels[0];
        return labels.some((others) => others?.some((label, at) => label !== first?.[at])) ||
            data.inputs.length === 1 && (this.loaded.values.every((value) => Number.isInteger(value) && value >= 0));
    }
}

/** Channels, height and width of a part: a signal is one row. */
function layout(part: Part, size: number): [number, number, number] {
    const long = part.shape.filter((axis) => axis > 1);
    if (part.picture && part.picture.reduce((a, b) => a * b, 1) === size) return part.picture;
    if (long.length <= 1) return [1, 1, size];
    if (long.length === 2) return [long[0] as number, 1, long[1] as number];
    const [height, width] = long.slice(-2) as [number, number];
    return [size / (height * width), height, width];
}
