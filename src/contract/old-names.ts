/** Version 0.1 called the risk of death `risk`. For one version that name is told beside the present one, and it is always read. */

interface Named<Value> {
  readonly mortality: Value;
}

interface OldNamed<Value> extends Named<Value> {
  /** @deprecated `mortality`. */
  readonly risk: Value;
}

/** With the old name beside the present one: for clients, and for a program of version 0.1 that reads what was kept. */
export function withOldName<Value, Shape extends Named<Value>>(
  shape: Shape & Named<Value>,
): Shape & OldNamed<Shape['mortality']> {
  return { ...shape, risk: shape.mortality };
}

/** What was kept, by this version or by 0.1, under the present name alone. Fields stay in their order: what is kept again is the same. */
export function withPresentName<Shape extends Named<unknown>>(kept: Shape): Shape {
  if (!('risk' in kept)) return kept;
  const isNamed = 'mortality' in kept;
  const fields = Object.entries(kept).flatMap(([name, value]) => {
    if (name !== 'risk') return [[name, value]];
    return isNamed ? [] : [['mortality', value]];
  });
  return Object.fromEntries(fields) as Shape;
}
