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
import { App } from './app.js';
import { takeToken } from './connection.js';
import { Message, OPEN_AGAIN } from './message.js';

/** Draws the page for the token at hand. */
function start(root: HTMLElement): void {
  const token = takeToken();
  const isWall = new URLSearchParams(location.search).has('wall');
  const page =
    token === null ? (
      <Message title="This page needs an access token.">{OPEN_AGAIN}</Message>
    ) : (
      <App key={token} token={token} isWall={isWall} />
    );
  render(page, root);
}

const root = document.getElementById('app');
if (root !== null) {
  start(root);
  // An address with a new token, opened in this tab, changes only the fragment and loads nothing.
  addEventListener('hashchange', () => start(root));
}
