// The program of the pages that kirchhoff writes.

import { circuitPage } from "./circuit";
import { pageData } from "./data";
import type { ExplanationData } from "./data";
import { button, choice, h, named, visible } from "./dom";
import { LayersSection } from "./layers";
import { Palettes } from "./palette";
import { RelevanceSection } from "./relevance";
import { Store } from "./state";
import { ThetaSection } from "./theta";
import { WhySection } from "./why";

async function explanation(page: HTMLElement, data: ExplanationData): Promise<void> {
    const store = new Store(data);
    const [palettes] = await Promise.all([Palettes.load(data), store.load()]);
    store.state.shape = store.shapes()[0] ?? "picture";
    const heading = h("p", { id: "heading", "aria-live": "polite" });
    const select = choice("Input", data.inputs.map((input, at) => ({ value: String(at), label: input.heading })), "0", (value) => void store.set({ input: Number(value) }));
    const field = select.querySelector("select");
    const step = (by: number) => (): void => void store.set({ input: (store.state.input + by + data.inputs.length) % data.inputs.length });
    const tell = (): void => {
        heading.replaceChildren(named(data.inputs[store.state.input]?.heading ?? ""));
        if (field) field.value = String(store.state.input);
    };
    store.listen((changed) => changed.has("input") && tell());
    tell();
    page.append(
        h("header", {},
            h("h1", {}, "Why? ", named(data.model || "explanation")), heading,
            data.inputs.length > 1 && h("div", { class: "controls" }, select, h("span", { class: "row" },
                button("‹", step(-1), "previous input"), button("›", step(1), "next input"))),
            data.explained > data.inputs.length && h("p", { class: "faint" },
                `The page holds the first ${data.inputs.length} of ${data.explained} inputs; relevance.safetensors has all.`)),
        new RelevanceSection(store, palettes).element);
    performance.mark("seen");
    // What comes first is painted before the rest is made.
    await new Promise((painted) => setTimeout(painted));
    page.append(
        ...data.semirings.flatMap((semiring, at) => semiring.meaning === "threshold" ? [new ThetaSection(store, palettes, semiring, at).element] : []),
        new LayersSection(store, palettes).element,
        new WhySection(store).element,
        h("footer", { class: "faint" }, `Written by kirchhoff ${visible(data.version)}.`));
}

async function main(): Promise<void> {
    const page = document.getElementById("page");
    if (!page) return;
    try {
        const data = pageData();
        switch (data.kind) {
            case "explanation":
                await explanation(page, data);
                break;
            case "circuit":
                page.append(...await circuitPage(data));
                break;
        }
        performance.mark("ready");
        document.documentElement.dataset.ready = "yes";
    } catch (error) {
        page.append(h("p", { role: "alert" }, `The page cannot show its data: ${visible(String(error))}. It needs a browser of 2023 or later.`));
        throw error;
    }
}

void main();
