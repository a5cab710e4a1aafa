// What the widgets of a page need beside the manager that shows them, with no kernel and no network.

// The manager has MathJax set what a widget says; no widget of the book says any.
window.MathJax = window.MathJax || {};
window.MathJax.Hub = window.MathJax.Hub || { Queue() {}, Config() {}, Configured() {} };

// A slider's handle is a slider to a screen reader; it gets the name and the value that stand beside it.
new MutationObserver(() => {
  for (const handle of document.querySelectorAll(".widget-slider [role=slider]")) {
    const slider = handle.closest(".widget-slider");
    const [label, value] = [".widget-label", ".widget-readout"].map((part) => slider.querySelector(part)?.textContent);
    if (label && handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
    if (value && handle.getAttribute("aria-valuetext") !== value) handle.setAttribute("aria-valuetext", value);
  }
}).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
