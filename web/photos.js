// The photos that were chosen, dropped or pasted, each shown in its place.

const places = [...document.querySelectorAll(".photo")].map((place) => ({
  place,
  input: place.querySelector("input"),
  drop: place.querySelector(".drop"),
  preview: place.querySelector("img"),
  hint: place.querySelector(".hint"),
  /** @type {File | undefined} */
  file: undefined,
}));

/** The photos of the places that are shown; @returns {(File | undefined)[]} */
export const photos = () => places.filter(({ place }) => !place.hidden).map(({ file }) => file);

function put(at, file) {
  const { preview, hint } = at;
  at.file = file;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.alt = file.name;
  preview.hidden = false;
  hint.hidden = true;
  // A format that the browser cannot show may still be one that the Worker reads.
  preview.onerror = () => {
    preview.hidden = true;
    hint.hidden = false;
    hint.textContent = file.name;
  };
}

/** @param {() => void} changed called after a photo was put somewhere */
export function startPhotos(changed) {
  const take = (at, file) => {
    if (!file) return;
    put(at, file);
    changed();
  };
  /** The place that something was dropped on, or else the first that is empty. */
  const placeFor = (target) => {
    const shown = places.filter(({ place }) => !place.hidden);
    return shown.find(({ place }) => place.contains(target)) ?? shown.find(({ file }) => !file) ?? shown[0];
  };
  for (const at of places) {
    at.input.addEventListener("change", () => {
      take(at, at.input.files[0]);
      // Else the same file, chosen again after another was dropped, would be no change.
      at.input.value = "";
    });
  }
  for (const type of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      const at = placeFor(event.target);
      for (const each of places) each.drop.classList.toggle("over", type === "dragover" && each === at);
      if (type === "drop") take(at, event.dataTransfer.files[0]);
    });
  }
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", async () => {
      const path = `samples/${button.dataset.sample}.jpg`;
      const sample = new File([await (await fetch(`/${path}`)).blob()], `${button.dataset.sample}.jpg`);
      // Where it lies for the curl of the same request, typed where `npm start` was.
      take(placeFor(null), Object.assign(sample, { path: `web/${path}` }));
    });
  }
  document.addEventListener("paste", (event) => take(placeFor(null), event.clipboardData.files[0]));
}
