// Colours of positions: the palettes of the tool's pictures.

import { numbers } from "./data";
import type { ExplanationData, Meaning, Numbers, PaletteName } from "./data";
import { paletteOf } from "./scale";

export type Colour = [number, number, number];

/** Cells without a value. */
export const EMPTY: Colour = [206, 206, 206];

export class Palettes {
    private constructor(private readonly colours: Record<PaletteName, Numbers>) {}

    static async load(data: ExplanationData): Promise<Palettes> {
        const names = Object.keys(data.palettes) as PaletteName[];
        const loaded = await Promise.all(names.map((name) => numbers(data.palettes[name])));
        return new Palettes(Object.fromEntries(names.map((name, at) => [name, loaded[at]])) as Record<PaletteName, Numbers>);
    }

    /** Which palette shows values of a meaning, where the reader wishes one. Two-sided values need one with two sides. */
    chosen(wish: PaletteName | "meaning", meaning: Meaning): PaletteName {
        return wish === "meaning" ? paletteOf(meaning) : wish;
    }

    at(palette: PaletteName, position: number): Colour {
        const table = this.colours[palette];
        const steps = table.length / 3 - 1;
        const share = palette === "diverging" ? (position + 1) / 2 : Math.abs(position);
        const at = 3 * Math.round(Math.min(Math.max(share, 0), 1) * steps);
        return [table[at] ?? 0, table[at + 1] ?? 0, table[at + 2] ?? 0];
    }

    css(palette: PaletteName, position: number): string {
        return `rgb(${this.at(palette, position).join(" ")})`;
    }
}

/** Whether white letters are better read on a colour than black ones. */
export const isDark = ([red, green, blue]: Colour): boolean => 0.2126 * red + 0.7152 * green + 0.0722 * blue < 120;
