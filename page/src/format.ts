// Numbers as text.

import type { Numbers } from "./data";

const minus = (text: string): string => text.replace("-", "−").replace("e+", "e");

const infinite = (value: number): string | null =>
    Number.isNaN(value) ? "not a number" : value === Infinity ? "∞" : value === -Infinity ? "−∞" : null;

/** The shortest text that reads back as this number among those of the array's type. */
export function exact(value: number, of: Numbers): string {
    const special = infinite(value);
    if (special !== null) return special;
    if (of instanceof Float32Array) {
        for (let digits = 1; digits < 9; digits++) {
            const rounded = Number(value.toPrecision(digits));
            if (Math.fround(rounded) === value) return minus(String(rounded));
        }
        return minus(String(Number(value.toPrecision(9))));
    }
    return minus(String(value));
}

/** A number to a few digits. */
export function short(value: number, digits = 3): string {
    return infinite(value) ?? minus(String(Number(value.toPrecision(digits))));
}

/** A whole number with its digits in groups. */
export const grouped = (value: number): string => Math.abs(value) < 1e15 ? value.toLocaleString("en").replaceAll(",", "\u202f") : short(value, 6);

export function percent(part: number, whole: number): string {
    const share = whole ? 100 * part / whole : 0;
    // "0 %" and "100 %" are kept for none and all.
    if (part > 0 && share < 0.1) return "< 0.1 %";
    if (part < whole && share > 99.9) return "> 99.9 %";
    return `${short(Math.round(share * 10) / 10, 4)} %`;
}

/** The coordinates of an element of a tensor. */
export function coordinates(element: number, shape: number[]): number[] {
    const found: number[] = [];
    for (const size of [...shape].reverse()) {
        found.unshift(element % size);
        element = Math.floor(element / size);
    }
    return found;
}
