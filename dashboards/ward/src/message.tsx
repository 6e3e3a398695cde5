import type { ComponentChildren } from 'preact';

export const OPEN_AGAIN = 'Open the address that wardstream printed when it started.';

interface MessageProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** All there is to see where nothing else can be shown. */
export function Message({ title, children }: MessageProps) {
  return (
    <main class="message">
      <div role="alert">
        <h1>{title}</h1>
        <p>{children}</p>
      </div>
    </main>
  );
}
