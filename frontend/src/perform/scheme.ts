/** Colours drawn on a canvas follow the theme. */

/** Call `changed` whenever the system's light or dark theme is switched; returns what ends that. */
export function followScheme(changed: () => void): () => void {
  const scheme = matchMedia("(prefers-color-scheme: light)");
  scheme.addEventListener("change", changed);
  return () => scheme.removeEventListener("change", changed);
}
