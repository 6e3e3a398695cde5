/** Copies lists of numbers into one buffer, each a view on its part: of many short lists the buffers would outweigh the numbers. */
export function pack(lists: readonly ArrayLike<number>[]): Float64Array[] {
  return packEach(lists, (list) => list);
}

/** As `pack`, a list of each item, which is not held: items that are kept in a file are read one after the other. */
export function packEach<Item>(
  items: readonly Item[],
  listOf: (item: Item) => ArrayLike<number>,
): Float64Array[] {
  const all = new Float64Array(items.reduce((size, item) => size + listOf(item).length, 0));
  let at = 0;
  return items.map((item) => {
    const list = listOf(item);
    all.set(list, at);
    at += list.length;
    return all.subarray(at - list.length, at);
  });
}
