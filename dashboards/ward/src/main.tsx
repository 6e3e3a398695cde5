import '@fontsource-variable/inter/wght.css';
import './style/base.css';
import './style/header.css';
import './style/tile.css';
import './style/ward.css';
import './style/alerts.css';
import 'uplot/dist/uPlot.min.css';
import './style/patient.css';
import './style/patient-side.css';
import './style/standing.css';
import './style/replay.css';
import { render } from 'preact';
import { App } from './app.js';
import { WardFeed } from './connection.js';
import { Message, OPEN_AGAIN } from './message.js';
import { openSession } from './session.js';

let source: WardFeed | undefined;

/** Draws the page for the token of the address, or the session there is. */
async function start(root: HTMLElement): Promise<void> {
  const isWall = new URLSearchParams(location.search).has('wall');
  const isOpen = await openSession();
  source?.client.close();
  source = isOpen ? new WardFeed() : undefined;
  const page =
    source === undefined ? (
      <Message title="This page needs an access token.">{OPEN_AGAIN}</Message>
    ) : (
      <App key={performance.now()} source={source} isWall={isWall} />
    );
  render(page, root);
}

const root = document.getElementById('app');
if (root !== null) {
  void start(root);
  // An address with a new token, opened in this tab, changes only the fragment and loads nothing.
  addEventListener('hashchange', () => void start(root));
}
