/** The drawings of the icons: 16 × 16, in strokes of the text's colour. */

import type { ReactElement } from 'react';

/** Types of data. */
const TYPES = {
  cells: (
    <>
      <circle cx="5" cy="5.2" r="2.6" />
      <circle cx="11.2" cy="6.6" r="2" />
      <circle cx="7.6" cy="11.4" r="2.3" />
      <path d="M5 5.2h.01M11.2 6.6h.01M7.6 11.4h.01" strokeWidth="2" />
    </>
  ),
  matrix: <path d="M2.5 2.5h11v11h-11zM6.2 2.5v11M9.9 2.5v11M2.5 6.2h11M2.5 9.9h11" />,
  table: <path d="M2 3h12v10H2zM2 6.3h12M2 9.6h12M6.2 6.3V13" />,
  dna: (
    <path d="M4.5 1.5c0 5 7 8 7 13M11.5 1.5c0 5-7 8-7 13M5.2 4h5.6M5.2 12h5.6M6.5 6.3h3M6.5 9.7h3" />
  ),
  protein: <path d="M2 8c1.3-5 2.7-5 4 0s2.7 5 4 0 2.7-5 4 0" />,
  model: <path d="M1.8 2h5v3.6h-5zM9.2 6.2h5v3.6h-5zM1.8 10.4h5V14h-5zM4.3 5.6v4.8M4.3 8h4.9" />,
  image: (
    <>
      <path d="M2 3h12v10H2zM2.5 12l3.7-3.4 2.3 2 2.3-2.6 2.9 3.2" />
      <circle cx="5.6" cy="6.4" r="1.1" />
    </>
  ),
  html: (
    <path d="M4 1.8h5l3.2 3.2v9.2H4zM9 1.8V5h3.2M6.6 8.6 5.4 10l1.2 1.4M9.5 8.6l1.2 1.4-1.2 1.4" />
  ),
  file: <path d="M4 1.8h5l3.2 3.2v9.2H4zM9 1.8V5h3.2" />,
  text: <path d="M3 3.5h10M8 3.5v9.5" />,
  number: <path d="M6 2.5 4.6 13.5M11.4 2.5 10 13.5M2.8 6h11M2.2 10h11" />
};

const PLACES = {
  shelf: (
    <>
      <path d="M2 2.5v11M14 2.5v11M2 7.5h12M2 13h12M4 9.5h3V13M4 9.5V13M9.6 12.9 11 9.7" />
      <circle cx="5" cy="5" r="1.5" />
      <circle cx="8.7" cy="5" r="1.5" />
    </>
  ),
  study: <path d="M1.8 3.5h4.4l1.4 1.6h6.6V13H1.8z" />,
  notebook: <path d="M4 1.8h9v12.4H4zM2.5 4.4H4M2.5 8H4M2.5 11.6H4M6.6 5h4M6.6 7.4h4" />,
  running: (
    <>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="2.4" />
    </>
  ),
  people: (
    <>
      <circle cx="6" cy="5.4" r="2.3" />
      <path d="M1.6 13c.5-2.6 2.1-3.9 4.4-3.9s3.9 1.3 4.4 3.9M10.4 3.4a2.2 2.2 0 0 1 0 4M12 9.4c1.3.5 2.1 1.7 2.4 3.6" />
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.2" r="2.7" />
      <path d="M2.8 13.8c.6-3 2.6-4.4 5.2-4.4s4.6 1.4 5.2 4.4" />
    </>
  ),
  branch: (
    <>
      <circle cx="4" cy="3.6" r="1.7" />
      <circle cx="4" cy="12.4" r="1.7" />
      <circle cx="12" cy="5.4" r="1.7" />
      <path d="M4 5.3v5.4M12 7.1c0 2.6-5 2.2-7.5 3.9" />
    </>
  ),
  calendar: <path d="M2.2 3.2h11.6v10.4H2.2zM2.2 6.4h11.6M5.2 1.8v2.6M10.8 1.8v2.6" />,
  list: <path d="M5.5 4H14M5.5 8H14M5.5 12H14M2.4 4h.01M2.4 8h.01M2.4 12h.01" />,
  tree: <path d="M2 3.5h5M5.5 8h8M5.5 12.5h8M3 3.5v9h2.5M3 8h2.5" />
};

