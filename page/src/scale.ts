// From values to positions in a palette: −1 is the most contrary, 0 not relevant, 1 the most relevant. What the tool's pictures
// do by themselves is here `meaning`.

import type { Meaning, PaletteName } from "./data";
import { percent, short } from "./format";

export type ScaleName = "meaning" | "linear" | "symlog" | "quantile";

export interface Fitted {
    position(value: number): number;
    /** The ends of the scale in words, the least relevant first. */
    legend: string;
    /** The positions between which the colour bar runs. */
    bar: [number, number];
}

/** Room between "not relevant at all" and the least relevant value, and between the most relevant one and ∞. */
const GAP = 0.12;
/** The largest values of long maps take the colour of the end: a few would leave all others white. */
const CLIP = 0.999;

export const paletteOf = (meaning: Meaning): PaletteName =>
    meaning === "signed" ? "diverging" : meaning === "truth" ? "truth" : "sequential";

/** A value as a number of which larger ones mean more. */
const importance = (meaning: Meaning, value: number): number =>
    meaning === "cost" ? -value : meaning === "threshold" ? Math.max(value, 0) : value;

/** Whether a value says that an element is not relevant at all. */
export function isNothing(meaning: Meaning, value: number): boolean {
    switch (meaning) {
        case "cost": return value === Infinity;
        case "score": return value === -Infinity;
        case "threshold": case "share": case "count": case "truth": return !(value > 0);
        case "signed": return value === 0;
    }
}

/** Which of two values is more relevant: negative where the first is. Of signed values the larger magnitude. */
export function compare(meaning: Meaning, a: number, b: number): number {
    return meaning === "signed" ? Math.abs(b) - Math.abs(a) : importance(meaning, b) - importance(meaning, a);
}

/** The values that are relevant and finite, as importance, sorted. */
function sorted(meaning: Meaning, values: ArrayLike<number>): Float64Array {
    const kept = new Float64Array(values.length);
    let count = 0;
    for (let at = 0; at < values.length; at++) {
        const value = values[at] as number;
        if (!Number.isFinite(value)) continue;
        if (meaning === "count" && !(value > 0)) continue;
        kept[count++] = meaning === "signed" ? Math.abs(value) : importance(meaning, value);
    }
    return kept.subarray(0, count).sort();
}

const share = (value: number, low: number, high: number): number =>
    high > low ? Math.min(Math.max((value - low) / (high - low), 0), 1) : NaN;

const apart = (way: number): number => Number.isNaN(way) ? 1 : GAP + (1 - GAP) * way;

/** A scale fitted to the values of a map. */
export function fit(scale: ScaleName, meaning: Meaning, values: ArrayLike<number>): Fitted {
    const order = sorted(meaning, values);
    const signed = meaning === "signed";
    if (meaning === "truth") {
        let truths = 0;
        for (let at = 0; at < values.length; at++) truths += (values[at] as number) > 0 ? 1 : 0;
        return { position: (value) => value > 0 ? 1 : 0, legend: `true ${percent(truths, values.length)}`, bar: [0, 1] };
    }
    const lowest = order[0] ?? 0, highest = order[order.length - 1] ?? 0;
    const end = (text: string, value: number): string => `${text}${short(meaning === "cost" ? -value : value)}`;
    const nothing = (value: number): boolean => Number.isNaN(value) || isNothing(meaning, value);
    const beyond = (value: number): boolean => importance(meaning, value) === Infinity;
    // What is not relevant at all stands apart where the values have no 0 to start from.
    const zero = meaning === "count" || meaning === "cost" || meaning === "score";
    const wrap = (way: (value: number) => number) => (value: number): number =>
        nothing(value) ? 0 : beyond(value) ? 1 : way(importance(meaning, value));

    if (scale === "quantile") {
        const rank = (value: number): number => {
            const key = signed ? Math.abs(value) : value;
            let low = 0, high = order.length;
            while (low < high) {
                const middle = (low + high) >> 1;
                if ((order[middle] as number) <= key) low = middle + 1; else high = middle;
            }
            return (order.length ? low / order.length : 0) * (signed && value < 0 ? -1 : 1);
        };
        return {
            position: wrap(rank),
            legend: `by rank: ${signed ? end("−", highest) : end("", lowest)} … ${end("", highest)}`,
            bar: signed ? [-1, 1] : [0, 1],
        };
    }
    if (scale === "symlog") {
        const largest = Math.max(Math.abs(lowest), Math.abs(highest));
        const unit = largest / 1000 || 1;
        const logarithm = (value: number): number => Math.sign(value) * Math.log1p(Math.abs(value) / unit);
        const low = logarithm(signed || !zero ? 0 : lowest), high = logarithm(highest);
        const way = (value: number): number =>
            signed ? (high > 0 ? logarithm(value) / high : 0) : zero ? apart(share(logarithm(value), low, high)) : share(logarithm(value), low, high) || 0;
        return {
            position: wrap(way),
            legend: `logarithm: ${signed ? end("−", highest) : end("", zero ? lowest : 0)} … ${end("", highest)}`,
            bar: signed ? [-1, 1] : [zero ? GAP : 0, 1],
        };
    }
    const clips = scale === "meaning" && (signed || meaning === "share" || meaning === "threshold");
    const clipped = order[Math.ceil(CLIP * (order.length - 1))] ?? 0;
    const top = clips && clipped > 0 ? clipped : highest;
    const mark = top < highest ? "≥ " : "";
    if (signed) {
        return {
            position: wrap((value) => top > 0 ? Math.min(Math.max(value / top, -1), 1) : 0),
            legend: `${mark ? "≤ " : ""}${end("−", top)} … ${end(mark, top)}`,
            bar: [-1, 1],
        };
    }
    if (meaning === "count" && scale === "meaning") {
        const low = Math.log(lowest), high = Math.log(top);
        return {
            position: wrap((value) => apart(share(Math.log(value), low, high))),
            legend: `0 | ${end("", lowest)} … ${end("", top)}`,
            bar: [GAP, 1],
        };
    }
    if (zero) {
        return {
            position: wrap((value) => apart(share(value, lowest, top))),
            legend: `${meaning === "cost" ? "∞" : meaning === "count" ? "0" : "−∞"} | ${end("", lowest)} … ${end("", top)}`,
            bar: [GAP, 1],
        };
    }
    const low = Math.min(lowest, 0);
    return {
        position: wrap((value) => share(value, low, Math.max(top, 0)) || 0),
        legend: `${end("", low)} … ${end(mark, Math.max(top, 0))}`,
        bar: [0, 1],
    };
}
