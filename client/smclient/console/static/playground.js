// A slider and the number beside it are one value; values outside of training's range are marked; the answer is told.
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

  document.addEventListener("htmx:after:swap", () => {
    const said = document.querySelector("#answer [data-said]");
    if (said) document.getElementById("said").textContent = said.dataset.said;
  });
})();