const ACTS = {
  play: <path d="M4.5 2.8 12.5 8l-8 5.2z" />,
  code: <path d="M5 4 1.8 8 5 12M11 4l3.2 4L11 12M9.2 2.8 6.8 13.2" />,
  clip: (
    <path d="M12.8 7.2 7.6 12.4a3 3 0 0 1-4.3-4.3L9 2.5a2 2 0 0 1 2.9 2.8L6.3 11a1 1 0 0 1-1.5-1.4l4.8-4.7" />
  ),
  upload: <path d="M8 11V3M4.8 6 8 2.8 11.2 6M2.5 13.5h11" />,
  download: <path d="M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 13.5h11" />,
  rollback: <path d="M3 7a5.2 5.2 0 1 1 .6 4M3 3v4h4" />,
  compare: <path d="M2.5 2.5h4v11h-4zM9.5 2.5h4v11h-4zM8 1v14" />,
  swap: <path d="M2.5 5.5h10M10 2.8l2.7 2.7L10 8.2M13.5 10.5h-10M6 7.8l-2.7 2.7L6 13.2" />,
  copy: (
    <path d="M6.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1zM3.5 10.5h-1v-8h8v1" />
  ),
  link: (
    <path d="M6.5 9.5l3-3M7 4.6l1.4-1.4a3 3 0 0 1 4.3 4.3L11.3 9M9 11.4l-1.4 1.4a3 3 0 0 1-4.3-4.3L4.7 7" />
  ),
  tag: (
    <>
      <path d="M2.2 2.2h5.2l6.4 6.4-5.2 5.2-6.4-6.4z" />
      <circle cx="5" cy="5" r=".6" />
    </>
  ),
  trash: <path d="M2.8 4.3h10.4M6 4V2.3h4V4M4 4.3l.7 9.4h6.6l.7-9.4M6.7 6.8v4.4M9.3 6.8v4.4" />,
  edit: <path d="M10.6 2.8 13.2 5.4 5.6 13 2.4 13.6 3 10.4z" />,
  save: <path d="M2.5 2.5h9l2 2v9h-11zM5 2.5v4h5.5v-4M5 13.5V9.6h6v3.9" />,
  plus: <path d="M8 3v10M3 8h10" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3.5 3.5" />
    </>
  ),
  filter: <path d="M2 4h12M4.5 8h7M7 12h2" />,
  sort: <path d="M5 3v10M2.7 10.7 5 13l2.3-2.3M9 4h5M9 8h3.6M9 12h2.2" />,
  refresh: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3" />,
  stop: <path d="M4 4h8v8H4z" />,
  more: <path d="M8 3.2v.01M8 8v.01M8 12.8v.01" strokeWidth="2.4" />,
  drag: <path d="M6 3.5v.01M10 3.5v.01M6 8v.01M10 8v.01M6 12.5v.01M10 12.5v.01" strokeWidth="2" />,
  fit: <path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />,
  pan: (
    <path d="M8 1.8v12.4M1.8 8h12.4M6.2 3.4 8 1.6l1.8 1.8M6.2 12.6 8 14.4l1.8-1.8M3.4 6.2 1.6 8l1.8 1.8M12.6 6.2 14.4 8l-1.8 1.8" />
  ),
  lasso: (
    <>
      <path d="M3.6 9.2C1 6.4 4 2.6 8.4 2.6c4 0 6.4 2.6 5 5.3-1.2 2.4-5.8 3.4-9 2M4.3 12c0 1-.6 1.8-1.6 2" />
      <circle cx="4" cy="10.6" r="1.5" />
    </>
  ),
  eye: (
    <>
      <path d="M1.6 8S4 3.6 8 3.6 14.4 8 14.4 8 12 12.4 8 12.4 1.6 8 1.6 8z" />
      <circle cx="8" cy="8" r="1.9" />
    </>
  ),
  settings: (
    <>
      <circle cx="8" cy="8" r="2.2" />
      <path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4" />
    </>
  ),
  down: <path d="M3.5 6 8 10.5 12.5 6" />,
  up: <path d="M3.5 10 8 5.5 12.5 10" />,
  right: <path d="M6 3.5 10.5 8 6 12.5" />,
  left: <path d="M10 3.5 5.5 8l4.5 4.5" />
};

const STATES = {
  check: <path d="m3 8.5 3.2 3.2L13 4.8" />,
  cross: <path d="m4 4 8 8M12 4l-8 8" strokeWidth="2.6" />,
  warning: <path d="M8 2.2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2" />,
  error: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.8v4M8 11v.2" />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 7.4v4M8 5v.2" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.5V8l2.4 1.6" />
    </>
  ),
  hourglass: <path d="M4 2h8M4 14h8M5 2c0 4 6 4 6 6s-6 2-6 6M11 2c0 4-6 4-6 6s6 2 6 6" />,
  lock: <path d="M3.5 7h9v6.5h-9zM5.3 7V5a2.7 2.7 0 0 1 5.4 0v2" />,
  dot: <circle cx="8" cy="8" r="3" fill="currentColor" stroke="none" />
};

export const DRAWINGS = { ...TYPES, ...PLACES, ...ACTS, ...STATES } satisfies Record<
  string,
  ReactElement
>;

/** The name of an icon. */
export type IconName = keyof typeof DRAWINGS;
