// Pictures of a page for a person to look at, and those of the docs: node tests/shot.mjs PAGE PICTURE [WIDTH] [HEIGHT | full]
// [ACTIONS: the body of an asynchronous function of `page`].
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const [path, picture, width = "1280", height = "900", actions = ""] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: Number(width), height: height === "full" ? 900 : Number(height) } });
page.on("console", (message) => console.log(message.type(), message.text()));
page.on("pageerror", (error) => console.log(String(error)));
await page.goto(pathToFileURL(resolve(path)).href);
await page.waitForSelector("html[data-ready]");
await new Function("page", `return (async () => { ${actions} })();`)(page);
await page.waitForTimeout(300);
await page.screenshot({ path: picture, fullPage: height === "full" });
await browser.close();
