// Plots as SVG, drawn here: no library, no style within the document, colours by class.
const SVG = "http://www.w3.org/2000/svg";

const element = (name, attributes = {}, ...children) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below `value`.
const niceCeiling = (value) => {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999);
};

// A scale of whole steps, four or five of them, that holds both values.
const scaleOf = (low, high) => {
  const step = niceCeiling((high - low) / 4);
  const min = Math.floor(low / step + 1e-9) * step;
  return { min, step, lines: Math.max(1, Math.ceil((high - min) / step - 1e-9)) };
};

// Pieces of a line without gaps; a missing value or a pause of more than `gap` ends a piece.
const pieces = (points, gap) => {
  const found = [];
  let last = null;
  for (const point of points) {
    if (point[1] == null) { last = null; continue; }
    if (last === null || point[0] - last > gap) found.push([]);
    found.at(-1).push(point);
    last = point[0];
  }
  return found;
};

const path = (points, x, y) => points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");

/**
 * One plot as a figure.
 * spec: label, from and to in ms, format(value), series [{name, kind, points: [[ms, value]], band: [[ms, low, high]]}],
 * marks [{at, kind, text}], bar {value, text}, least: the smallest top of the scale, negative: the scale begins below 0.
 */
export const plot = (spec) => {
  const [width, height, left, bottom, top, right] = [560, 176, 52, 22, 14, 8];
  const values = spec.series.flatMap((series) => series.points.map((point) => point[1])).filter((value) => value != null);
  if (spec.bar) values.push(spec.bar.value * 1.1);
  const highest = Math.max(spec.least ?? 0, ...values);
  // An interval of the first requests is wide; it is cut off rather than making the lines flat.
  const edges = spec.series.flatMap((series) => (series.band ?? []).map((point) => point[2] ?? 0));
  const scale = scaleOf(spec.negative ? Math.min(0, ...values) : 0, Math.max(highest, Math.min(2 * highest, ...edges.length ? [Math.max(...edges)] : [0])));
  const [min, max] = [scale.min, scale.min + scale.step * scale.lines];
  const x = (at) => left + (width - left - right) * (at - spec.from) / Math.max(1, spec.to - spec.from);
  const y = (value) => top + (height - top - bottom) * (1 - (Math.min(max, Math.max(min, value)) - min) / (max - min));
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary(spec) });
  for (let line = 0; line <= scale.lines; line += 1) {
    const value = min + scale.step * line;
    svg.append(
      element("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      element("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, spec.format(value)));
  }
  for (const [at, anchor] of [[spec.from, "start"], [(spec.from + spec.to) / 2, "middle"], [spec.to, "end"]]) {
    svg.append(element("text", { x: x(at), y: height - 5, "text-anchor": anchor }, clock(at)));
  }
  if (!spec.series.some((series) => series.points.some((point) => point[1] != null))) {
    svg.append(element("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, spec.empty ?? "no data yet"));
  }
  for (const mark of spec.marks ?? []) {
    if (mark.at < spec.from || mark.at > spec.to) continue;
    const line = element("line", { class: `mark ${mark.kind}`, x1: x(mark.at), x2: x(mark.at), y1: top, y2: height - bottom });
    line.append(element("title", {}, `${clock(mark.at)} ${mark.text}`));
    svg.append(line);
  }
  if (spec.bar) {
    svg.append(
      element("line", { class: "line bar", x1: left, x2: width - right, y1: y(spec.bar.value), y2: y(spec.bar.value) }),
      element("text", { class: "bar-text", x: left + 4, y: y(spec.bar.value) - 5 }, spec.bar.text));
  }
  for (const series of spec.series) {
    const band = (series.band ?? []).filter((point) => point[1] != null && point[2] != null);
    if (band.length > 1) {
      const edge = [...band.map(([at, , high]) => [at, high]), ...band.map(([at, low]) => [at, low]).reverse()];
      svg.append(element("polygon", { class: `band ${series.kind}`, points: path(edge, x, y) }));
    }
    for (const piece of pieces(series.points, spec.gap ?? 15000)) {
      svg.append(element("polyline", { class: `line ${series.kind}`, points: path(piece, x, y) }));
    }
  }
  return withReadout(svg, spec, { x, left, right, width, top, bottom, height });
};

const summary = (spec) => `${spec.label}: ` + spec.series.map((series) => {
  const last = series.points.findLast((point) => point[1] != null);
  return `${series.name} ${last ? spec.format(last[1]) : "no data"}`;
}).join(", ");

// Values under the pointer, in a line below the plot.
const withReadout = (svg, spec, box) => {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const cross = element("line", { class: "cross", y1: box.top, y2: box.height - box.bottom, visibility: "hidden" });
  const rest = () => {
    cross.setAttribute("visibility", "hidden");
    caption.textContent = summary(spec).slice(spec.label.length + 2);
  };
  svg.append(cross);
  svg.addEventListener("pointermove", (event) => {
    const bounds = svg.getBoundingClientRect();
    const place = (event.clientX - bounds.left) * box.width / bounds.width;
    const share = (place - box.left) / (box.width - box.left - box.right);
    const at = spec.from + Math.min(1, Math.max(0, share)) * (spec.to - spec.from);
    cross.setAttribute("visibility", "visible");
    cross.setAttribute("x1", box.x(at));
    cross.setAttribute("x2", box.x(at));
    caption.textContent = `${clock(at)}  ` + spec.series.map((series) => {
      const near = nearest(series.points, at);
      return `${series.name} ${near && near[1] != null ? spec.format(near[1]) : "no data"}`;
    }).join(", ");
  });
  svg.addEventListener("pointerleave", rest);
  rest();
  figure.append(svg, caption);
  return figure;
};

const nearest = (points, at) =>
  points.reduce((best, point) => (best && Math.abs(best[0] - at) <= Math.abs(point[0] - at) ? best : point), null);

/** A plot without scale, for an overview; series as in `plot`. */
export const sparkline = (label, series, from, to) => {
  const [width, height] = [200, 40];
  const values = series.flatMap((one) => one.points.map((point) => point[1])).filter((value) => value != null);
  const max = Math.max(...values, 1e-9) * 1.05;
  const x = (at) => width * (at - from) / Math.max(1, to - from);
  const y = (value) => height - 2 - (height - 4) * value / max;
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const one of series) {
    for (const piece of pieces(one.points, 15000)) {
      svg.append(element("polyline", { class: `line ${one.kind}`, points: path(piece, x, y) }));
    }
  }
  return svg;
};

/** The canary's share as a bar; `basisPoints` 0...10000. */
export const shareBar = (basisPoints) => {
  const svg = element("svg", {
    class: "share", viewBox: "0 0 1000 12", preserveAspectRatio: "none", role: "img",
    "aria-label": `The canary has ${basisPoints / 100} % of the traffic`,
  });
  svg.append(
    element("rect", { class: "bar-base", width: 1000, height: 12 }),
    element("rect", { class: "bar-canary", x: 1000 - basisPoints / 10, width: basisPoints / 10, height: 12 }));
  return svg;
};

export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
