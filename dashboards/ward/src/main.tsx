import '@fontsource-variable/inter/wght.css';
import './style/base.css';
import './style/header.css';
import './style/tile.css';
import './style/ward.css';
import './style/alerts.css';
import 'uplot/dist/uPlot.min.css';
import './style/patient.css';
import './style/replay.css';
import { render } from 'preact';
import type { WardClient } from '../../../src/client/browser.js';
import { App } from './app.js';
import { openClient } from './connection.js';
import { Message, OPEN_AGAIN } from './message.js';
import { openSession } from './session.js';

let client: WardClient | undefined;

/** Draws the page for the token of the address, or the session there is. */
async function start(root: HTMLElement): Promise<void> {
  const isWall = new URLSearchParams(location.search).has('wall');
  const isOpen = await openSession();
  client?.close();
  client = isOpen ? openClient() : undefined;
  const page =
    client === undefined ? (
      <Message title="This page needs an access token.">{OPEN_AGAIN}</Message>
    ) : (
      <App key={performance.now()} client={client} isWall={isWall} />
    );
  render(page, root);
}

const root = document.getElementById('app');
if (root !== null) {
  void start(root);
  // An address with a new token, opened in this tab, changes only the fragment and loads nothing.
  addEventListener('hashchange', () => void start(root));
}
