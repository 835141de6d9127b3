/** Drawings are imported as their text. */
declare module '*.svg' {
  const text: string;
  export default text;
}

/** Style sheets are imported for what they do. */
declare module '*.css';
