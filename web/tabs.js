// The tabs: one is selected, arrow keys move between them, and only its own options are shown.
// https://www.w3.org/WAI/ARIA/apg/patterns/tabs/

const tabs = [...document.querySelectorAll("[role=tab]")];
const nameOf = (tab) => tab.id.replace("tab-", "");

/** @returns {string} classify, tag, moderate or compare */
export const selected = () => nameOf(tabs.find((tab) => tab.ariaSelected === "true"));

function select(tab) {
  for (const each of tabs) {
    each.ariaSelected = String(each === tab);
    each.tabIndex = each === tab ? 0 : -1;
  }
  document.getElementById("form").setAttribute("aria-labelledby", tab.id);
  for (const part of document.querySelectorAll("[data-for]"))
    part.hidden = !part.dataset.for.split(" ").includes(nameOf(tab));
  history.replaceState(null, "", `#${nameOf(tab)}`);
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/** @param {() => void} changed called after another tab was selected */
export function startTabs(changed) {
  const choose = (tab) => {
    select(tab);
    changed();
  };
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const ends = { Home: 0, End: tabs.length - 1 };
      const next = tabs[ends[key] ?? (STEPS[key] ? (at + STEPS[key] + tabs.length) % tabs.length : -1)];
      if (!next) return;
      next.focus();
      choose(next);
    });
  }
  select(tabs.find((tab) => nameOf(tab) === location.hash.slice(1)) ?? tabs[0]);
}
