// What the theme leaves out, or has too much of, for those who do not see a page.

document.addEventListener("DOMContentLoaded", () => {
  // The side bar is a landmark.
  const bar = document.getElementById("pst-primary-sidebar");
  bar?.setAttribute("role", "region");
  bar?.setAttribute("aria-label", "The book");

  // References have roles that are no longer in use, in a list whose entries are none.
  for (const part of document.querySelectorAll(".citation-list, .citation")) part.removeAttribute("role");

  // What scrolls in a frame of its own can be reached by keyboard.
  for (const part of document.querySelectorAll(".highlight pre, div.math")) part.tabIndex = 0;
});
