// The course of a customer's mood over the messages, as a small curve.
import { make, svg } from "/assets/desk/dom.js";
import { heat } from "/assets/desk/tickets.js";
import { code, t } from "/assets/desk/words.js";

const WIDTH = 300;
const HEIGHT = 64;
const EDGE = 9;

/** A curve with a point a message; a point leads to its message. */
export function curve(points, jump) {
  const step = points.length > 1 ? (WIDTH - 2 * EDGE) / (points.length - 1) : 0;
  const places = points.map((point, index) => [points.length > 1 ? EDGE + index * step : WIDTH / 2, HEIGHT - EDGE - heat(point) * (HEIGHT - 2 * EDGE)]);
  const path = places.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const area = `${path}L${places.at(-1)[0].toFixed(1)} ${HEIGHT - 2}L${places[0][0].toFixed(1)} ${HEIGHT - 2}Z`;
  const said = points.map(words).join(t("arrow"));
  const picture = svg("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": t("mood.course", said) },
    svg("line", { class: "base", x1: 0, x2: WIDTH, y1: HEIGHT - 2, y2: HEIGHT - 2 }),
    svg("path", { class: "area", d: area }),
    svg("path", { class: "stroke", d: path }),
    ...points.map((point, index) => dot(point, places[index], () => jump(point.message))),
  );
  return make("div", { class: "course" }, picture, make("p", { class: "dim" }, shortly(points)));
}

function dot(point, [x, y], onclick) {
  const group = svg("g", { class: "point", "data-emotion": point.label, "data-test": "emotion-point" }, svg("title", {}, words(point)), svg("circle", { class: "touch", cx: x, cy: y, r: 9 }), svg("circle", { cx: x, cy: y, r: 4 }));
  group.addEventListener("click", onclick);
  return group;
}

const words = (point) => t("mood.point", code("emotion", point.label), Math.round(point.intensity * 100));

/** From where to where, without the points between. */
function shortly(points) {
  if (points.length === 1) return words(points[0]);
  const worst = points.reduce((a, b) => (heat(b) > heat(a) ? b : a));
  const ends = [points[0], ...(worst !== points[0] && worst !== points.at(-1) ? [worst] : []), points.at(-1)];
  return ends.map(words).join(t("arrow"));
}
