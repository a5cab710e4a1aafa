// What the theme leaves out for those who find their way by a page's landmarks: the side bar is one.

document.addEventListener("DOMContentLoaded", () => {
  const bar = document.getElementById("pst-primary-sidebar");
  bar?.setAttribute("role", "region");
  bar?.setAttribute("aria-label", "The book");
});
