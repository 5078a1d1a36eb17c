// What a page holds: the data that the tool wrote into it, and its arrays.

/** A reference to an array of the page. */
export interface ArrayRef {
    array: number;
    type: "u8" | "u32" | "f32" | "f64";
    length: number;
}

export type Numbers = Uint8Array | Uint32Array | Float32Array | Float64Array;

/** What the numbers of a semiring mean: which are more relevant, and what is not at all. */
export type Meaning = "signed" | "share" | "count" | "truth" | "cost" | "score" | "threshold";

export interface Part {
    name: string;
    shape: number[];
    /** Channels, height and width, where it can be drawn. */
    picture: [number, number, number] | null;
    /** The values that are black and white, a channel each. */
    ranges: [number, number][];
}

export interface Target {
    output: number;
    sign: number;
    logit: number;
    probability: number | null;
}

export interface Input {
    input: string;
    top: number;
    targets: Target[];
    heading: string;
    values: ArrayRef[];
    labels: (string[] | null)[];
    paths: ElementPaths[];
}

export interface Conservation {
    entered: number;
    left: number;
    bias: number;
    stabiliser: number;
    uncovered: number;
    shares: boolean;
}

export interface LedgerEntry {
    layer: string;
    operator: string;
    rule: string;
    edges: number;
    kept: number | null;
    neurons: number;
    relevant: number;
    conservation: Conservation | null;
}

export interface Setting {
    layer: string;
    rule: string;
    annotation: string | null;
    thresholds?: number[];
}

/** What the relevance of a layer's tensor comes to. */
export interface LayerSummary {
    layer: string;
    /** How many channels, each of them with a value; 0 where there are too many. */
    channels: number;
    /** How many values stand for the tensor's, sorted: all of them, or as many quantiles. */
    quantiles: number;
    neurons: number;
}

export interface Semiring {
    name: string;
    description: string;
    plus: string;
    times: string;
    meaning: Meaning;
    join: "add" | "maximum" | "minimum" | "log-add" | null;
    start: string;
    maximum_pooling: string;
    settings: Setting[];
    ledgers: { layers: LedgerEntry[] }[];
    seconds: number;
    /** Of each input, part by part. */
    relevance: (ArrayRef | null)[][];
    summaries: LayerSummary[];
    /** Of each input, the values of the channels of all layers that `summaries` lists, one after the other. */
    channels: ArrayRef[];
    /** Of each input, the sorted values of all these layers. */
    quantiles: ArrayRef[];
}

export interface Layer {
    name: string;
    operator: string;
    shape: number[];
    arguments: number[];
    edges: number;
    parameters: number;
    /** Layers that are part of it. */
    folded: string[];
}

/** An edge: the position of the layer whose neuron it leads to, that neuron, its weight, and its contribution where that differs. */
export type PathStep = [layer: number, neuron: number, weight: number, contribution?: number];

export interface RelevancePath {
    weight: number;
    steps: PathStep[];
}

/** The strongest paths to an element of an input. */
export interface ElementPaths {
    part: number;
    element: number;
    paths: RelevancePath[];
}

export interface ExplanationData {
    kind: "explanation";
    version: string;
    model: string;
    classes: string[] | null;
    command: string | null;
    explained: number;
    palettes: Record<PaletteName, ArrayRef>;
    parts: Part[];
    inputs: Input[];
    semirings: Semiring[];
    layers: Layer[];
}

export type PaletteName = "diverging" | "sequential" | "truth" | "grey";

export interface CircuitSemiring {
    name: string;
    description: string;
    meaning: Meaning;
    /** How ⊕, ⊗, 0 and 1 are written. */
    symbols: [string, string, string, string];
    /** A value a gate. */
    values: ArrayRef;
}

export interface CircuitData {
    kind: "circuit";
    version: string;
    title: string;
    /** A byte a gate: 0 and 1 for constants, 2 for contributions, 3 for variables, 4 for ⊕, 5 for ⊗. */
    kinds: ArrayRef;
    /** Where the children of each gate begin, and behind the last one how many they are. */
    offsets: ArrayRef;
    children: ArrayRef;
    /** Of contributions their number, of variables their position among these. */
    numbers: ArrayRef;
    /** Of contributions the position of their layer. */
    layers_of: ArrayRef;
    variables: string[];
    layers: string[];
    outputs: { name: string; gate: number }[];
    semirings: CircuitSemiring[];
}

export type PageData = ExplanationData | CircuitData;

const element = (id: string): string => document.getElementById(id)?.textContent ?? "";

export const pageData = (): PageData => JSON.parse(element("data")) as PageData;

const cache = new Map<number, Promise<Numbers>>();

/** The numbers of an array, to the last bit. */
export function numbers(ref: ArrayRef): Promise<Numbers> {
    let found = cache.get(ref.array);
    if (!found) {
        found = decoded(ref);
        cache.set(ref.array, found);
    }
    return found;
}

/** The bytes that base64 stands for: by the browser's own function, where it has one (since 2025). */
function unpacked(text: string): Uint8Array<ArrayBuffer> {
    const native = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
    if (native) return native.call(Uint8Array, text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
    return bytes;
}

async function decoded(ref: ArrayRef): Promise<Numbers> {
    const packed = unpacked(element(`array-${ref.array}`));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const { length } = ref;
    const width = length ? planes.length / length : 1;
    const bytes = new Uint8Array(planes.length);
    // The lowest bytes of all numbers come first, then the second ones.
    for (let at = 0, to = 0; at < length; at++) {
        for (let from = at; to < (at + 1) * width; from += length) bytes[to++] = planes[from] as number;
    }
    switch (ref.type) {
        case "u8": return bytes;
        case "u32": return new Uint32Array(bytes.buffer);
        case "f32": return new Float32Array(bytes.buffer);
        case "f64": return new Float64Array(bytes.buffer);
    }
}
