/** How the tiles of a ward are laid out. */
export interface Grid {
  readonly columns: number;
  /** Height of a row in CSS pixels; null: the rows share the height there is. */
  readonly rowHeight: number | null;
  /** Size of a tile's text in CSS pixels; everything in a tile is measured in it. */
  readonly fontPx: number;
}

/** What a tile needs, in units of its text size. */
const TILE_EM = { width: 17.2, height: 11.85 };
/** Below it labels could not be read; the ward scrolls instead. */
const MIN_FONT_PX = 11;
const MAX_FONT_PX = 40;
/** With the list of alerts beside them the tiles' text should keep this size. */
const COMFORTABLE_FONT_PX = 13;
export const GAP_PX = 8;

/** The number of columns that makes the text of `count` tiles largest on a surface of `width` × `height` CSS pixels. */
export function gridFor(count: number, width: number, height: number): Grid {
  let best: Grid = { columns: 1, rowHeight: null, fontPx: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const tileWidth = (width - GAP_PX * (columns - 1)) / columns;
    const tileHeight = (height - GAP_PX * (rows - 1)) / rows;
    const fontPx = Math.min(tileWidth / TILE_EM.width, tileHeight / TILE_EM.height);
    if (fontPx > best.fontPx) best = { columns, rowHeight: null, fontPx };
  }
  if (best.fontPx >= MIN_FONT_PX) return { ...best, fontPx: Math.min(best.fontPx, MAX_FONT_PX) };
  const tile = MIN_FONT_PX * TILE_EM.width + GAP_PX;
  const columns = Math.max(1, Math.floor((width + GAP_PX) / tile));
  const fontPx = Math.min(MIN_FONT_PX, width / TILE_EM.width);
  return { columns, rowHeight: Math.ceil(TILE_EM.height * fontPx), fontPx };
}

/** Whether the tiles stay well readable with `panelWidth` less to their side. */
export function panelFits(count: number, width: number, height: number, panelWidth: number): boolean {
  return gridFor(count, width - panelWidth - GAP_PX, height).fontPx >= COMFORTABLE_FONT_PX;
}
