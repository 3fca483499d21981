// @ts-check
const content = JSON.parse(document.getElementById("document")?.textContent ?? "{}");
const heading = document.createElement("h1");
heading.textContent = content.title;
document.getElementById("page")?.append(heading);
