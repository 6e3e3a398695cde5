/** Line drawings on a 16 × 16 field; always beside text, or named by the button around them. */
const PATHS = {
  soundOn: 'M2 6v4h2.5L8 13V3L4.5 6ZM10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.3 6.3 0 0 1 0 9',
  soundOff: 'M2 6v4h2.5L8 13V3L4.5 6ZM11 6l4 4m0-4-4 4',
  back: 'M10 2.5 4.5 8l5.5 5.5',
  close: 'm3.5 3.5 9 9m0-9-9 9',
  list: 'M2 3.5h12M2 8h12M2 12.5h12',
  light:
    'M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  dark: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z',
  auto: 'M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12ZM8 2v12M10 4.5v7M12 6v4',
  note: 'M3 1.5h7l3 3v10H3ZM10 1.5v3h3M5.5 8h5M5.5 11h5',
  image: 'M2 2.5h12v11H2ZM2 11l3.5-4 3 3 2-2L14 11',
  bell: 'M3.5 11.5V7a4.5 4.5 0 0 1 9 0v4.5ZM2 11.5h12M6.5 14h3',
  flag: 'M3.5 14.5v-13h9l-2.5 3.5 2.5 3.5h-9',
  lab: 'M6 1.5h4M6.7 1.5v5L3 13.2a.9.9 0 0 0 .8 1.3h8.4a.9.9 0 0 0 .8-1.3L9.3 6.5v-5M5 10h6',
  up: 'M3.5 12.5 12.5 3.5M5.5 3.5h7v7',
  down: 'm3.5 3.5 9 9M12.5 5.5v7h-7',
  level: 'M2 8h12M9.5 3.5 14 8l-4.5 4.5',
  play: 'M4 2.5 13 8l-9 5.5Z',
  pause: 'M4.5 2.5v11M11.5 2.5v11',
  critical: 'M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5ZM8 4.5v4.5M8 11.3v.4',
  failing: 'M1.5 8h3l2-5 3 10 2-5h3',
  doubt:
    'M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13ZM6.1 6.3a1.9 1.9 0 1 1 2.8 1.8c-.6.3-.9.7-.9 1.4M8 11.7v.3',
  warning: 'M8 1.5 15 14.5H1ZM8 6v4M8 12v1',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
