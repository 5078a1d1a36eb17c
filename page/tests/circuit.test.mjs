// The page of a gate circuit, by every control that it has.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { check, close, equal, kirchhoff, open, path, read, tensors } from "./harness.mjs";

const MADE = ["--input", "7", "--theta", "threshold(0.05)"];

before(() => {
    kirchhoff("draw", ...MADE, "--output", "x[9,14]", "--semiring", "boolean,counting", "--out", "seven.html");
    kirchhoff("explain", "--theta", "threshold(0.05)", "--semiring", "boolean,counting", "--page", "none", "--out", "seven");
});
after(close);

const value = async (page, semiring) => read(await page.locator(`#gate [data-semiring="${semiring}"]`).textContent());

test("gates fold and unfold, with values under every semiring", async () => {
    const page = await open("seven.html");
    const file = tensors("seven/relevance.safetensors");
    for (const semiring of ["boolean", "counting"]) equal(await value(page, semiring), file[`${semiring}/input`].values[784 * 7 + 9 * 28 + 14], semiring);
    const gates = page.locator(".circuit [data-gate]");
    const first = await gates.count();
    assert.ok(first > 3 && first < 20, `${first} gates are seen at first`);
    await gates.nth(1).click();
    const second = await gates.count();
    assert.ok(second > first);
    await page.locator('.circuit [aria-pressed="true"]').press("Enter");
    assert.equal(await gates.count(), first, "folded again, by the keyboard");
    await page.getByRole("button", { name: "unfold a level" }).click();
    await page.getByRole("button", { name: "unfold a level" }).click();
    const many = await gates.count();
    assert.ok(many > second && many <= 620, `${many}`);
    // A sum's value is that of its children.
    await page.getByLabel("Values in semiring").selectOption("1");
    const sum = await value(page, "counting");
    assert.match(await page.locator("#gate math").textContent(), /\+/);
    assert.ok(sum > 0);
    await page.locator("[data-more]").first().click();
    assert.ok(await gates.count() > many);
    await page.locator("[data-more]").first().press("Enter");
    await page.getByRole("button", { name: "fold all" }).click();
    assert.equal(await gates.count(), first);
    await check(page);
});

test("a leaf is followed along gates that lead to it", async () => {
    const page = await open("seven.html");
    const leaves = await page.locator("datalist option").evaluateAll((all) => all.map((one) => one.value));
    assert.ok(leaves.length > 100);
    for (const leaf of [leaves[0], leaves[leaves.length >> 1], leaves.at(-1)]) {
        await page.getByLabel("Follow a leaf").fill(leaf);
        await page.getByLabel("Follow a leaf").press("Tab");
        const wires = await page.locator('.circuit path[data-on]').count();
        assert.match(await page.locator("#circuit [role=status]").textContent(), new RegExp(`the leaf is ${wires} gates away`));
        assert.ok(wires >= 2);
        assert.ok((await page.locator("#gate p").first().textContent()).includes(leaf));
        assert.ok(await page.locator(".circuit [data-gate]").count() < 80, "no more than the path and what stands beside it");
    }
    await check(page);
});

test("a circuit of one's own, with several outputs and hostile names", async () => {
    const names = ["</script><script>alert(1)</script>", "\u202ex & <b>", "你好 שלום"];
    const written = names.map((name) => JSON.stringify(name));
    writeFileSync(path("own.sexpr"), `(circuit (output "x" (2) (+ (* ${written[0]} ${written[1]}) ${written[2]}) (* ${written[1]} ${written[2]})))`);
    kirchhoff("draw", "own.sexpr", "--semiring", "counting,boolean", "--out", "own.html");
    for (const width of [360, 1920]) {
        const page = await open("own.html", { width });
        assert.equal(await value(page, "counting"), 2);
        await page.getByRole("button", { name: "unfold a level" }).click();
        assert.match(await page.locator("#gate math").textContent(), /alert\(1\)/);
        await page.getByLabel("Output", { exact: true }).selectOption("1");
        assert.equal(await value(page, "counting"), 1);
        const text = await page.locator("main").textContent();
        assert.ok(!text.includes("\u202e"));
        assert.equal(await page.locator("main script, main b").count(), 0);
        await check(page);
    }
});
