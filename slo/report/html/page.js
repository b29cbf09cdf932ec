// The page's own script, run after uPlot's: draws each chart model, and again when the width, the colour scheme or the paper changes.
// It reads data only from the page's JSON element and writes text only as text.
(() => {
  "use strict";
  const models = JSON.parse(document.getElementById("chart-data").textContent);
  const root = document.documentElement;
  root.classList.add("scripted");
  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const three = (value) => Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  const write = {
    rate: (value) => three(value) + "/s",
    seconds: (value) => (value >= 1 ? three(value) + " s" : value >= 0.001 ? three(value * 1e3) + " ms" : three(value * 1e6) + " µs"),
    ratio: (value) => three(value * 100) + "%",
  };
  const two = (value) => String(value).padStart(2, "0");
  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const tail = two(whole % 60);
    return whole < 3600
      ? Math.floor(whole / 60) + ":" + tail
      : Math.floor(whole / 3600) + ":" + two(Math.floor(whole / 60) % 60) + ":" + tail;
  };
  const patterns = { solid: [], dashed: [7, 4], dotted: [2, 3] };
  const font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

  const linearTop = (model, highest) => {
    const least = model.unit === "ratio" ? 0.001 : 1;
    return Math.max(least, highest ?? 0, ...model.limits.map(({ value }) => value)) * 1.15;
  };
  const yRange = (model) => (_, lowest, highest) => {
    if (model.scale === "linear") return [0, linearTop(model, highest)];
    const known = [lowest, highest, ...(model.x === "time" ? model.limits.map(({ value }) => value) : [1])].filter((value) => value > 0);
    const from = 10 ** Math.floor(Math.log10(Math.min(...known)));
    const to = model.x === "time" ? Math.max(...known) * 1.5 : 1;
    return [from, to > from * 10 ? to : from * 10];
  };

  const logSplits = [1, 2, 5];
  const latencyLabels = (_, splits) =>
    splits.map((value) =>
      value !== null && logSplits.some((one) => Math.abs(Math.log10(value / one) % 1) < 1e-6) ? write.seconds(value) : "",
    );
  const latencyRange = ({ at, limits }) => {
    const known = [...at, ...limits.map(({ value }) => value)];
    return [Math.min(...known) * 0.9, Math.max(...known) * 1.1];
  };
  const timed = models.filter(({ x }) => x === "time");
  const moments = timed.flatMap(({ at, bands }) => [at[0], at[at.length - 1], ...bands.flatMap(({ from, to }) => [from, to])]);
  const first = moments.reduce((least, moment) => Math.min(least, moment), Infinity);
  const last = moments.reduce((most, moment) => Math.max(most, moment), -Infinity);
  const xRange =
    ({ at }) =>
    (_, from, to) =>
      from <= at[0] && to >= at[at.length - 1] ? [first, last > first ? last : first + 1] : [from, to];

  const drawBands = (model) => (u) => {
    const { ctx, bbox } = u;
    const px = uPlot.pxRatio;
    ctx.save();
    ctx.setLineDash([]);
    ctx.font = 11 * px + "px system-ui, -apple-system, 'Segoe UI', sans-serif";
    ctx.textBaseline = "alphabetic";
    let free = -Infinity; // scenarios that run at the same time have their names beside each other
    for (const band of model.bands.toSorted((a, b) => a.from - b.from)) {
      const left = Math.max(bbox.left, u.valToPos(band.from, "x", true));
      const right = Math.min(bbox.left + bbox.width, u.valToPos(band.to, "x", true));
      if (right <= left) continue;
      if (!band.judged) hatch(ctx, left, right, bbox, px);
      ctx.fillStyle = style("--rule");
      ctx.fillRect(left, bbox.top - 14 * px, px, bbox.height + 14 * px);
      const names = band.judged ? [band.name] : [band.name + ", not judged", "not judged", band.name];
      const start = Math.max(left + 3 * px, free);
      const fitting = names.find((name) => start + ctx.measureText(name).width + 3 * px < right);
      if (fitting === undefined) continue;
      ctx.fillStyle = style("--soft");
      ctx.fillText(fitting, start, bbox.top - 5 * px);
      free = start + ctx.measureText(fitting).width + 8 * px;
    }
    ctx.restore();
  };
  const hatch = (ctx, left, right, bbox, px) => {
    ctx.fillStyle = style("--band");
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.strokeStyle = style("--rule");
    ctx.lineWidth = px;
    for (let x = left - bbox.height; x < right; x += 9 * px) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
      ctx.stroke();
    }
    ctx.restore();
  };

  const drawLimits = (model) => (u) => {
    const { ctx, bbox } = u;
    const px = uPlot.pxRatio;
    ctx.save();
    ctx.setLineDash([]);
    ctx.font = "600 " + 11 * px + "px system-ui, -apple-system, 'Segoe UI', sans-serif";
    ctx.textBaseline = "bottom";
    ctx.lineJoin = "round";
    const across = (fromX, fromY, toX, toY) => {
      ctx.strokeStyle = style("--limit");
      ctx.lineWidth = 1.5 * px;
      ctx.beginPath();
      ctx.moveTo(fromX, fromY);
      ctx.lineTo(toX, toY);
      ctx.stroke();
    };
    const written = (label, x, y, room) => {
      ctx.lineWidth = 4 * px;
      ctx.strokeStyle = style("--paper");
      ctx.strokeText(label, x, y, room);
      ctx.fillStyle = style("--limit");
      ctx.fillText(label, x, y, room);
    };
    const { left, top, width, height } = bbox;
    const upright = model.x === "latency" ? model.limits.toSorted((a, b) => b.value - a.value) : [];
    const places = upright.map(({ value }) => Math.round(u.valToPos(value, "x", true)));
    for (const x of places) across(x, top, x, top + height);
    upright.forEach(({ label }, row) => {
      const isRight = places[row] > left + width / 2;
      ctx.textAlign = isRight ? "right" : "left";
      const x = places[row] + (isRight ? -4 : 4) * px;
      written(label, x, top + (row + 1) * 15 * px, isRight ? x - left : left + width - x);
    });
    ctx.textAlign = "right";
    let lowest = top - 3 * px; // below the names of the bands, and each other
    for (const limit of model.x === "time" ? model.limits.toSorted((a, b) => b.value - a.value) : []) {
      const y = Math.round(u.valToPos(limit.value, "y", true));
      if (y < top || y > top + height) continue;
      across(left, y, left + width, y);
      lowest = y - 3 * px >= lowest + 15 * px ? y - 3 * px : Math.max(y + 14 * px, lowest + 15 * px);
      written(limit.label, left + width - 4 * px, lowest, width - 8 * px);
    }
    ctx.restore();
  };

  const series =
    (model) =>
    ({ label, tone, dash, stepped }) => ({
      label,
      scale: "y",
      stroke: style("--tone-" + tone),
      width: 1.75,
      dash: patterns[dash],
      spanGaps: model.x === "latency",
      points: { show: model.at.length === 1 || (model.x === "latency" && label === "server") ? true : undefined, size: 5 },
      value: (_, value, __, at) => (at === null ? "" : value === null || value === undefined ? "–" : write[model.unit](value)),
      ...(stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    });

  const axis = (more) => ({
    font,
    labelFont: font,
    stroke: style("--soft"),
    grid: { stroke: style("--grid"), width: 1 },
    ticks: { stroke: style("--rule"), width: 1, size: 5 },
    ...more,
  });

  const sizeOf = (box) => ({ width: Math.max(200, box.clientWidth), height: box.clientWidth < 480 ? 240 : 280 });

  const options = (model, box) => ({
    ...sizeOf(box),
    padding: [22, 20, 0, 0],
    cursor: { sync: { key: model.x, scales: ["x", null] }, y: false, drag: { x: model.x === "time", y: false } },
    legend: {
      live: true,
      markers: {
        width: 2,
        fill: "transparent",
        dash: (_, at) => model.lines[at - 1].dash,
        stroke: (_, at) => style("--tone-" + model.lines[at - 1].tone),
      },
    },
    scales: {
      x: model.x === "time" ? { time: false, range: xRange(model) } : { time: false, distr: 3, range: latencyRange(model) },
      y: model.scale === "log" ? { distr: 3, range: yRange(model) } : { range: yRange(model) },
    },
    axes: [
      axis({
        label: model.x === "time" ? "time since the start, min:s" : "latency, logarithmic",
        labelSize: 20,
        size: 34,
        ...(model.x === "time" ? { space: 56, incrs: steps, values: (_, splits) => splits.map(clock) } : { values: latencyLabels }),
      }),
      axis({
        label: model.axis,
        labelSize: 20,
        size: 62,
        values: (_, splits) => splits.map((value) => (value === null ? "" : write[model.unit](value))),
      }),
    ],
    series: [
      model.x === "time"
        ? { label: "time", value: (u, value) => (value === null ? clock(u.scales.x.min) + "–" + clock(u.scales.x.max) : clock(value)) }
        : { label: "latency", value: (_, value) => (value === null ? "" : write.seconds(value)) },
      ...model.lines.map(series(model)),
    ],
    hooks: { drawClear: [drawBands(model)], draw: [drawLimits(model)] },
  });

  const operable = (box) => {
    box.querySelector(".u-legend").setAttribute("role", "presentation");
    for (const label of box.querySelectorAll(".u-legend .u-series:not(:first-child) th")) {
      label.tabIndex = 0;
      label.setAttribute("role", "button");
      label.setAttribute("aria-pressed", "true");
      label.title = "Show or hide this line";
      label.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        label.click();
      });
      label.addEventListener("click", () => label.setAttribute("aria-pressed", String(!label.parentElement.classList.contains("u-off"))));
    }
  };

  const charts = models.map((model) => ({ model, box: document.getElementById("plot-" + model.id), plot: undefined }));
  const draw = (chart) => {
    chart.plot?.destroy();
    const { model, box } = chart;
    chart.plot = new uPlot(options(model, box), [model.at, ...model.lines.map(({ values }) => values)], box);
    operable(box);
  };
  const drawAll = () => charts.forEach(draw);
  drawAll();

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const chart = charts.find(({ box }) => box === target);
      const size = sizeOf(target);
      if (chart.plot.width !== size.width || chart.plot.height !== size.height) chart.plot.setSize(size);
    }
  });
  for (const { box } of charts) resized.observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  const samples = [...document.querySelectorAll(".sample")];
  const filters = [...document.querySelectorAll("[data-filter]")];
  const choose = () => {
    for (const sample of samples) {
      sample.hidden = filters.some(({ dataset, value }) => value !== "" && sample.dataset[dataset.filter] !== value);
    }
  };
  for (const filter of filters) filter.addEventListener("change", choose);
  const folded = () => document.querySelectorAll("details:not([open], .sample)");
  let opened = [];
  addEventListener("beforeprint", () => {
    root.dataset.paper = "";
    opened = [...folded()];
    for (const element of opened) element.open = true;
    drawAll();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.paper;
    for (const element of opened) element.open = false;
    drawAll();
  });
})();
