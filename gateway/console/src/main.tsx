// The web console. The browser holds no truth: every page asks the gateway's API (api/), shows what it says, and asks again
// when the gateway tells that something changed (api/live.ts, api/resource.ts). In reading order: routes.tsx is the map of the
// pages, app.tsx the frame around them, pages/ the pages, device/ ticket/ session/ their parts, ui/ what they share, words/ both
// languages. Everything that came from a product or a person is put on the screen as text, never as HTML.
import './style/main.css';
import { render } from 'preact';
import { App } from './app';

const root = document.getElementById('app');
if (root) render(<App />, root);
