"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const chinese = root.lang === "zh-CN";
  const drawn = new Set();
  const HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS;
  const DATES = [
    { dtickrange: [null, DAY_MS - 1], value: "%H:%M\n%m-%d" }, { dtickrange: [DAY_MS, "M1"], value: "%m-%d" },
    { dtickrange: ["M1", null], value: "%Y-%m" },
  ];
  const week = {}, chosenVariant = {};

  if (chinese) {
    const months = [...Array(12).keys()].map((m) => `${m + 1}月`);
    const days = ["日", "一", "二", "三", "四", "五", "六"];
    Plotly.register({
      moduleType: "locale", name: "zh-CN",
      dictionary: { "Download plot as a PNG": "保存为 PNG", "Reset axes": "复原", "Zoom": "缩放", "Pan": "平移" },
      format: {
        days: days.map((d) => `星期${d}`), shortDays: days.map((d) => `周${d}`), months, shortMonths: months,
        date: "%Y-%m-%d",
      },
    });
  }

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  }

  function paint(layout, width) {
    const axis = { gridcolor: colour("line"), zerolinecolor: colour("soft"), linecolor: colour("line"), automargin: true };
    const narrow = width < 600;
    const dated = chinese && layout.xaxis && layout.xaxis.type === "date";
    return {
      ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("text"), family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 12 },
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("text") }, namelength: -1 },
      margin: { l: narrow ? 44 : 60, r: narrow ? 8 : 20, t: 10, b: 40, ...layout.margin },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "normal", ...layout.legend },
      xaxis: { ...axis, zeroline: false, ...(dated ? { tickformatstops: DATES } : {}), ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
      dragmode: narrow ? false : "zoom",
    };
  }

  function recoloured(traces) {
    return traces.map((trace) =>
      trace.line && trace.line.color === "text" ? { ...trace, line: { ...trace.line, color: colour("text") } } : trace);
  }

  function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  function stamp(ms) {
    return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  }

  function weekly(key, figure) {
    const state = (week[key] ??= {
      first: 0, start: Date.parse(figure.start.replace(" ", "T") + ":00Z"),
      values: figure.series.map((s) => unpacked(s.values)), length: Math.min(figure.steps, Math.round(168 / figure.step_h)),
    });
    const end = state.first + state.length;
    const x0 = stamp(state.start + state.first * figure.step_h * HOUR_MS);
    const traces = figure.series.map((s, i) => {
      const y = Array.from(state.values[i].subarray(state.first, end));
      const common = {
        type: "scatter", mode: "lines", name: s.name, y, x0, dx: figure.step_h * HOUR_MS,
        hovertemplate: `%{y:,.4~g} ${figure.unit}`,
      };
      if (!s.stacked) return { ...common, line: { color: s.colour, width: 2 } };
      const taken = state.values[i].some((v) => v < -1e-6);
      return { ...common, stackgroup: taken ? "taken" : "given", line: { width: 0, color: s.colour }, fillcolor: s.colour };
    });
    const layout = { hovermode: "x unified", yaxis: { title: { text: figure.unit } }, xaxis: { type: "date" } };
    return { traces, layout, height: figure.height };
  }

  // figures grow by what their legend needs, which wraps on narrow pages
  function legendRows(traces, width) {
    const shown = new Set(traces.filter((t) => t.showlegend !== false && t.name).map((t) => t.name));
    if (shown.size < 2) return 0;
    const widest = Math.max(...[...shown].map((n) => [...n].reduce((w, c) => w + (c.charCodeAt(0) > 255 ? 12.5 : 7), 44)));
    const perRow = Math.max(1, Math.floor((width - 60) / widest));
    return Math.ceil(shown.size / perRow);
  }

  function shown(key) {
    const figure = figures[key];
    if (figure.weeks) return weekly(key, figure);
    if (!figure.variants) return figure;
    const variant = figure.variants[chosenVariant[key] ?? 0];
    const traces = variant.traces.map((trace, i) => ({ ...figure.common[i], ...trace }));
    return { ...variant, traces, height: figure.height };
  }

  function draw(key) {
    const place = document.getElementById(`plot-${key}`);
    const figure = shown(key);
    const width = place.clientWidth;
    const layout = paint(figure.layout, width);
    const square = layout.yaxis.scaleanchor ? Math.min(figure.height, 1.1 * width) : figure.height;
    layout.height = square + 20 * legendRows(figure.traces, width);
    layout.showlegend = figure.layout.showlegend ?? legendRows(figure.traces, width) > 0;
    drawn.add(key);
    return Plotly.react(place, recoloured(figure.traces), layout, {
      responsive: true, displaylogo: false, locale: chinese ? "zh-CN" : "en",
      modeBarButtons: [["toImage", "resetScale2d"]], displayModeBar: width < 600 ? false : "hover",
    });
  }

  function redraw() {
    drawn.forEach(draw);
  }

  function drawAll() {
    Object.keys(figures).forEach((key) => drawn.has(key) || draw(key));
  }

  document.querySelectorAll(".weeks").forEach((box) => {
    const key = box.dataset.for, figure = figures[key];
    const perDay = Math.max(1, Math.round(24 / figure.step_h));
    const slider = box.querySelector("input"), output = box.querySelector("output");
    const buttons = box.querySelectorAll("button");
    const last = Math.floor((figure.steps - Math.min(figure.steps, 7 * perDay)) / perDay);
    slider.max = last;
    if (last === 0) box.style.display = "none";
    function show(step) {
      weekly(key, figure);
      week[key].first = step;
      slider.value = step / perDay;
      const start = week[key].start + step * figure.step_h * HOUR_MS;
      output.textContent = `${stamp(start).slice(0, 10)} – ${stamp(start + (week[key].length * figure.step_h - 1) * HOUR_MS).slice(0, 10)}`;
      buttons.forEach((b) => b.classList.toggle("chosen", Number(b.dataset.step) === step));
      if (drawn.has(key)) draw(key);
    }
    slider.addEventListener("input", () => show(Number(slider.value) * perDay));
    buttons.forEach((b) => b.addEventListener("click", () => show(Number(b.dataset.step))));
    show(buttons.length ? Number(buttons[0].dataset.step) : 0);
  });

  document.querySelectorAll(".choice select").forEach((list) => {
    list.addEventListener("change", () => list.dataset.for.split(" ").forEach((key) => {
      chosenVariant[key] = list.selectedIndex;
      if (drawn.has(key)) draw(key);
    }));
    list.selectedIndex = 0; // some browsers remember another one when the page is loaded again
  });

  function theme(name) {
    root.dataset.theme = name;
    redraw();
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = dark.matches ? "dark" : "light";
  theme(chosen);
  dark.addEventListener("change", (event) => theme((chosen = event.matches ? "dark" : "light")));
  document.getElementById("theme").addEventListener("click", () => theme((chosen = chosen === "dark" ? "light" : "dark")));
  document.getElementById("print").addEventListener("click", () => print());
  const folded = [...document.querySelectorAll("details")].filter((part) => part.querySelector("table"));
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folded.filter((part) => !part.open);
    opened.forEach((part) => (part.open = true));
    drawAll();
    theme("light");
    document.querySelectorAll(".plot").forEach((place) => {
      const width = Math.max(690, parseFloat(place.style.minWidth) || 0); // what is wider is made smaller as a whole
      place.style.zoom = 690 / width;
      Plotly.relayout(place, { width });
    });
  });
  addEventListener("afterprint", () => {
    opened.forEach((part) => (part.open = false));
    document.querySelectorAll(".plot").forEach((place) => {
      place.style.zoom = "";
      Plotly.relayout(place, { width: null });
    });
    theme(chosen);
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) (width = innerWidth), redraw();
  });

  // figures are drawn when they come near, so that a long page opens at once
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        watch.unobserve(entry.target);
        draw(entry.target.id.slice(5));
      }
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll(".plot").forEach((place) => {
    const figure = figures[place.id.slice(5)];
    place.style.minHeight = `${figure.height}px`;
    watch.observe(place);
  });
})();
