// The program of the reports of studies: tables sort, and curves tell their values. Without it reports read as they are.

import { button, h, named } from "./dom";
import { short } from "./format";

interface Curves {
    /** Where the plot begins and ends, in units of the picture, and what stands there. */
    left: number;
    right: number;
    from: number;
    to: number;
    x: string;
    curves: { name: string; points: [number, number | null][] }[];
}

/** The number that a cell begins with; `null` where it is none. */
function number(text: string): number | null {
    const plain = text.trim().replaceAll("−", "-").replace(/[\u202f\u00a0]/g, "");
    if (plain === "∞") return Infinity;
    const found = /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i.exec(plain);
    return found ? Number(found[0]) : null;
}

function sorts(table: HTMLTableElement): void {
    const [head, ...rows] = [...table.rows];
    if (!head || rows.length < 2 || [...head.cells].some((cell) => cell.tagName !== "TH")) return;
    const body = head.parentElement as HTMLElement;
    [...head.cells].forEach((cell, column) => {
        const press = button("", () => {
            const up = cell.getAttribute("aria-sort") !== "ascending";
            for (const other of head.cells) other.setAttribute("aria-sort", "none");
            cell.setAttribute("aria-sort", up ? "ascending" : "descending");
            const keyed = rows.map((row) => {
                const text = row.cells[column]?.textContent ?? "";
                return { row, text, value: number(text) };
            });
            const numeric = keyed.every(({ text, value }) => value !== null || !text.trim());
            keyed.sort((a, b) => (up ? 1 : -1) * (numeric ? (a.value ?? -Infinity) - (b.value ?? -Infinity) : a.text.localeCompare(b.text, "en", { numeric: true })));
            body.append(...keyed.map(({ row }) => row));
        });
        press.append(...cell.childNodes);
        cell.setAttribute("scope", "col");
        cell.setAttribute("aria-sort", "none");
        cell.append(press);
    });
}

function tells(figure: HTMLElement): void {
    const picture = figure.querySelector("svg"), data = figure.querySelector('script[type="application/json"]');
    if (!picture || !data) return;
    const { left, right, from, to, x, curves } = JSON.parse(data.textContent ?? "") as Curves;
    const places = [...new Set(curves.flatMap((curve) => curve.points.map(([x]) => x)))].sort((a, b) => a - b);
    if (!places.length) return;
    const height = picture.viewBox.baseVal.height || Number(picture.getAttribute("height")), width = picture.viewBox.baseVal.width || Number(picture.getAttribute("width"));
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    for (const [name, value] of Object.entries({ y1: 36, y2: height - 54, stroke: "#c06000", "stroke-width": 1.5, visibility: "hidden" })) line.setAttribute(name, String(value));
    picture.append(line);
    const told = h("div", { class: "told", "aria-live": "polite" });
    figure.append(told);
    let at = -1;
    const show = (place: number): void => {
        at = Math.min(Math.max(place, 0), places.length - 1);
        const value = places[at] as number, position = String(left + (right - left) * (to > from ? (value - from) / (to - from) : 0.5));
        line.setAttribute("x1", position);
        line.setAttribute("x2", position);
        line.setAttribute("visibility", "visible");
        const rows = curves.map(({ name, points }) => ({ name, y: points.find(([x]) => x === value)?.[1] }));
        told.replaceChildren(named(`${x}: ${short(value, 6)}`), ...rows.map(({ name, y }) => h("span", {}, named(name), ` ${y === undefined || y === null ? "–" : short(y, 6)}`)));
    };
    const nearest = (wanted: number): number => places.reduce((best, place, number) => Math.abs(place - wanted) < Math.abs((places[best] as number) - wanted) ? number : best, 0);
    picture.addEventListener("pointermove", (event) => {
        const box = picture.getBoundingClientRect();
        const share = ((event.clientX - box.left) / box.width * width - left) / (right - left);
        show(nearest(from + share * (to - from)));
    });
    picture.setAttribute("tabindex", "0");
    picture.setAttribute("role", "application");
    picture.setAttribute("aria-label", `${figure.querySelector("figcaption")?.textContent ?? "Curves"} The arrow keys go from value to value.`);
    picture.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        show(at < 0 ? 0 : at + (event.key === "ArrowRight" ? 1 : -1));
    });
}

document.querySelectorAll("table").forEach(sorts);
document.querySelectorAll<HTMLElement>("figure.curves").forEach(tells);
document.documentElement.dataset.ready = "yes";
