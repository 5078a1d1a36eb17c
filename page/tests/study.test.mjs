// Reports of studies: tables sort, curves tell the values of their files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { check, close, kirchhoff, open, path, read } from "./harness.mjs";

before(() => {
    kirchhoff("study", "perturb", "--semiring", "real,viterbi", "--out", "perturb");
    kirchhoff("study", "prune", "--out", "prune");
    kirchhoff("study", "thresholds", "--steps", "8", "--out", "thresholds");
    kirchhoff("study", "mask", "--semiring", "boolean", "--out", "mask");
});
after(close);

const rows = (file) => readFileSync(path(file), "utf8").trim().split("\n").map((line) => line.split(","));

test("tables sort by any column, as numbers where they are such", async () => {
    const page = await open("perturb/report.html");
    const table = page.locator("table").first();
    const heads = await table.locator("th").allTextContents();
    for (const [column, head] of heads.entries()) {
        const press = table.locator("th button").nth(column);
        const cells = async () => (await table.locator(`tr td:nth-child(${column + 1})`).allTextContents());
        await press.click();
        const up = await cells();
        assert.equal(await table.locator("th").nth(column).getAttribute("aria-sort"), "ascending");
        await press.press("Enter");
        const down = await cells();
        assert.equal(await table.locator("th").nth(column).getAttribute("aria-sort"), "descending");
        const numbers = (texts) => texts.filter((text) => text.trim()).map((text) => read(text.split(" ")[0]));
        if (numbers(up).every((value) => Number.isFinite(value))) {
            assert.deepEqual(numbers(up), numbers(up).toSorted((a, b) => a - b), head);
            assert.deepEqual(numbers(down), numbers(down).toSorted((a, b) => b - a), head);
        }
        assert.deepEqual(up.toSorted(), down.toSorted(), "no row is lost");
    }
    await check(page);
});

test("curves tell what their table has", async () => {
    const page = await open("thresholds/report.html");
    const figure = page.locator("figure.curves").first();
    const [header, ...lines] = rows("thresholds/coverage.csv");
    assert.deepEqual(header.slice(0, 3), ["tensor", "theta", "mean"]);
    const means = lines.filter((line) => line[0] === "input").map((line) => Number(line[2]));
    await figure.locator("svg").focus();
    for (let step = 0; step < 4; step++) {
        await page.keyboard.press("ArrowRight");
        const told = await figure.locator(".told span", { hasText: "input" }).textContent();
        const mean = means[step];
        assert.ok(Math.abs(read(told.split(" ").pop()) - mean) <= 1e-5 * Math.max(mean, 1e-3), `${told} and ${mean}`);
    }
    await page.keyboard.press("ArrowLeft");
    const before = await figure.locator(".told").textContent();
    const box = await figure.locator("svg").boundingBox();
    await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.5 * box.height);
    assert.notEqual(await figure.locator(".told").textContent(), before);
    await check(page);
});

for (const name of ["prune", "mask", "perturb"]) {
    test(`the report of ${name} fits small and large windows`, async () => {
        for (const width of [360, 1920]) {
            const page = await open(`${name}/report.html`, { width });
            for (const figure of await page.locator("figure.curves svg").all()) await figure.press("ArrowRight");
            for (const press of (await page.locator("th button").all()).slice(0, 3)) await press.click();
            await check(page);
        }
    });
}
