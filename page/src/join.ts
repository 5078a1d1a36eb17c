// Channels joined into one map.

import type { Meaning, Numbers, Semiring } from "./data";
import type { State } from "./state";

type Join = (a: number, b: number) => number;

const logAdd: Join = (a, b) => {
    const low = Math.min(a, b), high = Math.max(a, b);
    return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
};

/** ⊕ on values as numbers; of semirings that have none of these, the more relevant one. */
export function plus(semiring: Semiring): Join {
    switch (semiring.join) {
        case "add": return (a, b) => a + b;
        case "minimum": return Math.min;
        case "log-add": return logAdd;
        case "maximum": return Math.max;
        case null: return semiring.meaning === "cost" ? Math.min : Math.max;
    }
}

/** The join that the reader chose. The largest is the most relevant: of costs, the smallest number. */
function chosen(channels: State["channels"], semiring: Semiring): Join {
    const cost = semiring.meaning === "cost";
    switch (channels) {
        case "sum": return semiring.meaning === "truth" ? Math.max : (a, b) => a + b;
        case "maximum": return cost ? Math.min : Math.max;
        case "minimum": return cost ? Math.max : Math.min;
        default: return plus(semiring);
    }
}

/** One value a place: a channel, or all joined. Single precision stays so. */
export function joined(values: Numbers, places: number, channels: State["channels"], semiring: Semiring): Numbers {
    if (typeof channels === "number") return values.subarray(channels * places, (channels + 1) * places);
    if (values.length === places) return values;
    const join = chosen(channels, semiring);
    const sum = values.slice(0, places);
    for (let at = places; at < values.length; at++) {
        const place = at % places;
        sum[place] = join(sum[place] as number, values[at] as number);
    }
    return sum;
}

/** Critical thresholds below 0 count as none: at such a threshold everything is kept. */
export const shown = (meaning: Meaning, value: number): number => meaning === "threshold" ? Math.max(value, 0) : value;
