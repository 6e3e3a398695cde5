/** Copies lists of numbers into one buffer, each a view on its part: of many short lists the buffers would outweigh the numbers. */
export function pack(lists: readonly ArrayLike<number>[]): Float64Array[] {
  const all = new Float64Array(lists.reduce((size, { length }) => size + length, 0));
  let at = 0;
  return lists.map((list) => {
    all.set(list, at);
    at += list.length;
    return all.subarray(at - list.length, at);
  });
}
