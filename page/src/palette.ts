// Colours of positions: the palettes of the tool's pictures.

import { numbers } from "./data";
import type { ExplanationData, Meaning, Numbers, PaletteName } from "./data";
import { paletteOf } from "./scale";

export type Colour = [number, number, number];

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

    /** The colours of a palette, three bytes each, and where that of a position is. */
    table(palette: PaletteName): { colours: Numbers; index(position: number): number } {
        const colours = this.colours[palette];
        const steps = colours.length / 3 - 1;
        const index = palette === "diverging"
            ? (position: number): number => 3 * Math.round(Math.min(Math.max((position + 1) / 2, 0), 1) * steps)
            : (position: number): number => 3 * Math.round(Math.min(Math.abs(position), 1) * steps);
        return { colours, index };
    }

    at(palette: PaletteName, position: number): Colour {
        const { colours, index } = this.table(palette);
        const at = index(position);
        return [colours[at] as number, colours[at + 1] as number, colours[at + 2] as number];
    }

    css(palette: PaletteName, position: number): string {
        return `rgb(${this.at(palette, position).join(" ")})`;
    }
}

/** Whether white letters are better read on a colour than black ones. */
export const isDark = ([red, green, blue]: Colour): boolean => 0.2126 * red + 0.7152 * green + 0.0722 * blue < 120;
