// Pictures of products that have none: calm shapes, always the same for the same product.

const TONES = [["#fbe3d4", "#f0b48f", "#c9744a"], ["#dcebe9", "#a6ccc6", "#4f8d85"], ["#efe6f4", "#cbb4db", "#8763a3"],
  ["#fdf1cd", "#f0d383", "#b88c22"], ["#e2ead6", "#b6cc98", "#6b8a43"], ["#dfe8f5", "#adc4e3", "#52759f"]];
const SVG = "http://www.w3.org/2000/svg";

function hash(text) {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 16777619) >>> 0;
  return value;
}

function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text) element.textContent = text;
  return element;
}

/** A picture for a product. */
export function picture(id, title) {
  const seed = hash(id);
  const [ground, shape, deep] = TONES[seed % TONES.length];
  const at = (shift, range) => (seed >>> shift) % range;
  const svg = draw("svg", { viewBox: "0 0 120 90", class: "picture", "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" });
  svg.append(
    draw("rect", { width: 120, height: 90, fill: ground }),
    draw("circle", { cx: 20 + at(3, 80), cy: 70 + at(9, 25), r: 34 + at(5, 14), fill: shape, opacity: 0.55 }),
    draw("circle", { cx: 80 + at(11, 30), cy: at(7, 26), r: 16 + at(13, 12), fill: shape, opacity: 0.8 }),
    draw("rect", { x: 40, y: 25, width: 40, height: 40, rx: at(15, 2) ? 20 : 12, fill: deep, opacity: 0.92 }),
    draw("text", { x: 60, y: 46, "text-anchor": "middle", "dominant-baseline": "middle", "font-size": 20, "font-weight": 600, fill: "#fff" }, [...title][0] ?? ""),
  );
  return svg;
}
