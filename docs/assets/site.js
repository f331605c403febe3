// What the theme leaves out for keyboards and screen readers: tables that scroll can be reached with
// Tab, and what is repeated on a page has a name of its own.
function complete() {
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((table) => {
    table.tabIndex = 0;
  });
  document.querySelectorAll(".md-code__nav").forEach((nav, number) => {
    nav.setAttribute("aria-label", `Code ${number + 1}`);
  });
  document.querySelectorAll(".task-list-control input").forEach((box) => {
    box.setAttribute("aria-label", "To do");
  });
}
document.addEventListener("DOMContentLoaded", () => {
  complete();
  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
});
