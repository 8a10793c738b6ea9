// What htmx does not do: times in the reader's zone, dialogs, a console that has ended, charts from tables.
(() => {
  "use strict";
  // Made when they are first needed: a browser reads its tables for them, which takes it longer than all else here.
  const late = (form) => { let made; return {format: (at) => (made ??= new Intl.DateTimeFormat(undefined, form)).format(at)}; };
  const clock = late({day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit"});
  const hour = late({hour: "2-digit", minute: "2-digit"});
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

  function age(seconds) {
    const left = Math.max(0, Math.floor(seconds));
    for (let index = 0; index < units.length; index++) {
      const [letter, size] = units[index];
      if (left < size) continue;
      const smaller = units[index + 1];
      const rest = smaller ? Math.floor(left % size / smaller[1]) : 0;
      return Math.floor(left / size) + letter + (rest ? rest + smaller[0] : "");
    }
    return "0s";
  }

  function times(root) {
    for (const each of root.querySelectorAll("time[data-form]")) {
      const at = new Date(each.dateTime);
      const past = (Date.now() - at) / 1000;
      const text = each.dataset.form === "clock" ? clock.format(at) : age(each.dataset.form === "age" ? past : -past);
      if (each.textContent !== text) each.textContent = text;
    }
  }

  // A chart is drawn from the table beside it: its first column is the time, each other one a line.
  const tokens = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
  const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3], [1, 4], [12, 4]];
  function charts(root, again) {
    if (!window.uPlot) return;
    for (const figure of root.querySelectorAll("figure[data-chart]")) {
      if (figure.plot && !again) continue;
      const table = figure.querySelector("table:not(.u-legend)");
      const place = figure.querySelector(".plot");
      if (!table || !place) continue;
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(name).trim();
      const heads = [...table.querySelectorAll("thead th")].map((each) => each.textContent.trim());
      const rows = [...table.querySelectorAll("tbody tr")];
      const data = heads.map((_, column) => rows.map((row) => {
        const value = row.children[column].dataset.value;
        return value === undefined || value === "" ? null : Number(value);
      }));
      const axis = {stroke: colour("--muted"), grid: {stroke: colour("--edge"), width: 1}, ticks: {stroke: colour("--edge"), width: 1}};
      const size = {width: Math.max(200, figure.clientWidth), height: 180};
      if (figure.plot) figure.plot.destroy();
      figure.plot = new window.uPlot({
        ...size,
        legend: {live: true},
        cursor: {drag: {x: false, y: false}},
        scales: {y: {range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1]}},
        axes: [{...axis, space: 80, values: (_, seconds) => seconds.map((each) => hour.format(each * 1000))}, {...axis, size: 60}],
        series: heads.map((label, index) => index === 0 ? {} : {
          label, width: 2, stroke: colour(tokens[(index - 1) % tokens.length]), dash: dashes[(index - 1) % dashes.length],
          spanGaps: true, points: {show: rows.length < 3 || undefined},
        }),
      }, data, place);
      place.setAttribute("aria-hidden", "true"); // the table says the same
      for (const each of place.querySelectorAll("tr, [tabindex]")) each.removeAttribute("tabindex");
    }
  }

  function refresh(root) { times(root); charts(root); }

  // What one has opened stays open when the page moves on under it.
  window.htmx.registerExtension("keep-open", {
    htmx_before_morph_attr: (element, detail) => !(detail.attrName === "open" && element.matches("details, dialog")),
  });

  document.addEventListener("htmx:config:request", (event) => {
    const {ctx} = event.detail;
    if (ctx.sourceEvent?.type === "every" && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.error instanceof TypeError) document.getElementById("offline").hidden = false; // no answer at all
  });
  document.addEventListener("htmx:after:request", (event) => {
    document.getElementById("offline").hidden = true;
    if (event.detail.ctx.response.status === 403) location.reload(); // a session of another console
  });
  document.addEventListener("htmx:after:swap", (event) => {
    refresh(document);
    const dialog = document.getElementById("dialog");
    if (event.detail.ctx.target === dialog && dialog.childElementCount && !dialog.open) dialog.showModal();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(() => {
        copy.textContent = "Copied";
        setTimeout(() => { copy.textContent = "Copy"; }, 2000);
      });
    }
  });
  document.addEventListener("submit", (event) => {
    // Two clicks are not two changes.
    if (event.target.method === "post" && !event.defaultPrevented) setTimeout(() => event.target.querySelectorAll("button").forEach((each) => { each.disabled = true; }));
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  window.addEventListener("resize", () => {
    for (const figure of document.querySelectorAll("figure[data-chart]")) {
      figure.plot?.setSize({width: Math.max(200, figure.clientWidth), height: 180});
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts(document, true));
  setInterval(() => times(document), 1000);
  refresh(document);
})();
