// Pictures of a page for a person to look at: node tests/shot.mjs PAGE PICTURE [WIDTH] [HEIGHT] [ACTIONS: a function of the page].
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [path, picture, width = "1280", height = "900", actions] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: Number(width), height: height === "full" ? 900 : Number(height) } });
page.on("console", (message) => console.log(message.type(), message.text()));
page.on("pageerror", (error) => console.log(String(error)));
await page.goto(pathToFileURL(path).href);
await page.waitForSelector("html[data-ready]");
if (actions) await new Function("page", `return (async () => { ${actions} })();`)(page);
await page.screenshot({ path: picture, fullPage: height === "full" });
await browser.close();
