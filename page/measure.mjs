// What docs/page.md says of sizes and times: VGG-16 with random weights on one picture in three semirings, and the ten digits.
// node measure.mjs, with the tool at KIRCHHOFF and Chromium at CHROMIUM; takes 600 MB of disk for a minute.
import { statSync } from "node:fs";
import { close, kirchhoff, numbers, open, path, writeNpy } from "./tests/harness.mjs";

kirchhoff("explain", "--out", "digits");
kirchhoff("new", "vgg16", "--out", "vgg16.safetensors");
writeNpy("picture.npy", [3, 224, 224], numbers(3 * 224 * 224));
kirchhoff("explain", "vgg16.safetensors", "picture.npy", "--semiring", "real,viterbi,tropical", "--out", "vgg");
kirchhoff("explain", "vgg16.safetensors", "picture.npy", "--semiring", "real,viterbi,bottleneck", "--out", "theta");
for (const name of ["digits", "vgg", "theta"]) {
    const page = await open(`${name}/explanation.html`);
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    const [parsed, seen, ready] = await page.evaluate(() => [performance.getEntriesByType("navigation")[0].domInteractive, ...["seen", "ready"].map((name) => performance.getEntriesByName(name)[0].startTime)]);
    const react = await page.evaluate(async () => {
        const times = {};
        const timed = async (name, act) => {
            const from = performance.now();
            act();
            await new Promise(requestAnimationFrame);
            times[name] = Math.round(performance.now() - from);
        };
        const field = (name) => [...document.querySelectorAll("label")].find((label) => label.textContent === name)?.control;
        const change = (name, value, event) => {
            const control = field(name);
            if (!control) return;
            control.value = value;
            control.dispatchEvent(new Event(event));
        };
        await timed("zoom", () => document.querySelector('[aria-label="zoom in"]').click());
        await timed("scale", () => change("Scale", "quantile", "change"));
        await timed("overlay", () => change("Input beneath relevance", "0.5", "input"));
        await timed("θ", () => change("θ", "500", "input"));
        return times;
    });
    console.log(`${name}: ${(statSync(path(name, "explanation.html")).size / 1e6).toFixed(2)} MB, parsed after ${Math.round(parsed)} ms, maps seen after ${Math.round(seen)} ms, ready after ${Math.round(ready)} ms, reacts in ms:`, react);
}
await close();
