// The page of an explanation, by every control that it has: digits, a picture in colour, a signal, a table, words.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { check, close, colour, equal, kirchhoff, numbers, open, path, read, tensors, writeNpy, writeTensors } from "./harness.mjs";

const SEMIRINGS = ["real", "boolean", "counting", "viterbi", "bottleneck"];

before(() => {
    kirchhoff("explain", "--out", "digits");
    kirchhoff("explain", "--layers", "all", "--page", "none", "--out", "all");
});
after(close);

/** Moves the pointer to the middle of a pixel of a map. */
async function point(map, row, column, [height, width] = [28, 28], press = false) {
    const box = await map.boundingBox();
    const position = { x: (column + 0.5) / width * box.width, y: (row + 0.5) / height * box.height };
    await (press ? map.click({ position }) : map.hover({ position }));
}

/** What the table about an element says of a semiring. */
const told = async (page, semiring, element) => read(await page.locator(`tr[data-semiring="${semiring}"] td[data-element="${element}"]`).textContent());

test("values are those of relevance.safetensors, for every input", async () => {
    const file = tensors("digits/relevance.safetensors");
    const page = await open("digits/explanation.html");
    const real = page.locator("#relevance canvas.map").nth(1);
    for (const input of [0, 4, 9]) {
        await page.getByLabel("Input", { exact: true }).selectOption(String(input));
        await page.waitForFunction((name) => document.querySelector("#heading").textContent.startsWith(name), `digit ${input}`);
        for (const place of [0, 14 * 28 + 14, 12 * 28 + 9, 20 * 28 + 15, 783]) {
            await point(real, Math.floor(place / 28), place % 28);
            for (const semiring of SEMIRINGS) {
                const { values } = file[`${semiring}/input`];
                equal(await told(page, semiring, place), values[784 * input + place], `${semiring} of ${place}`);
            }
        }
    }
    // Ranks: how many are more relevant.
    const { values } = file["viterbi/input"];
    const own = Array.from(values.subarray(784 * 9, 784 * 10));
    await point(real, 12, 14);
    const rank = read((await page.locator('tr[data-semiring="viterbi"] .rank').textContent()).split(" of ")[0]);
    assert.equal(rank, 1 + own.filter((value) => value > own[12 * 28 + 14]).length);
    await check(page);
    assert.ok(readFileSync(path("digits/explanation.html")).length < 1e6, "ten digits in five semirings take less than 1 MB");
});

