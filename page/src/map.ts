// A map of one channel on a canvas: relevance over the input, seen through the view that all maps share.

import type { Palettes } from "./palette";
import type { Loaded, Store, View } from "./state";
import { WHOLE } from "./state";
import { h } from "./dom";

/** The picture of the input, three bytes a pixel, as far as there is one. */
export function inputPixels(loaded: Loaded): Uint8ClampedArray {
    const { values, places, channels, part } = loaded;
    const pixels = new Uint8ClampedArray(3 * places);
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
        low = Math.min(low, value);
        high = Math.max(high, value);
    }
    const used = channels === 3 ? 3 : 1;
    for (let channel = 0; channel < 3; channel++) {
        const from = Math.min(channel, used - 1);
        const [black, white] = part.ranges[from] ?? [low, high];
        for (let place = 0; place < places; place++) {
            pixels[3 * place + channel] = 255 * ((values[from * places + place] ?? 0) - black) / (white - black || 1);
        }
    }
    return pixels;
}

export class MapPanel {
    readonly canvas: HTMLCanvasElement;
    private readonly image: HTMLCanvasElement;
    private readonly height: number;
    private readonly width: number;
    private readonly pixels: ImageData;

    constructor(private readonly store: Store, name: string, click: (place: number) => void) {
        const { height, width } = store.loaded;
        [this.height, this.width] = [height, width];
        this.image = h("canvas", { width, height });
        this.pixels = new ImageData(width, height);
        // Rows of a signal are drawn higher than they are.
        this.canvas = h("canvas", {
            class: "map", tabindex: 0, role: "application", "aria-label": `${name}: arrow keys move the cursor, Enter chooses, plus and minus zoom`,
        });
        this.canvas.width = Math.max(Math.min(4 * width, 480), 160);
        this.canvas.height = Math.max(Math.round(this.canvas.width * height / width), 8);
        listen(this.canvas, store, (x, y) => {
            const { left, top, size } = store.state.view;
            const column = Math.floor((left + x * size) * width), row = Math.floor((top + y * size) * height);
            return column < 0 || row < 0 || column >= width || row >= height ? null : row * width + column;
        }, click);
    }

    /** Paints the map over the input's pixels: the position of each place in a palette. */
    paint(palette: ReturnType<Palettes["table"]>, position: (place: number) => number, beneath: ArrayLike<number> | null, overlay: number): void {
        const { data } = this.pixels, { colours, index } = palette, places = this.width * this.height;
        const own = 1 - overlay;
        for (let place = 0, to = 0, ground = 0; place < places; place++, to += 4, ground += 3) {
            const from = overlay < 1 ? index(position(place)) : 0;
            for (let channel = 0; channel < 3; channel++) {
                const below = beneath ? beneath[ground + channel] as number : 255;
                data[to + channel] = own * (colours[from + channel] as number) + overlay * below;
            }
            data[to + 3] = 255;
        }
        this.image.getContext("2d")?.putImageData(this.pixels, 0, 0);
        this.draw();
    }

    /** Draws what was painted, as the view and the cursor have it. */
    draw(): void {
        const context = this.canvas.getContext("2d");
        if (!context) return;
        const { canvas, width, height } = this;
        const { view, cursor, pinned } = this.store.state;
        context.imageSmoothingEnabled = false;
        context.clearRect(0, 0, canvas.width, canvas.height);
        context.drawImage(this.image, view.left * width, view.top * height, view.size * width, view.size * height, 0, 0, canvas.width, canvas.height);
        const [cellWidth, cellHeight] = [canvas.width / (view.size * width), canvas.height / (view.size * height)];
        const box = (place: number | null, inner: string, outer: string): void => {
            if (place === null) return;
            const x = (place % width - view.left * width) * cellWidth, y = (Math.floor(place / width) - view.top * height) * cellHeight;
            const room = Math.max(0, (6 - cellWidth) / 2);
            for (const [colour, grow] of [[outer, 2.5], [inner, 1]] as const) {
                context.strokeStyle = colour;
                context.lineWidth = 1.5;
                context.strokeRect(x - grow - room, y - grow - room, cellWidth + 2 * (grow + room), cellHeight + 2 * (grow + room));
            }
        };
        box(pinned, "#000", "#fff");
        box(cursor, "#f0a020", "#000");
    }
}

