// The page's style sheet and script. Private to apps/report.
#pragma once

namespace ito::report {

// Pictures keep a white ground in the dark: their colours were chosen on it.
inline constexpr const char* kPageStyle = R"css(
:root { --ink: #1d2125; --soft: #5c6670; --line: #d9dee3; --ground: #ffffff; --raised: #f5f7f8;
  --accent: #0072b2; --best: #e3f1ea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --soft: #a3adb6; --line: #3a424a; --ground: #15181b; --raised: #1f2428;
    --accent: #6cbcec; --best: #1f3d30; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.2rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--ground); font: 1rem/1.6 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
p, ul { margin: .6rem 0; max-width: 46rem; }
a { color: var(--accent); }
code { font: .88em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code { background: var(--raised); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
.subtitle { color: var(--soft); font-size: 1.05rem; margin: 0; max-width: none; }
nav { margin: 1.4rem 0 0; padding: .7rem 1rem; background: var(--raised); border-radius: 4px; }
nav summary { font-weight: 600; cursor: pointer; }
nav ol { list-style: none; margin: .4rem 0 0; padding: 0; columns: 2; column-gap: 2rem; }
nav li { break-inside: avoid; }
nav li.h3 { padding-left: 1.2rem; font-size: .93em; }
.scroll { overflow-x: auto; width: fit-content; max-width: min(100vw - 2.4rem, 50vw + 29rem); }
table.data { border-collapse: collapse; margin: 1rem 0; font-size: .84rem; min-width: 50%;
  font-variant-numeric: tabular-nums; }
table.data caption { caption-side: top; text-align: left; color: var(--soft); padding-bottom: .4rem; }
table.data caption span { display: inline-block; position: sticky; left: 0;
  max-width: min(46rem, calc(100vw - 2rem)); }
table.data th, table.data td { padding: .34rem .48rem; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
table.data thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
table.data thead small { font-weight: normal; color: var(--soft); }
table.data .number { text-align: right; }
table.data .best { background: var(--best); font-weight: 600; }
table.data tr.reference td { color: var(--soft); font-style: italic; }
table.data th[aria-sort] { cursor: pointer; }
table.data th button { font: inherit; color: inherit; text-align: inherit; background: none; border: 0;
  padding: 0; margin: 0; white-space: inherit; cursor: inherit; }
table.data th[aria-sort]::after { content: "\2195"; color: var(--soft); margin-left: .3em;
  font-weight: normal; }
table.data th[aria-sort=ascending]::after { content: "\2191"; }
table.data th[aria-sort=descending]::after { content: "\2193"; }
figure { margin: 1.6rem 0 2.2rem; }
.picture { background: #fff; border: 1px solid var(--line); border-radius: 4px; }
.picture svg { display: block; width: 100%; height: auto; min-width: 640px; }
figcaption { color: var(--soft); font-size: .93rem; margin-top: .6rem; max-width: 50rem; }
figcaption strong { color: var(--ink); }
.missing { border: 1px dashed var(--soft); border-radius: 4px; padding: 1.6rem; color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .2rem 1.6rem; font-size: .92rem; margin: .8rem 0; }
.facts div { display: flex; justify-content: space-between; gap: 1rem;
  border-bottom: 1px solid var(--line); padding: .15rem 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: 1.2rem .8rem 3rem; }
  h1 { font-size: 1.5rem; }
  nav ol { columns: 1; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --ground: #fff; --raised: #fff; --best: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  figure, table.data tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .picture { border: 0; }
  .picture svg { min-width: 0; }
  .scroll { overflow: visible; max-width: none; }
  table.data { break-inside: avoid; font-size: 7pt; }
  table.data th, table.data td { padding: .25em .5em; white-space: normal; }
  table.data th[aria-sort]::after { content: ""; }
}
)css";

// A click on a header sorts by that column, empty cells last. Without scripts the tables stand as
// they are, so the buttons and arrows are added here and not in the HTML.
inline constexpr const char* kPageScript = R"js(
document.querySelectorAll("table.data").forEach(function (table) {
  var heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
  heads.forEach(function (head, column) {
    head.setAttribute("aria-sort", "none");
    var button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    function sort() {
      var down = head.getAttribute("aria-sort") === "ascending";
      var key = function (row) {
        var cell = row.cells[column], value = cell.dataset.value;
        if (value !== undefined) return parseFloat(value);
        return head.classList.contains("number") ? null : cell.textContent;
      };
      Array.from(body.rows).sort(function (a, b) {
        var x = key(a), y = key(b);
        if (x === null || y === null) return (x === null) - (y === null);
        var order = typeof x === "number" ? x - y : x.localeCompare(y);
        return down ? -order : order;
      }).forEach(function (row) { body.appendChild(row); });
      heads.forEach(function (h) { h.setAttribute("aria-sort", "none"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
    }
    head.addEventListener("click", sort);
  });
});
// A narrow screen starts with the contents folded.
if (window.matchMedia("(max-width: 40rem)").matches)
  document.querySelectorAll("nav details").forEach(function (d) { d.open = false; });
)js";

}  // namespace ito::report
