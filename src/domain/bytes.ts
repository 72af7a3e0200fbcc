/** `440 B`, `11.2 kB`, `988 MB`, `4.9 GB`: powers of 1000, as the Hub and the makers of graphics cards use. */
export function inBytes(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  if (power === 0) return `${bytes} B`;
  const value = bytes / 1000 ** power;
  return `${value.toFixed(value < 99.5 ? 1 : 0)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}
