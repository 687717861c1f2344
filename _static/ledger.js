// The ledger's filter: hides the rows that do not match, and says how many are left.

function ledger(form) {
  const rows = [...document.querySelectorAll(".dl-ledger tbody tr")];
  const cell = (row, n) => row.cells[n].textContent.trim();
  const filter = () => {
    const { verdict, chapter, words } = form.elements;
    let left = 0;
    for (const row of rows) {
      const shown =
        (!verdict.value || cell(row, 0) === verdict.value) &&
        (!chapter.value || cell(row, 2) === chapter.value) &&
        cell(row, 1).toLowerCase().includes(words.value.toLowerCase());
      row.hidden = !shown;
      left += shown;
    }
    form.querySelector("output").textContent = `${left} of ${rows.length} claims`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".dl-filter").forEach(ledger);
});
