"""The looks and the script of the page that steps through a counterexample."""

PAGE_STYLE = """
:root { color-scheme: light; }
body {
  margin: 0; background: #ffffff; color: #1a1a1a; font: 15px/1.45 system-ui, Helvetica, Arial, sans-serif;
}
header { padding: 12px 20px 6px; border-bottom: 1px solid #c4c4c4; display: flex; gap: 40px; align-items: flex-start; }
h1 { font-size: 21px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0 0 8px; }
h3 { font-size: 14px; margin: 16px 0 4px; }
p { margin: 2px 0; max-width: 70em; }
.soft { color: #5a5a5a; }
code, pre, td, th, li.change {
  font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 12.5px;
}
.facts {
  border: 3px solid #b34700; background: #fdf0e4; border-radius: 6px; padding: 6px 12px; margin: 8px 0;
  display: inline-block;
}
.facts ol { margin: 2px 0 2px 1.4em; padding: 0; }
.facts li { font-weight: bold; }
nav { display: flex; gap: 10px; align-items: center; padding: 8px 20px; border-bottom: 1px solid #c4c4c4; }
button {
  font: inherit; padding: 3px 12px; border: 1px solid #1a1a1a; border-radius: 5px; background: #fff;
  cursor: pointer;
}
button:disabled { opacity: 0.4; cursor: default; }
kbd { border: 1px solid #5a5a5a; border-radius: 3px; padding: 0 5px; font-size: 12px; }
main { display: flex; align-items: flex-start; }
#diagram { flex: 1 1 60%; overflow: auto; }
#diagram svg { max-width: max(100%, 900px); height: auto; }
#steps { flex: 1 1 40%; min-width: 430px; padding: 14px 20px; overflow: auto; }
.scripted main { height: calc(100vh - var(--above, 220px)); }
.scripted #diagram, .scripted #steps { height: 100%; }
.scripted section { display: none; }
.scripted section.now { display: block; }
section { border-top: 1px solid #c4c4c4; padding: 10px 0; }
.scripted section { border: 0; padding: 0; }
table { border-collapse: collapse; }
td, th { border: 1px solid #c4c4c4; padding: 2px 8px; text-align: left; vertical-align: top; }
td.changed { background: #fff3b0; outline: 2px solid #1a1a1a; outline-offset: -2px; font-weight: bold; }
ul { margin: 0; padding-left: 1.3em; }
li.sent::marker { content: "+ "; }
li.gone::marker { content: "− "; }
li.gone { color: #5a5a5a; }
ul.claims { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 16px; }
li.falls { font-weight: bold; border: 2px solid #b34700; background: #fdf0e4; border-radius: 4px; padding: 0 8px; }
.rp .row.now { fill: #fff3b0; stroke: #1a1a1a; stroke-width: 1.5; }
@media (max-width: 1000px) {
  header, main { display: block; }
  header { padding: 10px 12px 6px; }
  nav { position: sticky; top: 0; background: #ffffff; padding: 8px 12px; gap: 6px; white-space: nowrap; }
  nav .soft { display: none; }
  button { padding: 3px 8px; }
  .scripted main, .scripted #steps { height: auto; }
  .scripted #diagram { height: 45vh; border-bottom: 1px solid #c4c4c4; }
  #steps { min-width: 0; padding: 10px 12px; }
}
@media print {
  nav { display: none; }
  main { display: block; }
  .scripted main, .scripted #diagram, .scripted #steps { height: auto; overflow: visible; }
  #diagram svg { max-width: 100%; }
}
"""

PAGE_SCRIPT = """
const steps = [...document.querySelectorAll('section')];
const counter = document.getElementById('counter');
const [first, back, on, last] = ['first', 'back', 'on', 'last'].map(id => document.getElementById(id));
let now = -1;
function show(wanted) {
  const next = Math.max(0, Math.min(steps.length - 1, wanted));
  if (next === now) return;
  now = next;
  steps.forEach((step, n) => step.classList.toggle('now', n === now));
  document.querySelectorAll('.row').forEach(row => row.classList.toggle('now', row.id === 'row' + now));
  counter.textContent = 'step ' + now + ' of ' + (steps.length - 1);
  first.disabled = back.disabled = now === 0;
  last.disabled = on.disabled = now === steps.length - 1;
  const row = document.getElementById('row' + now), frame = document.getElementById('diagram');
  if (row) {
    const at = row.getBoundingClientRect(), box = frame.getBoundingClientRect();
    if (at.top < box.top || at.bottom > box.bottom) frame.scrollTop += at.top - box.top - box.height / 3;
  } else frame.scrollTop = 0;
  if (now === steps.length - 1) frame.scrollTop = frame.scrollHeight;
  history.replaceState(null, '', '#step' + now);
}
document.body.classList.add('scripted');
const fit = () => document.body.style.setProperty('--above', document.querySelector('main').offsetTop + 'px');
addEventListener('resize', fit);
fit();
const keys = {ArrowRight: 1, ArrowDown: 1, j: 1, ' ': 1, ArrowLeft: -1, ArrowUp: -1, k: -1, Home: -1e9, End: 1e9};
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
  if (event.key === ' ' && event.target.tagName === 'BUTTON') return;
  event.preventDefault();
  show(now + keys[event.key]);
});
first.onclick = () => show(0); back.onclick = () => show(now - 1);
on.onclick = () => show(now + 1); last.onclick = () => show(steps.length - 1);
document.getElementById('diagram').addEventListener('click', event => {
  const hit = [...document.querySelectorAll('.row')].find(row => {
    const box = row.getBoundingClientRect();
    return event.clientY >= box.top && event.clientY < box.bottom;
  });
  if (hit) show(Number(hit.id.slice(3)));
});
addEventListener('hashchange', () => show(Number(location.hash.slice(5)) || 0));
show(Number(location.hash.slice(5)) || 0);
"""
