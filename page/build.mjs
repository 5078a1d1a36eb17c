// Bundles the programs and their styles into what the crate kirchhoff-page embeds: the page of explanations and circuits, and the
// program of reports. With `--check`, says whether the files that are there are what would be written.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const ASSETS = new URL("../crates/kirchhoff-page/assets/", import.meta.url);

const bundled = async (entry) => {
    const result = await build({
        entryPoints: [new URL(`src/${entry}`, import.meta.url).pathname],
        bundle: true,
        minify: true,
        charset: "utf8",
        format: "iife",
        target: "es2022",
        legalComments: "inline",
        write: false,
    });
    return result.outputFiles[0].text.trim();
};
const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const [script, style, report] = [await bundled("main.ts"), await bundled("page.css"), await bundled("report.ts")];
for (const [text, tag] of [[script, "script"], [style, "style"], [report, "script"]]) {
    if (text.includes(`</${tag}`) || text.includes("<!--")) throw new Error(`the ${tag} would end its own element`);
}
const policy = `default-src 'none'; script-src ${digest(script)}; style-src ${digest(style)}; img-src data: blob:; base-uri 'none'; form-action 'none'`;
const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<!-- head -->
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>${style}</style>
</head>
<body>
<noscript>This page shows its data by a script of its own, which loads nothing. Allow scripts to see it.</noscript>
<main id="page"></main>
<!-- data -->
<script>${script}</script>
</body>
</html>
`;
let changed = false;
for (const [name, text] of [["page.html", page], ["report.js", report]]) {
    const target = new URL(name, ASSETS);
    if (!process.argv.includes("--check")) {
        writeFileSync(target, text);
        console.log(`${target.pathname}: ${text.length} characters`);
    } else if (readFileSync(target, "utf8") !== text) {
        console.error(`crates/kirchhoff-page/assets/${name} is not what page/src makes: run \`npm run build\` in page`);
        changed = true;
    }
}
process.exitCode = changed ? 1 : 0;
