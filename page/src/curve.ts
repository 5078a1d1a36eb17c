// A signal as a curve: relevance as an area around its zero line, the input above it as a line.

import { h } from "./dom";
import { listen } from "./map";
import type { Store } from "./state";

export class CurvePanel {
    readonly canvas: HTMLCanvasElement;
    private height: ((place: number) => number) | null = null;
    private colour: ((place: number) => string) | null = null;
    private input: ArrayLike<number> | null = null;
    private overlay = 0;
    private signed = false;

    constructor(private readonly store: Store, name: string, click: (place: number) => void) {
        this.canvas = h("canvas", {
            class: "map", width: 960, height: 150, tabindex: 0, role: "application",
            "aria-label": `${name}: arrow keys move the cursor, Enter chooses, plus and minus zoom`,
        });
        const { places } = store.loaded;
        listen(this.canvas, store, (x, y) => {
            const { left, size } = store.state.view;
            const place = Math.floor((left + x * size) * places);
            return y < 0 || y > 1 || place < 0 || place >= places ? null : place;
        }, click);
    }

    /** Positions from −1 to 1 as heights, with their colours; the input is drawn over them as strongly as `overlay` says. */
    paint(height: ((place: number) => number) | null, colour: ((place: number) => string) | null, input: ArrayLike<number>, overlay: number, signed: boolean): void {
        [this.height, this.colour, this.input, this.overlay, this.signed] = [height, colour, input, overlay, signed];
        this.draw();
    }

    draw(): void {
        const context = this.canvas.getContext("2d");
        if (!context) return;
        const { width, height } = this.canvas, { places } = this.store.loaded;
        const { view: { left, size }, cursor, pinned } = this.store.state;
        const x = (place: number): number => (place / places - left) / size * width;
        const first = Math.max(Math.floor(left * places), 0), last = Math.min(Math.ceil((left + size) * places), places);
        context.clearRect(0, 0, width, height);
        const room = 6, zero = this.signed ? height / 2 : height - room;
        const reach = this.signed ? height / 2 - room : height - 2 * room;
        if (this.height && this.colour) {
            for (let place = first; place < last; place++) {
                const way = this.height(place);
                context.fillStyle = this.colour(place);
                const end = zero - way * reach;
                context.fillRect(x(place), Math.min(zero, end), Math.max(x(place + 1) - x(place), 1), Math.max(Math.abs(end - zero), way ? 1 : 0));
            }
            context.fillStyle = "#8a8a8a";
            context.fillRect(0, zero, width, 1);
        }
        if (this.input && this.overlay > 0) {
            let [low, high] = [Infinity, -Infinity];
            for (let place = 0; place < places; place++) {
                low = Math.min(low, this.input[place] as number);
                high = Math.max(high, this.input[place] as number);
            }
            context.strokeStyle = `rgb(30 30 30 / ${this.overlay})`;
            context.lineWidth = 1.5;
            context.beginPath();
            for (let place = first; place < last; place++) {
                const share = ((this.input[place] as number) - low) / (high - low || 1);
                context.lineTo(x(place + 0.5), height - room - share * (height - 2 * room));
            }
            context.stroke();
        }
        for (const [place, colour] of [[pinned, "#000"], [cursor, "#c06000"]] as const) {
            if (place === null) continue;
            context.fillStyle = colour;
            context.fillRect(x(place + 0.5) - 1, 0, 2, height);
        }
    }
}
