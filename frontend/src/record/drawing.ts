/** The picture of a take as an SVG for a paper: a lane for each control, on white. */

import type { Picture } from "../protocol";
import { clock } from "../plot/words";
import { stepPath, thinned } from "./sparkline";

const WIDE = 1000;
const [LEFT, RIGHT, TOP, BOTTOM] = [110, 16, 44, 34];
const LANE = 56;
const GAP = 10;
const TICKS = 6;
const COLOURS = { performer: "#0a7a3d", model: "#6a3fc4" };

const escaped = (text: string) =>
  text.replace(/[\p{Cc}\p{Cs}]/gu, " ").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** `shown`: which controls, in their order from above. Also returns its size in pixels. */
export function drawing(picture: Picture, shown: readonly number[], title: string) {
  const width = WIDE - LEFT - RIGHT;
  const height = TOP + shown.length * (LANE + GAP) + BOTTOM;
  const { begin, end } = picture;
  const long = Math.max(end - begin, 1e-6);
  const times = picture.times.map((time) => time - begin);
  const parts: string[] = [
    `<rect width="${WIDE}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="16" font-weight="bold">${escaped(title)}</text>`,
    legend("performer", "performer", WIDE - RIGHT - 190),
    legend("model", "model", WIDE - RIGHT - 70),
  ];
  shown.forEach((control, lane) => {
    const top = TOP + lane * (LANE + GAP);
    const label = escaped((picture.labels[control] ?? `Control ${control + 1}`).slice(0, 14));
    parts.push(
      `<rect x="${LEFT}" y="${top}" width="${width}" height="${LANE}" fill="#f4f4f6"/>`,
      `<text x="${LEFT - 8}" y="${top + LANE / 2 + 4}" text-anchor="end">${label}</text>`,
    );
    for (const who of ["model", "performer"] as const) {
      const points = thinned(times, picture[who][control] ?? [], width, long);
      const path = stepPath(points, long, width, LANE - 4);
      if (path) {
        parts.push(
          `<path d="${path}" transform="translate(${LEFT} ${top + 2})" fill="none" stroke="${COLOURS[who]}" stroke-width="1.4"/>`,
        );
      }
    }
  });
  for (let tick = 0; tick <= TICKS; tick += 1) {
    const x = LEFT + (width * tick) / TICKS;
    const anchor = tick === TICKS ? "end" : "middle";
    parts.push(
      `<text x="${x}" y="${height - 12}" text-anchor="${anchor}">${clock(begin + (long * tick) / TICKS, long / 100)}</text>`,
    );
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDE}" height="${height}" viewBox="0 0 ${WIDE} ${height}"`;
  const svg = `${head} font-family="sans-serif" font-size="13" fill="#222">${parts.join("")}</svg>`;
  return { svg, width: WIDE, height };
}

const legend = (who: "performer" | "model", word: string, x: number) =>
  `<rect x="${x}" y="17" width="22" height="3" fill="${COLOURS[who]}"/><text x="${x + 28}" y="23">${word}</text>`;

/** An SVG as pixels, twice as many as it has units. Rejects if the browser cannot draw it. */
export async function pixels({ svg, width, height }: ReturnType<typeof drawing>): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = Math.min(2, 16_000 / height);
  [canvas.width, canvas.height] = [width * scale, height * scale];
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (made === null) throw new Error("This browser cannot make a PNG of so many controls: show fewer, or save an SVG.");
  return made;
}
