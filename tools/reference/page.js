"use strict";
(() => {
  const bar = document.getElementById("search:bar");
  const box = document.getElementById("search:box");
  const count = document.getElementById("search:count");
  const articles = [...document.querySelectorAll("article")];
  // What is searched: the name, then what is shown without opening anything.
  const texts = articles.map((article) => {
    const copy = article.cloneNode(true);
    copy.querySelectorAll("details, .parts").forEach((each) => each.remove());
    return copy.textContent.toLowerCase();
  });
  const names = new Map([...document.querySelectorAll(".names a")].map((a) => [a.hash.slice(1), a.parentNode]));

  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    articles.forEach((article, at) => {
      const fits = words.every((word) => texts[at].includes(word));
      article.hidden = !fits;
      const name = names.get(article.id);
      if (name) name.hidden = !fits;
      shown += fits;
    });
    document.querySelectorAll(".page").forEach((page) => {
      page.hidden = words.length > 0 && !page.querySelector("article:not([hidden])");
    });
    document.querySelectorAll(".wide, .index:has(.legend)").forEach((each) => {
      each.hidden = words.length > 0;
    });
    count.textContent = words.length ? `${shown} of ${articles.length}` : "";
  };
  box.addEventListener("input", search);
  // A link to what the search hides shows it.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      box.value = "";
      search();
      target.scrollIntoView();
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== box) {
      event.preventDefault();
      box.focus();
    }
  });
  bar.hidden = false;
  search();  // what a browser kept in the box when it loads again
})();