/** The view zoomed around a point of it, given in shares of what is seen. */
export function zoomed(view: View, factor: number, x = 0.5, y = 0.5): View {
    const size = Math.min(Math.max(view.size / factor, 1 / 64), 1);
    return clamped({ left: view.left + x * (view.size - size), top: view.top + y * (view.size - size), size });
}

export function clamped({ left, top, size }: View): View {
    const inside = (start: number): number => Math.min(Math.max(start, 0), 1 - size);
    return { left: inside(left), top: inside(top), size };
}

/** Pointer and keyboard of a canvas: the cursor, what is chosen, and the view that all canvases share. */
export function listen(canvas: HTMLCanvasElement, store: Store, place: (x: number, y: number) => number | null, click: (place: number) => void): void {
    const share = (event: PointerEvent | WheelEvent | MouseEvent): [number, number] => {
        const box = canvas.getBoundingClientRect();
        return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    const pointers = new Map<number, [number, number]>();
    let moved = 0;
    const pull = (dx: number, dy: number): void => {
        const { view } = store.state;
        void store.set({ view: clamped({ ...view, left: view.left - dx * view.size, top: view.top - dy * view.size }) });
    };
    canvas.addEventListener("pointerdown", (event) => {
        pointers.set(event.pointerId, share(event));
        canvas.setPointerCapture(event.pointerId);
        moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
        const [x, y] = share(event);
        const before = pointers.get(event.pointerId);
        if (before) {
            const others = [...pointers].filter(([id]) => id !== event.pointerId);
            moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
            const other = others[0]?.[1];
            if (other) {
                const distance = (point: [number, number]): number => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1e-3;
                void store.set({ view: zoomed(store.state.view, distance([x, y]) / distance(before), (x + other[0]) / 2, (y + other[1]) / 2) });
            } else if (moved > 0.015) {
                pull(x - before[0], y - before[1]);
            }
            pointers.set(event.pointerId, [x, y]);
        }
        void store.set({ cursor: place(x, y) });
    });
    const up = (event: PointerEvent): void => {
        pointers.delete(event.pointerId);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => void store.set({ cursor: null }));
    canvas.addEventListener("click", (event) => {
        const at = place(...share(event));
        if (at !== null && moved <= 0.015) click(at);
    });
    canvas.addEventListener("wheel", (event) => {
        // Without a modifier the page scrolls, unless the reader is zoomed in already.
        if (!event.ctrlKey && !event.metaKey && store.state.view.size === 1 && document.activeElement !== canvas) return;
        event.preventDefault();
        void store.set({ view: zoomed(store.state.view, Math.exp(-event.deltaY / 300), ...share(event)) });
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => void store.set({ view: zoomed(store.state.view, 2, ...share(event)) }));
    canvas.addEventListener("keydown", (event) => {
        const { height, width } = store.loaded;
        const at = store.state.cursor ?? store.state.pinned ?? Math.floor(height / 2) * width + Math.floor(width / 2);
        const moves: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
        const move = moves[event.key];
        if (move) {
            const row = Math.min(Math.max(Math.floor(at / width) + move[0], 0), height - 1);
            const column = Math.min(Math.max(at % width + move[1], 0), width - 1);
            void store.set({ cursor: row * width + column });
        } else if (event.key === "Enter" || event.key === " ") {
            click(at);
        } else if (event.key === "+" || event.key === "=") {
            void store.set({ view: zoomed(store.state.view, 1.5, ...seen(at, store)) });
        } else if (event.key === "-") {
            void store.set({ view: zoomed(store.state.view, 1 / 1.5, ...seen(at, store)) });
        } else if (event.key === "0") {
            void store.set({ view: WHOLE });
        } else {
            return;
        }
        event.preventDefault();
    });
}

/** Where a place is seen, in shares of the canvas. */
function seen(place: number, store: Store): [number, number] {
    const { height, width } = store.loaded, { left, top, size } = store.state.view;
    return [((place % width + 0.5) / width - left) / size, ((Math.floor(place / width) + 0.5) / height - top) / size];
}