test("every control of the maps does what it says", async () => {
    const page = await open("digits/explanation.html");
    const map = page.locator("#relevance canvas.map").nth(1), other = page.locator("#relevance canvas.map").nth(4);
    const at = [[0.5, 0.31], [0.7, 0.5], [0.3, 0.45], [0.44, 0.72]];
    const colours = async (canvas) => JSON.stringify(await Promise.all(at.map(([x, y]) => colour(canvas, x, y))));
    let seen = await colours(map);
    for (const palette of ["diverging", "sequential", "grey", "meaning"]) {
        await page.getByLabel("Colours", { exact: true }).selectOption(palette);
        if (palette === "diverging") assert.equal(await colours(map), seen, "signed values are diverging by meaning");
        else assert.notEqual(await colours(map), seen);
        seen = await colours(map);
    }
    const legends = new Set();
    for (const scale of ["linear", "symlog", "quantile", "meaning"]) {
        await page.getByLabel("Scale", { exact: true }).selectOption(scale);
        assert.ok(scale === "linear" || await colours(map) !== seen, scale);
        seen = await colours(map);
        legends.add(await page.locator(".legend").first().textContent());
    }
    assert.ok(legends.size >= 3, [...legends].join(" / "));

    await page.getByLabel("Input beneath relevance").fill("1");
    assert.deepEqual(await colours(map), await colours(page.locator("#relevance canvas.map").first()), "the input alone");
    await page.getByLabel("Input beneath relevance").fill("0");

    // All maps move together.
    const [before, beside] = [await colours(map), await colours(other)];
    await page.getByLabel("zoom in").click();
    assert.notEqual(await colours(map), before);
    assert.notEqual(await colours(other), beside);
    const zoomed = await colours(map);
    const box = await map.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(0, 0);
    assert.notEqual(await colours(map), zoomed, "dragged");
    await page.getByLabel("zoom out").click();
    await page.getByLabel("show all of it").click();
    assert.equal(await colours(map), before);
    await map.hover();
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await page.mouse.move(0, 0);
    assert.notEqual(await colours(map), before, "the wheel zooms");
    await page.getByLabel("show all of it").click();

    // The keyboard alone.
    const file = tensors("digits/relevance.safetensors");
    await map.focus();
    for (const key of ["ArrowUp", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    const place = 13 * 28 + 15;
    equal(await told(page, "bottleneck", place), file["bottleneck/input"].values[place]);
    await page.keyboard.press("+");
    await page.keyboard.press("-");
    await page.keyboard.press("0");
    await page.keyboard.press("Enter");
    assert.match(await page.locator("#why").textContent(), /\[13, 15\]|--paths-of 13,15/);

    await page.getByLabel("next input").click();
    await page.waitForFunction(() => document.querySelector("#heading").textContent.startsWith("digit 1"));
    await page.getByLabel("previous input").click();
    await page.getByLabel("previous input").click();
    await page.waitForFunction(() => document.querySelector("#heading").textContent.startsWith("digit 9"));
    await check(page);
});

test("boolean relevance at any threshold, with coverage by layer", async () => {
    const page = await open("digits/explanation.html");
    const { values } = tensors("digits/relevance.safetensors")["bottleneck/input"];
    const layers = tensors("all/relevance.safetensors");
    const theta = page.locator("#theta");
    const own = values.subarray(0, 784);
    const line = () => theta.locator(".value").textContent();
    const counts = async (at) => {
        const count = own.filter((value) => value >= at).length;
        assert.match(await line(), new RegExp(`^${count} of 784 `), `at ${at}`);
    };
    for (const at of [0.02, 0.04, 0.07]) {
        await theta.getByLabel("θ as a number").fill(String(at));
        await theta.getByLabel("θ as a number").press("Enter");
        await counts(at);
        for (const layer of ["0", "2", "4"]) {
            const { shape, values } = layers[`bottleneck/${layer}`];
            const relevant = values.subarray(0, shape[1]).filter((value) => value >= at).length;
            const row = theta.locator("table.coverage tr", { has: page.locator("th", { hasText: new RegExp(`^${layer}$`) }) });
            const share = read((await row.locator("td").first().textContent()).replace(/[%≈<> ]/g, ""));
            assert.ok(Math.abs(share - 100 * relevant / shape[1]) <= 0.06, `${share} % of layer ${layer}`);
        }
    }
    const slider = theta.locator('input[type="range"]');
    await slider.fill("0");
    const all = await line();
    await slider.fill("1000");
    assert.match(await line(), /^0 of 784 /);
    assert.notEqual(all, await line());
    for (const mark of await theta.locator(".chips button").all()) await mark.click();
    const last = read((await theta.locator(".chips button").last().textContent()).split(": ").pop());
    assert.ok(Math.abs(own.filter((value) => value >= last).length / 784 - 0.05) < 0.005, "the mark that keeps 5 %");
    await point(theta.locator("canvas.map"), 12, 9, [28, 28]);
    equal(read((await line()).split("θ = ")[1]), own[12 * 28 + 9]);
    await point(theta.locator("canvas.map"), 12, 9, [28, 28], true);
    await check(page);
});

test("layers have their ledgers and the relevance of their channels", async () => {
    const page = await open("digits/explanation.html");
    const json = JSON.parse(readFileSync(path("digits/explanation.json"), "utf8"));
    const file = tensors("all/relevance.safetensors");
    const layers = page.locator("#layers");
    for (const [number, semiring] of ["real", "counting", "boolean"].entries()) {
        await layers.getByLabel("Under semiring").selectOption(semiring === "real" ? "0" : String(SEMIRINGS.indexOf(semiring)));
        for (const name of ["0", "2", "4"]) {
            await layers.locator("ol button", { has: page.locator("bdi", { hasText: new RegExp(`^${name}$`) }) }).click();
            await page.waitForFunction((name) => document.querySelector("#layers .detail h3")?.textContent === name, name);
            const entry = json.semirings[semiring].ledgers[0].layers.find((entry) => entry.layer === name);
            const detail = await layers.locator(".detail").textContent();
            assert.ok(detail.includes(entry.rule), detail);
            if (entry.conservation) {
                const sum = read(await layers.locator(".detail tr", { has: page.locator("th", { hasText: "entered" }) }).locator("td").first().textContent());
                assert.ok(Math.abs(sum - entry.conservation.entered) <= 1e-5 * Math.abs(sum), name);
            }
            const { shape, values } = file[`${semiring}/${name}`];
            const rows = await layers.locator("[data-channel]").all();
            assert.ok(rows.length > 0 && rows.length <= shape[1]);
            for (const row of rows.slice(0, 12)) {
                equal(read(await row.textContent()), values[Number(await row.getAttribute("data-channel"))], `${semiring}, ${name}`);
            }
        }
        assert.ok(number < 3);
    }
    await check(page);
});

test("paths to an element weigh what viterbi says, and others come with a command", async () => {
    const page = await open("digits/explanation.html");
    const { values } = tensors("digits/relevance.safetensors")["viterbi/input"];
    const chips = page.locator("#why .chips button");
    assert.ok(await chips.count() >= 8);
    for (const number of [0, 3, 7]) {
        await chips.nth(number).click();
        const paths = page.locator("#why .paths");
        const element = Number(await paths.getAttribute("data-element"));
        const weights = await paths.locator("[data-weight]").evaluateAll((all) => all.map((one) => Number(one.dataset.weight)));
        assert.ok(Math.abs(weights[0] - values[element]) <= 1e-6 * weights[0], `${weights[0]} and ${values[element]}`);
        assert.ok(weights.every((weight, at) => at === 0 || weight <= weights[at - 1]));
        assert.equal(await page.locator("#layers .on-path").count(), 6, "it is drawn through all layers");
    }
    await page.locator("#why").getByRole("button", { name: "draw path 2 through the layers" }).click();
    await page.locator("#why").getByRole("button", { name: "draw path 2 through the layers", pressed: true }).click();
    assert.equal(await page.locator("#layers .on-path").count(), 0);

    // An element without paths: the command finds them.
    await point(page.locator("#relevance canvas.map").nth(1), 10, 14, [28, 28], true);
    const command = await page.locator("#why code").textContent();
    assert.match(command, /^kirchhoff explain --out digits --quiet --paths-of 10,14$/);
    await page.getByRole("button", { name: "copy the command" }).click();
    assert.equal(await page.evaluate(() => String(getSelection())), command);
    await check(page);
    kirchhoff(...command.split(" ").slice(1).map((word) => word === "digits" ? "again" : word).filter((word) => word !== "--quiet"));
    const again = await open("again/explanation.html");
    await point(again.locator("#relevance canvas.map").nth(1), 10, 14, [28, 28], true);
    assert.equal(await again.locator("#why code").count(), 0);
    await check(again);
});

const HOSTILE = ["</script><script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "\u202eabc\u2067 שלום مرحبا 你好 🙂", "<!-- '&amp;"];

/** A small convolutional network on pictures in colour, with names that would do harm as markup. */
function colourful() {
    writeTensors("colour.safetensors", {
        "c.weight": { shape: [4, 3, 3, 3], values: numbers(108) }, "c.bias": { shape: [4], values: numbers(4, 2) },
        "d.weight": { shape: [3, 4 * 8 * 10], values: numbers(960, 3) }, "d.bias": { shape: [3], values: numbers(3, 4) },
    });
    writeFileSync(path("colour.toml"), `classes = ${JSON.stringify(HOSTILE.slice(0, 3))}\n[input]\nshape = [3, 8, 10]\n` +
        `[[layers]]\nname = "c"\ntype = "convolution"\npadding = 1\n[[layers]]\nname = ${JSON.stringify(HOSTILE[0])}\ntype = "relu"\n` +
        `[[layers]]\nname = ${JSON.stringify(HOSTILE[1])}\ntype = "flatten"\n[[layers]]\nname = "d"\ntype = "dense"\n`);
    writeNpy("colour.npy", [2, 3, 8, 10], numbers(480, 5).map(Math.abs));
}

test("channels of a picture in colour, and hostile names", async () => {
    colourful();
    kirchhoff("explain", "colour.safetensors", "--architecture", "colour.toml", "colour.npy", "-s", "real,viterbi,tropical,bottleneck", "--out", "colour");
    const file = tensors("colour/relevance.safetensors");
    const page = await open("colour/explanation.html");
    const map = page.locator("#relevance canvas.map").nth(1);
    const name = Object.keys(file).find((name) => name.startsWith("real/")).slice(5);
    for (const place of [0, 37, 79]) {
        await point(map, Math.floor(place / 10), place % 10, [8, 10]);
        for (const semiring of ["real", "viterbi", "tropical", "bottleneck"]) {
            const values = file[`${semiring}/${name}`].values;
            const own = [0, 1, 2].map((channel) => values[80 * channel + place]);
            for (const channel of [0, 1, 2]) equal(await told(page, semiring, 80 * channel + place), own[channel]);
            const joined = read(await page.locator(`tr[data-semiring="${semiring}"] .joined`).textContent());
            const expected = semiring === "real" ? Math.fround(Math.fround(own[0] + own[1]) + own[2]) : semiring === "tropical" ? Math.min(...own) : Math.max(...own);
            equal(joined, expected, semiring);
        }
    }
    const place = 37, values = file[`viterbi/${name}`].values, own = [0, 1, 2].map((channel) => values[80 * channel + place]);
    await point(map, 3, 7, [8, 10], true);
    for (const [choice, expected] of [["sum", own.reduce((a, b) => Math.fround(a + b))], ["maximum", Math.max(...own)], ["minimum", Math.min(...own)], ["1", own[1]], ["plus", Math.max(...own)]]) {
        await page.getByLabel("Channels", { exact: true }).selectOption(choice);
        await point(map, 3, 7, [8, 10]);
        equal(read(await page.locator('tr[data-semiring="viterbi"] .joined').textContent()), expected, choice);
    }
    const text = await page.locator("main").textContent();
    assert.ok(text.includes(HOSTILE[0]) && text.includes("<img src=x"), "names stay text");
    assert.ok(!/[\u202e\u2067]/.test(text), "marks of direction are made visible");
    assert.equal(await page.locator("main img, main script").count(), 0);
    for (const row of await page.locator("#layers ol button").all()) await row.click();
    await check(page);
});

test("a signal is a curve, a table is bars", async () => {
    kirchhoff("new", "mlp-90-8-3", "--out", "signal.safetensors");
    writeNpy("signal.npy", [90], numbers(90, 7));
    kirchhoff("explain", "signal.safetensors", "signal.npy", "-s", "real,viterbi", "--out", "signal");
    const file = tensors("signal/relevance.safetensors");
    const page = await open("signal/explanation.html");
    assert.equal(await page.locator("#relevance canvas.map").count(), 3);
    await point(page.locator("#relevance canvas.map").nth(1), 0, 33, [1, 90]);
    const name = Object.keys(file).find((name) => name.startsWith("real/"));
    equal(await told(page, "real", 33), file[name].values[33]);
    await page.getByLabel("Input beneath relevance").fill("0.5");
    await page.getByLabel("zoom in").click();
    await page.locator("#relevance canvas.map").nth(2).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByLabel("Drawn as").selectOption("bars");
    assert.equal(await page.locator("#relevance .bars").count(), 2);
    await page.getByLabel("Drawn as").selectOption("curve");
    await check(page);

    kirchhoff("new", "mlp-5-4-2", "--out", "table.safetensors");
    writeNpy("table.npy", [2, 5], numbers(10, 8));
    kirchhoff("explain", "table.safetensors", "table.npy", "-s", "real,viterbi", "--out", "table");
    const columns = tensors("table/relevance.safetensors");
    const table = await open("table/explanation.html");
    const of = columns[Object.keys(columns).find((name) => name.startsWith("real/"))].values;
    const bars = table.locator("#relevance .bars").first();
    const shown = (await bars.locator("> span:not(.track)").allTextContents()).map(read);
    shown.forEach((value, at) => equal(value, of[at], `column ${at}`));
    assert.equal(shown.length, 5);
    await bars.locator("button").nth(2).click();
    assert.equal(await bars.locator("button").nth(2).getAttribute("aria-pressed"), "true");
    await check(table);
});

test("tokens are words, columns have their names", async () => {
    const html = readFileSync(path("table/explanation.html"), "utf8");
    const labelled = (labels) => html.replace(/"labels":\[null\]/g, () => `"labels":[${JSON.stringify(labels.shift()).replaceAll("<", "\\u003c")}]`);
    const words = [["the", "<b>cat</b>", "\u202esat", "שלום", "."], ["a", "dog", "ran", "off", "!"]];
    writeFileSync(path("words.html"), labelled([...words]));
    const page = await open("words.html");
    const first = page.locator("#relevance .words").first();
    assert.deepEqual(await first.locator("button").allTextContents(), ["the", "<b>cat</b>", "\ufffdsat", "שלום", "."]);
    await first.locator("button").nth(1).click();
    assert.match(await page.locator("#relevance caption").textContent(), /<b>cat<\/b>/);
    await page.getByLabel("next input").click();
    await page.waitForFunction(() => document.querySelector("#relevance .words button").textContent === "a");
    await check(page);
    const columns = ["age", "income", "<i>debt</i>", "height", "x"];
    writeFileSync(path("columns.html"), labelled([columns, columns]));
    const table = await open("columns.html");
    assert.deepEqual(await table.locator("#relevance .bars").first().locator("button").allTextContents(), columns);
    await check(table);
});

for (const width of [360, 1920]) {
    test(`a page fits a window of ${width} pixels`, async () => {
        const page = await open("digits/explanation.html", { width });
        await page.locator("#why .chips button").first().click();
        await page.locator("#layers ol button").nth(1).click();
        await page.waitForSelector("[data-channel]");
        await check(page);
    });
}
