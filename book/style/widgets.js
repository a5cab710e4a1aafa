// What the widgets of a page need beside the manager that shows them, with no kernel and no network.

// The manager asks MathJax, as it was in version 2, to typeset widgets. The book's hold no maths: whatever MathJax the
// page has, it says that this is done.
{
  const hub = { Queue() {}, Config() {}, Configured() {} };
  let mathjax = { ...window.MathJax, Hub: hub };
  Object.defineProperty(window, "MathJax", {
    get: () => mathjax,
    set: (other) => {
      mathjax = other;
      mathjax.Hub = hub;
    },
  });
}

// A slider's handle is a slider to a screen reader; it gets the name and the value that stand beside it.
new MutationObserver(() => {
  for (const handle of document.querySelectorAll(".widget-slider [role=slider]")) {
    const slider = handle.closest(".widget-slider");
    const [label, value] = [".widget-label", ".widget-readout"].map((part) => slider.querySelector(part)?.textContent);
    if (label && handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
    slider.querySelector(".widget-label")?.removeAttribute("title"); // which is "null"
    slider.querySelector(".widget-readout")?.removeAttribute("contenteditable");
    if (value && handle.getAttribute("aria-valuetext") !== value) handle.setAttribute("aria-valuetext", value);
  }
}).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
