// A gate circuit in the page: its gates, and which of them are seen.

import { numbers } from "./data";
import type { CircuitData, CircuitSemiring, Numbers } from "./data";
import { visible } from "./dom";
import { exact, short } from "./format";
import { compare } from "./scale";

/** Children of a gate that are seen at first; the others are unfolded with one more press. */
export const FEW = 10;

const [ZERO, ONE, CONTRIBUTION, VARIABLE, PLUS, TIMES] = [0, 1, 2, 3, 4, 5];

export class Circuit {
    private constructor(
        readonly data: CircuitData, private readonly kinds: Numbers, private readonly offsets: Numbers,
        private readonly operands: Numbers, private readonly numbers: Numbers, private readonly layersOf: Numbers,
        readonly values: Numbers[],
    ) {}

    static async load(data: CircuitData): Promise<Circuit> {
        const [kinds, offsets, operands, own, layersOf, ...values] = await Promise.all(
            [data.kinds, data.offsets, data.children, data.numbers, data.layers_of, ...data.semirings.map((semiring) => semiring.values)].map(numbers));
        return new Circuit(data, kinds as Numbers, offsets as Numbers, operands as Numbers, own as Numbers, layersOf as Numbers, values);
    }

    get size(): number {
        return this.kinds.length;
    }

    children(gate: number): number[] {
        return Array.from(this.operands.subarray(this.offsets[gate], this.offsets[gate + 1]));
    }

    isLeaf(gate: number): boolean {
        return this.offsets[gate] === this.offsets[gate + 1];
    }

    isPlus(gate: number): boolean {
        return this.kinds[gate] === PLUS;
    }

    isTimes(gate: number): boolean {
        return this.kinds[gate] === TIMES;
    }

    isContribution(gate: number): boolean {
        return this.kinds[gate] === CONTRIBUTION;
    }

    /** What a gate is, in a few characters. */
    symbol(gate: number, semiring: CircuitSemiring | undefined): string {
        const [plus, times, zero, one] = semiring?.symbols ?? ["⊕", "⊗", "𝟘", "𝟙"];
        switch (this.kinds[gate]) {
            case ZERO: return zero;
            case ONE: return one;
            case CONTRIBUTION: return short(this.numbers[gate] as number);
            case VARIABLE: return visible(this.data.variables[this.numbers[gate] as number] ?? "");
            case PLUS: return plus;
            default: return times;
        }
    }

    /** What a gate is, in words. */
    describe(gate: number): string {
        switch (this.kinds[gate]) {
            case ZERO: return "the constant 0";
            case ONE: return "the constant 1";
            case CONTRIBUTION: return `contribution ${exact(this.numbers[gate] as number, new Float32Array())} of layer ${this.data.layers[this.layersOf[gate] as number] ?? ""}`;
            case VARIABLE: return `variable ${this.data.variables[this.numbers[gate] as number] ?? ""}`;
            case PLUS: return `⊕ of ${this.children(gate).length} gates`;
            default: return `⊗ of ${this.children(gate).length} gates`;
        }
    }

    /** The children of a gate, the most relevant first. Those of ⊗ stay in their order. */
    ordered(gate: number, semiring: number): number[] {
        const children = this.children(gate), values = this.values[semiring], of = this.data.semirings[semiring];
        if (!this.isPlus(gate) || !values || !of) return children;
        return children.sort((a, b) => compare(of.meaning, values[a] as number, values[b] as number));
    }

    /** The leaves below a gate with what they are called, those that stand for more than once once. */
    leaves(root: number, most: number): { gate: number; name: string }[] {
        const seen = new Set([root]), stack = [root], found: { gate: number; name: string }[] = [];
        while (stack.length) {
            const gate = stack.pop() as number;
            if (this.kinds[gate] === VARIABLE || this.kinds[gate] === CONTRIBUTION) found.push({ gate, name: this.describe(gate) });
            for (const child of this.children(gate)) {
                if (!seen.has(child)) {
                    seen.add(child);
                    stack.push(child);
                }
            }
        }
        return found.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })).slice(0, most);
    }

    /** A path from a gate down to a leaf, along the most relevant gates that lead there; empty where none does. */
    follow(root: number, leaf: number, semiring: number): number[] {
        // Children have lower numbers than the gates that take them.
        const leads = new Uint8Array(root + 1);
        leads[leaf] = 1;
        for (let gate = leaf + 1; gate <= root; gate++) {
            for (let at = this.offsets[gate] as number; at < (this.offsets[gate + 1] as number); at++) {
                if (leads[this.operands[at] as number]) {
                    leads[gate] = 1;
                    break;
                }
            }
        }
        if (leaf > root || !leads[root]) return [];
        const path = [root];
        for (let gate = root; gate !== leaf;) {
            const next = this.ordered(gate, semiring).find((child) => leads[child]);
            if (next === undefined) return [];
            path.push(gate = next);
        }
        return path;
    }
}

export interface Seen {
    gate: number;
    /** How far from the root, on the longest way of those that are seen. */
    level: number;
    /** Its place among the gates of the level. */
    row: number;
    folded: boolean;
    /** Children that are not seen although the gate is unfolded. */
    more: number;
}

/** Of a gate's children in their order, how many are seen, and which beside those. */
export interface Unfolded { most: number; also: number | null }

export const shownChildren = (children: number[], { most, also }: Unfolded): number[] =>
    children.filter((child, at) => at < most || child === also);

/** The gates that are seen from a root, in levels, and the wires between them. */
export function layout(circuit: Circuit, root: number, unfolded: Map<number, Unfolded>, semiring: number): { seen: Map<number, Seen>; wires: [number, number][]; levels: number[][] } {
    const wires: [number, number][] = [];
    const seen = new Map<number, Seen>();
    // Children have lower numbers: from the largest down, each gate comes after all that take it.
    const waiting = new Set([root]);
    const levels = new Map([[root, 0]]);
    while (waiting.size) {
        const gate = Math.max(...waiting);
        waiting.delete(gate);
        const level = levels.get(gate) ?? 0, own = unfolded.get(gate);
        const children = own ? circuit.ordered(gate, semiring) : [];
        const shown = own ? shownChildren(children, own) : [];
        seen.set(gate, { gate, level, row: 0, folded: !own && !circuit.isLeaf(gate), more: children.length - shown.length });
        for (const child of new Set(shown)) {
            wires.push([gate, child]);
            waiting.add(child);
            levels.set(child, Math.max(levels.get(child) ?? 0, level + 1));
        }
    }
    const rows: number[][] = [];
    for (const { gate, level } of seen.values()) (rows[level] ??= []).push(gate);
    const place = new Map<number, number>();
    rows.forEach((gates) => {
        // Near the gates that take it (Sugiyama's barycentres).
        const centre = (gate: number): number => {
            const takers = wires.filter(([, child]) => child === gate).map(([taker]) => place.get(taker) ?? 0);
            return takers.length ? takers.reduce((a, b) => a + b, 0) / takers.length : 0;
        };
        const centres = new Map(gates.map((gate) => [gate, centre(gate)]));
        gates.sort((a, b) => (centres.get(a) as number) - (centres.get(b) as number));
        gates.forEach((gate, row) => {
            place.set(gate, row - (gates.length - 1) / 2);
            (seen.get(gate) as Seen).row = row;
        });
    });
    return { seen, wires, levels: rows };
}
