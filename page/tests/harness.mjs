// What the tests share: the tool, its files, and a browser that may open files alone.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const TOOL = resolve(process.env.KIRCHHOFF ?? new URL("../../target/debug/kirchhoff", import.meta.url).pathname);
export const folder = mkdtempSync(join(tmpdir(), "kirchhoff-page-"));

/** Runs the tool. */
export const kirchhoff = (...command) => execFileSync(TOOL, [...command, "--quiet"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });

export const path = (...names) => join(folder, ...names);

/** The tensors of a safetensors file: a shape and numbers each. */
export function tensors(file) {
    const bytes = readFileSync(path(file));
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
    const types = { BOOL: Uint8Array, F32: Float32Array, F64: Float64Array };
    const found = {};
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
        if (name === "__metadata__" || !types[dtype]) continue;
        const [first, last] = data_offsets;
        found[name] = { shape, values: new types[dtype](new Uint8Array(bytes.subarray(8 + length + first, 8 + length + last)).buffer) };
    }
    return found;
}

/** Writes a file of f32 tensors. */
export function writeTensors(file, named) {
    const header = {};
    let offset = 0;
    for (const [name, { shape, values }] of Object.entries(named)) {
        header[name] = { dtype: "F32", shape, data_offsets: [offset, offset += 4 * values.length] };
    }
    const text = Buffer.from(JSON.stringify(header));
    const padded = Buffer.concat([text, Buffer.alloc((8 - text.length % 8) % 8, " ")]);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(padded.length));
    writeFileSync(path(file), Buffer.concat([size, padded, ...Object.values(named).map(({ values }) => Buffer.from(Float32Array.from(values).buffer))]));
}

/** Writes an array of f32 as .npy. */
export function writeNpy(file, shape, values) {
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
    const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
    const length = Buffer.alloc(2);
    length.writeUInt16LE(header.length);
    writeFileSync(path(file), Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(header, "latin1"), Buffer.from(Float32Array.from(values).buffer)]));
}

/** Numbers between −1 and 1, the same each time. */
export function numbers(count, seed = 1) {
    let state = seed;
    return Array.from({ length: count }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.fround(state / 2 ** 31 - 1);
    });
}

let browser;

/** A page of the tool in a browser, with whatever it complains of or asks the network for. */
export async function open(file, { width = 1280, height = 900 } = {}) {
    browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
    const page = await browser.newPage({ viewport: { width, height } });
    page.setDefaultTimeout(8000);
    const complaints = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
    });
    const own = pathToFileURL(path(file)).href;
    page.on("request", (request) => !request.url().startsWith("data:") && request.url() !== own && complaints.push(`request: ${request.url()}`));
    await page.goto(own);
    await page.waitForSelector("html[data-ready]");
    page.complaints = complaints;
    return page;
}

/** Closes the browser and removes what was written. */
export async function close() {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
}

/** Checks what holds of every page: nothing went wrong, nothing sticks out, and a screen reader finds its way. */
export async function check(page) {
    assert.deepEqual(page.complaints, []);
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= room, `the page is ${wide} wide where there is room for ${room}`);
    // axe is evaluated by the debugger, which the page's policy does not bind.
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
    assert.deepEqual(told, []);
}

/** A number as the page writes it, read back. */
export const read = (text) => {
    const plain = text.trim().replaceAll("−", "-").replaceAll("\u202f", "");
    return plain === "∞" ? Infinity : plain === "-∞" ? -Infinity : Number(plain);
};

/** Checks that a number that was read back is the one that a file holds, to the last bit of its type. */
export const equal = (value, expected, message = "") => assert.ok(value === expected || Math.fround(value) === expected, `${value} is not ${expected} ${message}`);

/** The colour of the middle of a canvas's cell, in shares of its size. */
export const colour = (canvas, x, y) => canvas.evaluate((element, [x, y]) =>
    [...element.getContext("2d").getImageData(Math.floor(x * element.width), Math.floor(y * element.height), 1, 1).data].slice(0, 3), [x, y]);
