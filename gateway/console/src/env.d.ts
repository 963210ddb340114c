// What esbuild makes of an import that TypeScript does not know by itself.
declare module '*.css' {
  const text: string; // with { type: 'text' }; without it the style is part of the first page and this is never used
  export default text;
}
