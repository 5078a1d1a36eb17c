// Bundles the program and its styles into the one page that the crate kirchhoff-page embeds. With `--check`, says whether the
// page that is there is what would be written.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const TARGET = new URL("../crates/kirchhoff-page/assets/page.html", import.meta.url);

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

const [script, style] = [await bundled("main.ts"), await bundled("page.css")];
for (const [text, tag] of [[script, "script"], [style, "style"]]) {
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
if (process.argv.includes("--check")) {
    if (readFileSync(TARGET, "utf8") !== page) {
        console.error("crates/kirchhoff-page/assets/page.html is not what page/src makes: run `npm run build` in page");
        process.exit(1);
    }
} else {
    writeFileSync(TARGET, page);
    console.log(`${TARGET.pathname}: ${page.length} characters`);
}
