/** Style of the report, on screen and on paper. */
export const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin-bottom: .2rem; }
h2 { font-size: 1.25rem; margin-top: 2.4rem; border-bottom: 1px solid #bbb; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin-top: 1.6rem; }
.meta { color: #555; margin-top: 0; }
.warning { border: 2px solid #b04a00; background: #fff6ee; padding: .6rem 1rem; margin: 1rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .76rem; font-variant-numeric: tabular-nums; margin: .8rem 0; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .45rem; text-align: right; vertical-align: top; }
td { white-space: nowrap; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
th[scope=row], thead th:first-child { text-align: left; font-weight: normal; }
thead th { font-weight: 600; }
svg { font: 11px system-ui, sans-serif; fill: #1a1a1a; width: 100%; height: auto; }
svg .title { font-weight: 600; font-size: 12.5px; }
svg .arrow { stroke: #555; fill: none; }
.wide td, .wide thead th { white-space: normal; text-align: left; } .wide th[scope=row] { min-width: 7rem; }
.checklist th[scope=row] { min-width: 2.2rem; } .checklist td:nth-child(2) { min-width: 14rem; } td code { font-size: inherit; } .name { white-space: nowrap; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: .8rem; min-height: 4.6em; } figcaption code { font-size: .75rem; white-space: nowrap; }
a { color: #0a4a7a; text-decoration-thickness: 1px; text-underline-offset: 2px; }
svg .grid { stroke: #e4e4e4; stroke-width: 1; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; margin: 1rem 0; }
svg.chart { max-width: 31rem; }
.forest { max-width: 44rem; }
code { font: .86rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: normal; }
dt { font-weight: 600; margin-top: .5rem; } dd { margin-left: 1.2rem; }
@page { margin: 15mm; }
@media print {
  body { font-size: 10.5pt; margin: 0; max-width: none; padding: 0; }
  h1 { font-size: 1.5rem; }
  .scroll { overflow: visible; } table { font-size: 7pt; } th, td { padding: .12rem .2rem; }
  .many table { font-size: 6.1pt; } .many th[scope=row] { min-width: 8em; }
  h2, h3, dt, p:has(+ .scroll, + .wide, + .charts), p:has(+ table) { break-after: avoid; }
  table, tr, svg, .warning { break-inside: avoid; } table:has(tr:nth-child(9)) { break-inside: auto; }
  p, li, dd { orphans: 3; widows: 3; }
  .charts { grid-template-columns: 1fr 1fr; }
}`;
