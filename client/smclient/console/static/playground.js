// A slider and the number beside it are one value; values outside of training's range are marked; the answer is told;
// the address says what is asked, so that it can be kept and sent.
(() => {
  "use strict";
  const form = document.getElementById("ask");
  if (!form) return;

  function mark(field) {
    const value = Number(field.value);
    const outside = field.value !== "" && (value < Number(field.dataset.low) || value > Number(field.dataset.high));
    field.closest(".feature").classList.toggle("outside", outside);
  }

  // In the capturing phase: before the request is made of the fields.
  form.addEventListener("input", (event) => {
    const field = event.target;
    if (field.type === "range") {
      const number = document.getElementById(field.dataset.of);
      number.value = field.value;
      mark(number);
    } else if (field.type === "number" && field.dataset.low !== undefined) {
      const slider = form.querySelector(`[data-of="${field.id}"]`);
      if (slider && field.value !== "") slider.value = field.value;
      mark(field);
    }
  }, true);

  const longest = 8000; // characters; servers refuse more
  const kept = form.dataset.kept.split(" ");

  function state(features) {
    const found = new URLSearchParams();
    if (new URLSearchParams(location.search).has("describe")) found.set("describe", "");
    for (const [name, value] of new FormData(form)) {
      if (name.startsWith("f.") ? features : kept.includes(name) && value !== "") found.set(name, value);
    }
    return found;
  }

  function address() {
    let found = state(true);
    if (found.toString().length > longest) found = state(false);
    history.replaceState(history.state, "", `?${found}`);
    for (const tab of document.querySelectorAll("nav.tabs a")) {
      found.set("input", new URLSearchParams(tab.search).get("input"));
      tab.search = `?${found}`;
    }
  }

  form.addEventListener("change", address);
  document.addEventListener("htmx:after:swap", () => {
    address();
    const said = document.querySelector("#answer [data-said]");
    if (said) document.getElementById("said").textContent = said.dataset.said;
  });
})();
