/** What one viewer chose on this machine. Kept in localStorage; never about a patient. */
export interface Settings {
  readonly theme: 'auto' | 'light' | 'dark';
  readonly order: 'urgency' | 'bed';
  /** Whether alerts sound; what is seen never depends on it. */
  readonly sound: boolean;
  /** The list of alerts beside the beds; `auto`: where the beds stay readable beside it. */
  readonly panel: 'auto' | 'shown' | 'hidden';
}

export const DEFAULT_SETTINGS: Settings = { theme: 'auto', order: 'urgency', sound: true, panel: 'auto' };

const CHOICES: { readonly [Key in keyof Settings]: readonly Settings[Key][] } = {
  theme: ['auto', 'light', 'dark'],
  order: ['urgency', 'bed'],
  sound: [true, false],
  panel: ['auto', 'shown', 'hidden'],
};

/** The settings in a stored text; whatever is not one of the choices is the default. */
export function parseSettings(text: string | null): Settings {
  const stored = parseObject(text);
  const choose = <Key extends keyof Settings>(key: Key): Settings[Key] =>
    CHOICES[key].find((choice) => choice === stored[key]) ?? DEFAULT_SETTINGS[key];
  return { theme: choose('theme'), order: choose('order'), sound: choose('sound'), panel: choose('panel') };
}

function parseObject(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
