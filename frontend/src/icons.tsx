/** Small pictures, drawn here. Decoration only: whatever they stand on has words of its own. */

const SHAPES = {
  perform: "M5 21V12M5 8V3M12 21v-4M12 13V3M19 21v-7M19 10V3M2.5 12h5M9.5 17h5M16.5 10h5",
  sound: "M3 10v4M7 6v12M11 3v18M15 8v8M19 5v14M22.5 10.5v3",
  setup: "M4 7h9M17 7h3M4 17h3M11 17h9M13 4.5v5M11 14.5v5",
  record: "M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0M12 12m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
  learn: "M3 20h18M4 15c3 0 3-8 6-8s3 6 6 6 3-9 5-9",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  system: "M4 5h16v11H4zM9 20h6M12 16v4M7 9h4M7 12h7",
  play: "M7 4l13 8-13 8z",
  pause: "M8 4v16M16 4v16",
  stop: "M6 6h12v12H6z",
  reset: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5",
  another: "M4 8h8a4 4 0 0 1 4 4v7M12 15l4 4 4-4M4 16h5M16 8h4",
  panic: "M12 3l9.5 17h-19zM12 10v4M12 17v.5",
  up: "M6 14l6-6 6 6",
  previous: "M14 6l-6 6 6 6",
  next: "M10 6l6 6-6 6",
  fill: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  down: "M6 10l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  cross: "M6 6l12 12M18 6L6 18",
  check: "M5 13l5 5L20 6",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  upload: "M12 16V5M7 9l5-5 5 5M4 20h16",
  speaker: "M4 9v6h4l6 5V4L8 9zM17.5 8.5a5 5 0 0 1 0 7",
  mute: "M4 9v6h4l6 5V4L8 9zM17 9.5l5 5M22 9.5l-5 5",
  hand: "M8 12V5.5a1.5 1.5 0 0 1 3 0V11M11 10.5v-7a1.5 1.5 0 0 1 3 0V11M14 11V5.5a1.5 1.5 0 0 1 3 0V14c0 4-2 7-6 7-3 0-4.500-1.500-6-4.500L3.500 13a1.500 1.500 0 0 1 2.500-1.500L8 14",
  tag: "M3 3h8l10 10-8 8L3 11zM7.500 7.500v.1",
  invite: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500M20 14v6M14 20h3",
  monitor: "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
